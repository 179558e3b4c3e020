import APITypes
import Engine
import Lifecycle
import Logging
import NIOCore
import NIOHTTP1

extension API {
    var execRoutes: [Route] {
        [
            Route(.POST, "/containers/{id}/exec") { call in
                var request = try await call.json(ExecCreateRequest.self)
                if call.version < APIVersion(minor: 42) { request.consoleSize = nil }
                var created = IDResponse()
                created.id = try await engine.createExec(try call.id, request)
                try await call.answer(.created, json: created)
            },
            Route(.POST, "/exec/{id}/start", startExec),
            Route(.POST, "/exec/{id}/resize") { call in
                let (rows, columns) = try call.windowSize()
                try await engine.resizeExec(try call.id, rows: rows, columns: columns)
                try await call.answer(.ok)
            },
            Route(.GET, "/exec/{id}/json") { call in
                try await call.answer(.ok, json: try await engine.inspectExec(try call.id))
            },
        ]
    }

    private func startExec(_ call: Call) async throws {
        let id = try call.id
        let request = try await call.json(ExecStartRequest.self)
        let inspect = try await engine.inspectExec(id)
        let keys = try DetachKeys(inspect.detachKeys.isEmpty ? nil : inspect.detachKeys)
        do {
            guard let attachment = try await engine.startExec(id, request) else {
                try await call.answer(.ok)
                return
            }
            // The stream's form is by what start says, as Docker has it, whatever the exec was created with.
            try await call.carry(
                attachment, stdin: inspect.openStdin, detachKeys: keys, multiplexed: !request.tty)
        } catch let error as EngineError where !request.detach && error.isOfProcess {
            // As Docker does: the client is attached already, reads why, and asks for the exit code afterwards.
            if case .system = error { logger.error("exec failed", metadata: ["exec": "\(id)", "error": "\(error)"]) }
            let type = StreamType(isTerminal: request.tty, version: call.version)
            try await call.exchange.hijack(contentType: type.rawValue)
            let chunk = OutputChunk(stream: .error, bytes: Array((error.message + "\r\n").utf8))
            try await call.exchange.write(chunk.framed(multiplexed: !request.tty))
        }
    }
}

extension EngineError {
    /// Its command, its user or its directory is not there or cannot be had; the call itself was right.
    fileprivate var isOfProcess: Bool {
        switch self {
        case .commandNotFound, .notExecutable, .invalid, .system: true
        case .notFound, .conflict, .notRunning, .unsupported, .notModified, .forbidden, .timedOut, .stuck, .closing:
            false
        }
    }
}

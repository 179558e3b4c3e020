import APITypes
import Engine
import Lifecycle
import NIOCore
import NIOHTTP1

extension API {
    var execRoutes: [Route] {
        [
            Route(.POST, "/containers/{id}/exec") { call in
                var created = IDResponse()
                created.id = try await engine.createExec(try call.id, try await call.json(ExecCreateRequest.self))
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
            try await call.carry(attachment, stdin: inspect.openStdin, detachKeys: keys)
        } catch let error as EngineError where !request.detach && error.isAboutCommand {
            // As Docker does: the client is attached already, reads why, and asks for the exit code afterwards.
            let type = StreamType(isTerminal: request.tty, version: call.version)
            try await call.exchange.hijack(contentType: type.rawValue)
            let chunk = OutputChunk(stream: .error, bytes: Array((error.message + "\r\n").utf8))
            try await call.exchange.write(chunk.framed(multiplexed: !request.tty))
        }
    }
}

extension EngineError {
    /// The command is missing, or cannot be executed.
    fileprivate var isAboutCommand: Bool {
        switch self {
        case .commandNotFound, .notExecutable: true
        case .notFound, .conflict, .notRunning, .invalid, .unsupported, .notModified, .forbidden, .timedOut, .stuck,
            .system, .closing:
            false
        }
    }
}

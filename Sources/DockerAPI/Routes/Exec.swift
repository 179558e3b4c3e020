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

    /// The connection is hijacked before the process starts, as Docker does: clients that read the head of the answer with a
    /// buffer (Python's do) would lose output that comes with it. From then on a fault is told in the stream, and the exit code
    /// is to be asked for. The stream's form is by what start says, whatever the exec was created with.
    private func startExec(_ call: Call) async throws {
        let id = try call.id
        let request = try await call.json(ExecStartRequest.self)
        let inspect = try await engine.inspectExec(id)
        let keys = try DetachKeys(inspect.detachKeys.isEmpty ? nil : inspect.detachKeys)
        if request.detach {
            _ = try await engine.startExec(id, request)
            return try await call.answer(.ok)
        }
        try await engine.checkExecStart(id)
        try await call.hijack(multiplexed: !request.tty)
        do {
            guard let attachment = try await engine.startExec(id, request) else { return }
            await call.carryOn(
                attachment, stdin: inspect.openStdin, detachKeys: keys, multiplexed: !request.tty)
        } catch {
            if case .system = error { logger.error("exec failed", metadata: ["exec": "\(id)", "error": "\(error)"]) }
            let chunk = OutputChunk(stream: .error, bytes: Array((error.message + "\r\n").utf8))
            try await call.exchange.write(chunk.framed(multiplexed: !request.tty))
        }
    }
}

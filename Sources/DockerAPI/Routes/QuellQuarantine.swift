import APITypes
import Engine
import NIOHTTP1

// Containers that do not die, set aside.

extension API {
    var quarantineRoutes: [Route] {
        [
            Route(.POST, "/quell/v1/containers/{id}/quarantine", quarantineContainer),
            Route(.GET, "/quell/v1/quarantine") { call in
                try await call.answer(.ok, json: await engine.quarantinedContainers())
            },
            Route(.GET, "/quell/v1/quarantine/{id}") { call in
                try await call.answer(.ok, json: try await engine.quarantinedContainer(try call.id))
            },
        ]
    }

    /// Answers when it is quarantined or removed. A client that leaves cancels nothing.
    private func quarantineContainer(_ call: Call) async throws {
        let (id, request) = (try call.id, try await call.json(QuarantineRequest.self))
        let order = QuarantineOrder(
            killDeadline: try killDeadline(milliseconds: request.killDeadlineMs), volumes: request.volumes ?? false)
        let work = Task { try await engine.quarantineContainer(id, order) }
        guard let result = try await call.whileConnected({ try await work.value }) else { throw EngineError.closing }
        try await call.answer(.ok, json: result)
    }
}

import APITypes
import Engine
import NIOHTTP1

extension API {
    var releaseRoutes: [Route] {
        [
            Route(.POST, "/quell/v1/containers/{id}/release") { call in
                let request = try await call.json(ReleaseRequest.self)
                try await call.answer(.ok, json: try await engine.releaseContainer(try call.id, request))
            }
        ]
    }
}

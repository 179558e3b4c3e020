import APITypes
import Diagnosis
import Engine
import NIOHTTP1

extension API {
    var whyRoutes: [Route] {
        [
            Route(.GET, "/quell/v1/containers/{id}/why") { call in
                try await call.answer(.ok, json: WhyReport(try await engine.explainContainer(try call.id)))
            }
        ]
    }
}

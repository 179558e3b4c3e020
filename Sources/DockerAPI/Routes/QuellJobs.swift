import APITypes
import Engine
import NIOHTTP1

extension API {
    var jobsRoutes: [Route] {
        [
            Route(.GET, "/quell/v1/jobs") { call in
                try await call.answer(.ok, json: engine.listJobs(watching: call.query.flag("all")))
            }
        ]
    }
}

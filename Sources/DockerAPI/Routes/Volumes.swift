import APITypes
import Engine
import NIOHTTP1

extension API {
    var volumeRoutes: [Route] {
        [
            Route(.GET, "/volumes") { call in
                try await call.answer(.ok, json: try await engine.listVolumes(try call.filters()))
            },
            Route(.POST, "/volumes/create") { call in
                let request = try await call.json(VolumeCreateRequest.self)
                try await call.answer(.created, json: try await engine.createVolume(request))
            },
            Route(.POST, "/volumes/prune") { call in
                var filters = try call.filters()
                // Named volumes too, before 1.42.
                if call.version < APIVersion(minor: 42) { filters["all"] = ["true"] }
                try await call.answer(.ok, json: try await engine.pruneVolumes(filters))
            },
            Route(.GET, "/volumes/{name}") { call in
                try await call.answer(.ok, json: try await engine.inspectVolume(try call.parameter("name")))
            },
            Route(.DELETE, "/volumes/{name}") { call in
                try await engine.removeVolume(try call.parameter("name"), force: call.query.flag("force"))
                try await call.answer(.noContent)
            },
        ]
    }
}

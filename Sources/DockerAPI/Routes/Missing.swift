import NIOHTTP1

// Calls Docker has and Quell has not: each says so, instead of a bare "not found".

extension API {
    var missingRoutes: [Route] {
        let missing: [(what: String, methods: [HTTPMethod], patterns: [String])] = [
            ("building images", [.POST], ["/build", "/build/prune", "/build/cancel", "/session", "/grpc"]),
            ("searching registries", [.GET], ["/images/search"]),
            (
                "checkpoints", [.GET, .POST, .DELETE],
                ["/containers/{id}/checkpoints", "/containers/{id}/checkpoints/{name}"]
            ),
            ("cluster volumes", [.PUT], ["/volumes/{name}"]),
            ("plugins", [.GET, .POST, .DELETE], ["/plugins", "/plugins/{rest...}"]),
            (
                "swarm mode", [.GET, .POST, .DELETE],
                ["swarm", "services", "tasks", "nodes", "secrets", "configs"].flatMap {
                    ["/\($0)", "/\($0)/{rest...}"]
                }
            ),
        ]
        // There are none, which clients ask for when they look for an object of any kind (`docker inspect NAME`).
        let noPlugins = [
            Route(.GET, "/plugins") { call in try await call.answer(.ok, json: [String]()) },
            Route(.GET, "/plugins/{name...}/json") { call in
                throw APIFailure(.notFound, "plugin \"\(try call.parameter("name"))\" not found")
            },
        ]
        return noPlugins
            + missing.flatMap { what, methods, patterns in
                methods.flatMap { method in
                    patterns.map { pattern in
                        Route(method, pattern) { _ in throw APIFailure(.notImplemented, "\(what): not there in Quell") }
                    }
                }
            }
    }
}

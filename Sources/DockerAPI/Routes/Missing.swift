import NIOHTTP1

// Calls Docker has and Quell has not: each says so, and what to use, instead of a bare "not found".

extension API {
    var missingRoutes: [Route] {
        let missing: [(what: String, methods: [HTTPMethod], patterns: [String])] = [
            (
                "building images is not offered: build with buildah, podman or docker buildx, and bring the image by a registry"
                    + " or an archive (load)",
                [.POST], ["/build", "/build/prune", "/build/cancel", "/session", "/grpc"]
            ),
            (
                "searching registries is not offered: search on the registry's own pages, and pull by name", [.GET],
                ["/images/search"]
            ),
            (
                "checkpoints are not offered", [.GET, .POST, .DELETE],
                ["/containers/{id}/checkpoints", "/containers/{id}/checkpoints/{name}"]
            ),
            ("cluster volumes are not offered: make a local one", [.PUT], ["/volumes/{name}"]),
            (
                "plugins are not offered: what is there is built in", [.GET, .POST, .DELETE],
                ["/plugins", "/plugins/{rest...}"]
            ),
            (
                "swarm mode is not offered, this engine serves one machine: use docker-compose for several containers on it",
                [.GET, .POST, .DELETE],
                ["swarm", "services", "tasks", "nodes", "secrets", "configs"].flatMap {
                    ["/\($0)", "/\($0)/{rest...}"]
                }
            ),
        ]
        let none = [
            // In the words of Docker without a swarm: clients leave one to be sure that there is none.
            Route(.POST, "/swarm/leave") { _ in
                throw APIFailure(.serviceUnavailable, "This node is not part of a swarm")
            },
            // There are none, which clients ask for when they look for an object of any kind (`docker inspect NAME`).
            Route(.GET, "/plugins") { call in try await call.answer(.ok, json: [String]()) },
            Route(.GET, "/plugins/{name...}/json") { call in
                throw APIFailure(.notFound, "plugin \"\(try call.parameter("name"))\" not found")
            },
        ]
        return none
            + missing.flatMap { what, methods, patterns in
                methods.flatMap { method in
                    patterns.map { pattern in
                        Route(method, pattern) { _ in throw APIFailure(.notImplemented, what) }
                    }
                }
            }
    }
}

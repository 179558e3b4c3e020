import Images
import RegistryWire
import TestKit
import Testing

/// Registries that lie, flood and trick: each is told by name, and leaves nothing.
@Suite(.serialized, .timeLimit(.minutes(4))) struct HostileRegistryTests {
    private typealias Reply = RegistryServer.Reply

    /// Pulls from a registry whose answers are changed; the pull must fail so, and the store must be as before.
    private func expect(
        _ kind: RegistryFault.Kind, _ words: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        changing change:
            @escaping @Sendable (RegistryServer.Request, RegistryServer.Reply, MemoryRegistry.Pushed)
            -> RegistryServer.Reply
    ) async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a", bytes: 5000)], tag: "1")
        let server = try await RegistryServer { change($0, content.answer($0), image) }
        let here = try RegistryStore()
        let before = try here.contents()
        let fault = try await fault { _ = try await here.pull("\(server.host)/app:1") }
        #expect(fault.kind == kind, "\(fault.message)", sourceLocation: sourceLocation)
        #expect(fault.message.contains(words), "\(fault.message)", sourceLocation: sourceLocation)
        #expect(try here.contents() == before, sourceLocation: sourceLocation)
        #expect(try here.store.images().isEmpty, sourceLocation: sourceLocation)
        try await server.stop()
    }

    @Test func layerIsSomethingElse() async throws {
        try await expect(.corrupt, "what came has the digest") { request, reply, image in
            guard request.path.contains(image.layers[0]) else { return reply }
            return Reply(body: [UInt8](repeating: 7, count: reply.body.count))
        }
    }

    @Test func layerIsLongerOrShorterThanPromised() async throws {
        for body in [[UInt8](repeating: 7, count: 100_000), [1, 2, 3]] {
            try await expect(.corrupt, "as promised") { request, reply, image in
                request.path.contains(image.layers[0]) ? Reply(body: body) : reply
            }
        }
    }

    @Test func layerHasNoEnd() async throws {
        try await expect(.corrupt, "that were promised came") { request, reply, image in
            request.path.contains(image.layers[0]) ? Reply(ending: .endless) : reply
        }
    }

    @Test func manifestHasNoEnd() async throws {
        try await expect(.corrupt, "that are allowed") { request, reply, _ in
            request.path.contains("/manifests/")
                ? Reply(headers: [("content-type", MemoryRegistry.manifestType)], ending: .endless) : reply
        }
    }

    @Test func manifestIsNoManifest() async throws {
        for (text, words) in [
            ("{", "is not JSON"), ("[]", "is not JSON"), (#"{"schemaVersion":2}"#, "names no configuration"),
            (#"{"config":{"digest":7}}"#, "is not JSON"),
        ] {
            try await expect(.corrupt, words) { request, reply, _ in
                request.path.contains("/manifests/")
                    ? Reply(headers: [("content-type", MemoryRegistry.manifestType)], body: Array(text.utf8)) : reply
            }
        }
    }

    @Test func manifestNamesAPathInsteadOfADigest() async throws {
        for digest in ["sha256:../../../../etc/passwd", "sha256:" + String(repeating: "A", count: 64), "md5:0", ""] {
            let layers = #"{"mediaType":"\#(MemoryRegistry.layerType)","digest":"\#(digest)","size":1}"#
            try await expect(.corrupt, "is no digest") { request, reply, image in
                guard request.path.contains("/manifests/") else { return reply }
                let config =
                    #"{"mediaType":"\#(MemoryRegistry.configType)","digest":"\#(image.config)","size":1}"#
                return Reply(
                    headers: [("content-type", MemoryRegistry.manifestType)],
                    body: Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(layers)]}"#.utf8))
            }
        }
    }

    @Test func sizesThatLie() async throws {
        for size in ["-1", "99999999999999"] {
            try await expect(.corrupt, "are allowed") { request, reply, image in
                guard request.path.contains("/manifests/") else { return reply }
                let config = #"{"mediaType":"\#(MemoryRegistry.configType)","digest":"\#(image.config)","size":1}"#
                let layer =
                    #"{"mediaType":"\#(MemoryRegistry.layerType)","digest":"\#(image.layers[0])","size":\#(size)}"#
                return Reply(
                    headers: reply.headers,
                    body: Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(layer)]}"#.utf8))
            }
        }
    }

    @Test func schemaOneAndArtifacts() async throws {
        try await expect(.unsuitable, "schema 1") { request, reply, _ in
            request.path.contains("/manifests/")
                ? Reply(
                    headers: [("content-type", "application/vnd.docker.distribution.manifest.v1+prettyjws")],
                    body: Array(#"{"schemaVersion":1}"#.utf8)) : reply
        }
        try await expect(.unsuitable, "is no container image") { request, reply, image in
            guard request.path.contains("/manifests/") else { return reply }
            let config =
                #"{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"\#(image.config)","size":1}"#
            return Reply(
                headers: [("content-type", MemoryRegistry.manifestType)],
                body: Array(#"{"schemaVersion":2,"config":\#(config),"layers":[]}"#.utf8))
        }
    }

    @Test func redirectsInACircle() async throws {
        try await expect(.corrupt, "redirects") { request, _, _ in
            Reply(status: 302, headers: [("location", request.path + "?again")])
        }
        try await expect(.corrupt, "no http or https URL") { request, reply, image in
            request.path.contains(image.layers[0])
                ? Reply(status: 302, headers: [("location", "file:///etc/passwd")]) : reply
        }
    }

    @Test func nothingThereAndNobodyThere() async throws {
        try await expect(.notFound, "not found: manifest unknown") { request, reply, _ in
            request.path.contains("/manifests/") ? .error(404, "MANIFEST_UNKNOWN") : reply
        }
        let here = try RegistryStore()
        let fault = try await fault { _ = try await here.pull("127.0.0.1:1/app:1") }
        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("cannot connect to 127.0.0.1:1: connection refused"), "\(fault.message)")
    }

    @Test func wordsOfARegistryCannotMoveTheCursor() async throws {
        try await expect(.notFound, "e v i l") { request, reply, _ in
            request.path.contains("/manifests/")
                ? Reply(
                    status: 404,
                    body: Array(#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"e\u001bv\u000di\u009bl"}]}"#.utf8))
                : reply
        }
    }

    @Test func silentRegistryIsLeftAtOnceWhenNobodyWaits() async throws {
        let server = try await RegistryServer { _ in Reply(headers: [("content-length", "10")], ending: .silent) }
        let here = try RegistryStore()
        let name = "\(server.host)/app:1"
        let task = Task { try await here.pull(name) }
        try await eventually { !server.requests.isEmpty }
        let start = ContinuousClock.now
        task.cancel()
        let error = try await failure { _ = try await task.value }
        #expect(error == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(5))
        try await server.stop()
    }
}

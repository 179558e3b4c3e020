import Images
import NIOHTTP1
import RegistryWire
import Synchronization
import Testing

/// What registries do with uploads.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PushTests {
    private typealias Reply = RegistryServer.Reply
    private static let alice = RegistryCredentials(username: "alice", password: "secret")

    /// A registry that has nothing, and sends a client with its upload to `place`.
    private func registry(_ place: @escaping @Sendable (RegistryServer.Request) -> Reply) async throws -> RegistryServer
    {
        try await RegistryServer { request in
            guard request.headers.contains(name: "authorization") else {
                return Reply(status: 401, headers: [("www-authenticate", "Basic realm=here")])
            }
            return place(request)
        }
    }

    private func store(_ server: RegistryServer) async throws -> RegistryStore {
        let here = try RegistryStore()
        _ = try await here.importing(layer("large", bytes: 700_000), as: "\(server.host)/app:1")
        return here
    }

    /// Beginnings and uploads are sent elsewhere: whole, and the other host is shown no credentials.
    @Test func redirectedUploadsGoWhereTheyShallWithoutCredentials() async throws {
        let elsewhere = try await RegistryServer { _ in Reply(status: 201) }
        let storage = elsewhere.host
        let server = try await registry { request in
            switch (request.method, request.path) {
            case ("HEAD", _): return Reply(status: 404)
            case ("POST", let path) where path.hasSuffix("/uploads/"):
                return Reply(status: 307, headers: [("location", "/begin")])
            case ("POST", _): return Reply(status: 202, headers: [("location", "/upload?state=1")])
            case ("PUT", "/upload"):
                return Reply(status: 308, headers: [("location", "http://\(storage)/bucket?\(request.query)&signed=1")])
            case _: return Reply(status: 201)
            }
        }
        let here = try await store(server)
        let pushed = try await here.push("\(server.host)/app:1", PushTests.alice)
        #expect(elsewhere.requests.count == 2)
        for request in elsewhere.requests {
            #expect(request.method == "PUT" && request.path == "/bucket")
            #expect(!request.headers.contains(name: "authorization"))
            let digest = "sha256:" + (try sha256(request.body))
            #expect(request.query.contains("digest=" + digest.split(separator: ":").joined(separator: "%3A")))
        }
        #expect(elsewhere.requests.map(\.body.count).max() ?? 0 > 700_000)
        let manifest = try #require(server.requests.last { $0.path.contains("/manifests/") })
        #expect("sha256:" + (try sha256(manifest.body)) == pushed.digest.description)
        try await server.stop()
        try await elsewhere.stop()
    }

    /// A redirect that would make another request of an upload is not followed, and is told.
    @Test func uploadIsNotTurnedIntoSomethingElse() async throws {
        for (status, place, words) in [
            (302, "/elsewhere", "302"), (307, "file:///etc/shadow", "no http or https URL"),
            (307, "/upload", "redirects in a row"),
        ] {
            let server = try await registry { request in
                switch (request.method, request.path) {
                case ("HEAD", _): return Reply(status: 404)
                case ("POST", _): return Reply(status: 202, headers: [("location", "/upload")])
                case ("PUT", "/upload"): return Reply(status: status, headers: [("location", place)])
                case _: return Reply(status: 201)
                }
            }
            let here = try await store(server)
            let fault = try await fault { _ = try await here.push("\(server.host)/app:1", PushTests.alice) }
            #expect(fault.message.contains(words), "\(fault.message)")
            #expect(!server.requests.contains { $0.path == "/elsewhere" || $0.path.contains("/manifests/") })
            try await server.stop()
        }
    }

    /// An upload that failed, or that the registry has forgotten, is begun anew.
    @Test func failedUploadIsBegunAnew() async throws {
        let failures = Mutex([Reply(status: 404), Reply(status: 500)])
        let server = try await registry { request in
            switch (request.method, request.path) {
            case ("HEAD", _): return Reply(status: 404)
            case ("POST", _): return Reply(status: 202, headers: [("location", "/upload")])
            case ("PUT", "/upload"): return failures.withLock { $0.popLast() } ?? Reply(status: 201)
            case _: return Reply(status: 201)
            }
        }
        let here = try await store(server)
        _ = try await here.push("\(server.host)/app:1", PushTests.alice)
        #expect(server.requests.filter { $0.method == "PUT" && $0.path == "/upload" }.count == 4)
        try await server.stop()
    }

    /// In one piece it takes nothing: once that is known no other blob is offered so.
    @Test(arguments: [405, 413, 501]) func blobsGoInChunksWhereTheyMustNotGoWhole(status: Int) async throws {
        let uploads = ChunkedUploads(refusing: status, leastChunk: 300_000, mostChunk: 1 << 20)
        let server = try await registry(uploads.answer)
        let here = try RegistryStore()
        let name = "\(server.host)/app:1"
        _ = try await here.importing(layer("large", bytes: 10_000_000), as: name)
        let pushed = try await here.push(name, PushTests.alice)
        #expect(uploads.finished.count == 2)
        for (digest, bytes) in uploads.finished { #expect("sha256:" + (try sha256(bytes)) == digest) }
        #expect(uploads.finished.values.map(\.count).max() ?? 0 > 10_000_000)
        #expect(server.requests.count { $0.method == "PUT" && !$0.body.isEmpty && $0.path == "/upload" } <= 2)
        let manifest = try #require(server.requests.last { $0.path.contains("/manifests/") })
        #expect("sha256:" + (try sha256(manifest.body)) == pushed.digest.description)
        try await server.stop()
    }

    /// A registry that has taken less than it was sent is sent the rest; one that has lost its place is begun anew.
    @Test func chunksGoOnWhereTheRegistryIs() async throws {
        let uploads = ChunkedUploads(refusing: 405, leastChunk: 0, mostChunk: 64 << 20)
        uploads.disturb([.takesHalf, .losesItsPlace])
        let server = try await registry(uploads.answer)
        let here = try await store(server)
        _ = try await here.push("\(server.host)/app:1", PushTests.alice)
        #expect(uploads.finished.count == 2)
        for (digest, bytes) in uploads.finished { #expect("sha256:" + (try sha256(bytes)) == digest) }
        try await server.stop()
    }

    /// In Docker's words, which scripts look for.
    @Test func refusalsAreTold() async throws {
        for (status, code, words) in [
            (403, "DENIED", "denied: requested access to the resource is denied"),
            (413, "SIZE_INVALID", "size invalid: said the test"), (405, "UNSUPPORTED", "unsupported: said the test"),
        ] {
            let server = try await registry { request in
                switch (request.method, request.path) {
                case ("HEAD", _): return Reply(status: 404)
                case ("POST", _): return Reply(status: 202, headers: [("location", "/upload")])
                case _: return .error(status, code)
                }
            }
            let here = try await store(server)
            let fault = try await fault { _ = try await here.push("\(server.host)/app:1", PushTests.alice) }
            #expect(fault.message.contains(words), "\(fault.message)")
            try await server.stop()
        }
    }
}

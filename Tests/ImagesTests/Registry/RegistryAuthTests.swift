import Images
import NIOHTTP1
import RegistryWire
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct RegistryAuthTests {
    /// Base64 of `alice:secret word`.
    private static let basic = "Basic YWxpY2U6c2VjcmV0IHdvcmQ="
    private static let alice = RegistryCredentials(username: "alice", password: "secret word")

    /// Guards a registry with tokens that the server at `/token` gives to alice.
    private func guarded(_ content: MemoryRegistry, _ request: RegistryServer.Request) -> RegistryServer.Reply {
        let shown = request.headers.first(name: "authorization")
        if request.path == "/token" {
            let isRefresh = String(decoding: request.body, as: UTF8.self).contains("refresh_token=long")
            guard shown == RegistryAuthTests.basic || isRefresh else { return .error(401, "UNAUTHORIZED") }
            return .init(body: Array(#"{"token":"t0ken","expires_in":60}"#.utf8))
        }
        guard shown == "Bearer t0ken" else {
            let host = request.headers.first(name: "host") ?? ""
            return .init(
                status: 401,
                headers: [("www-authenticate", #"Bearer realm="http://\#(host)/token",service="test, of ours""#)])
        }
        return content.answer(request)
    }

    @Test func tokenIsFetchedWithCredentialsOrIdentityToken() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer { guarded(content, $0) }
        let here = try RegistryStore()
        _ = try await here.pull("\(server.host)/team/app:1", platform: nil, RegistryAuthTests.alice)
        let asked = try #require(server.requests.first { $0.path == "/token" })
        #expect(asked.query.contains("scope=repository%3Ateam%2Fapp%3Apull"))
        #expect(asked.query.contains("service=test%2C%20of%20ours"))
        _ = try await here.pull("\(server.host)/team/app:1", platform: nil, RegistryCredentials(identityToken: "long"))
        #expect(try await here.store.checkLogin(registry: server.host, RegistryAuthTests.alice) == nil)
        try await server.stop()
    }

    @Test func wrongPasswordIsToldWithoutIt() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer { guarded(content, $0) }
        let here = try RegistryStore()
        let wrong = RegistryCredentials(username: "alice", password: "hunter2")
        let fault = try await fault { _ = try await here.pull("\(server.host)/app:1", platform: nil, wrong) }
        #expect(fault.kind == .unauthorized)
        #expect(!fault.message.contains("hunter2"))
        let login = try await ImagesTests.fault { _ = try await here.store.checkLogin(registry: server.host, wrong) }
        #expect(login.kind == .unauthorized)
        #expect(login.message.contains("incorrect username or password"))
        try await server.stop()
    }

    @Test func basicAuthentication() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer { request in
            request.headers.first(name: "authorization") == RegistryAuthTests.basic
                ? content.answer(request)
                : .init(status: 401, headers: [("www-authenticate", #"Basic realm="here""#)])
        }
        let here = try RegistryStore()
        _ = try await here.pull("\(server.host)/app:1", platform: nil, RegistryAuthTests.alice)
        let without = try await fault { _ = try await here.pull("\(server.host)/app:1") }
        #expect(without.message.contains("no basic auth credentials"))
        try await server.stop()
    }

    @Test func otherHostsDoNotSeeTheCredentials() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a")], tag: "1")
        let elsewhere = try await RegistryServer(content.answer)
        let place = elsewhere.host
        let server = try await RegistryServer { request in
            guard request.headers.first(name: "authorization") == RegistryAuthTests.basic else {
                return .init(status: 401, headers: [("www-authenticate", "Basic realm=here")])
            }
            guard request.path.contains(image.layers[0]) else { return content.answer(request) }
            return .init(status: 307, headers: [("location", "http://\(place)\(request.path)?signed=1")])
        }
        let here = try RegistryStore()
        _ = try await here.pull("\(server.host)/app:1", platform: nil, RegistryAuthTests.alice)
        #expect(elsewhere.requests.count == 1)
        #expect(elsewhere.requests.allSatisfy { !$0.headers.contains(name: "authorization") })
        try await server.stop()
        try await elsewhere.stop()
    }
}

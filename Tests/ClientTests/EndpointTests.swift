import Client
import Testing

@Suite struct EndpointTests {
    @Test(arguments: ["unix:///run/x.sock", "/run/x.sock"])
    func readsAPath(_ text: String) throws {
        #expect(try Endpoint(parsing: text).socketPath == "/run/x.sock")
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"), ("tcp://localhost", "tcp://127.0.0.1:2375"),
        ("tcp://[::1]:99", "tcp://[::1]:99"),
    ])
    func readsAPortOfThisHost(_ text: String, _ read: String) throws {
        let endpoint = try Endpoint(parsing: text)
        #expect(endpoint.description == read)
        #expect(endpoint.socketPath == nil)
    }

    @Test(arguments: ["tcp://name:1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:x", "tcp://[::1", "http://127.0.0.1:1"])
    func refusesWhatIsNoPort(_ text: String) { #expect(throws: ClientError.self) { try Endpoint(parsing: text) } }

    @Test func saysThatTLSIsNotSpoken() throws {
        do {
            _ = try Endpoint(parsing: "tcp://10.0.0.1:2376")
            Issue.record("it was taken")
        } catch { #expect("\(error)".contains("TLS")) }
    }

    @Test(arguments: ["tcp://1.2.3.4:5", "relative", "unix://relative", "/" + String(repeating: "x", count: 107), ""])
    func refusesWhatIsNoSocket(_ text: String) {
        #expect(throws: ClientError.self) { try Endpoint(parsing: text) }
    }

    @Test func environmentChooses() throws {
        #expect(try Endpoint(environment: [:]) == .standard)
        #expect(try Endpoint(environment: ["DOCKER_HOST": "unix:///d"]).socketPath == "/d")
        #expect(try Endpoint(environment: ["DOCKER_HOST": "tcp://1.2.3.4"]) == .standard)
        #expect(try Endpoint(environment: ["QUELL_HOST": "/q", "DOCKER_HOST": "unix:///d"]).socketPath == "/q")
        #expect(throws: ClientError.self) { try Endpoint(environment: ["QUELL_HOST": "tcp://x"]) }
    }

    @Test func pathsAndParametersAreEncoded() {
        let request = Request(.get, ["images", "a/b:1", "json"], query: [("filters", "{\"x\":[\"ä&\"]}")])
        #expect(
            request.target
                == "/images/a%2Fb:1/json?filters=%7B%22x%22%3A%5B%22%C3%A4%26%22%5D%7D".replacing("%3A", with: ":"))
        #expect(request.name == "GET /images/a/b:1/json")
    }
}

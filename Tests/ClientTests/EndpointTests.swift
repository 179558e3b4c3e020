import Client
import Testing

@Suite struct EndpointTests {
    @Test(arguments: ["unix:///run/x.sock", "/run/x.sock"])
    func readsAPath(_ text: String) throws {
        #expect(try Endpoint(parsing: text).socketPath == "/run/x.sock")
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

import NIOHTTP1
import Testing

@testable import DockerAPI

@Suite struct RequestTargetTests {
    @Test func takesTheVersionOff() throws {
        let target = try RequestTarget("/v1.41/containers/json?all=1&filters=%7B%7D")
        #expect(target.version == APIVersion(minor: 41))
        #expect(target.segments == ["containers", "json"])
        #expect(target.query.flag("all"))
        #expect(target.query.string("filters") == "{}")
        #expect(try RequestTarget("/containers/json").version == nil)
        #expect(
            try RequestTarget("/quell/v1/containers/a/stop").segments == ["quell", "v1", "containers", "a", "stop"])
    }

    @Test(arguments: ["/v1.24/info", "/v1.51/info"])
    func acceptsVersions(uri: String) throws {
        #expect(try RequestTarget(uri).segments == ["info"])
    }

    @Test func refusesVersionsInDockersWords() {
        #expect(throws: APIFailure.self) { try RequestTarget("/v1.52/info") }
        #expect(throws: APIFailure.self) { try RequestTarget("/v2.0/info") }
        do {
            _ = try RequestTarget("/v1.23/info")
            Issue.record("1.23 was accepted")
        } catch {
            #expect(error.status == .badRequest)
            #expect(
                error.message
                    == "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"
            )
        }
    }

    @Test func decodesPercentSigns() throws {
        #expect(try RequestTarget("/images/a%2Fb%3Alatest/json").segments == ["images", "a/b:latest", "json"])
        #expect(try RequestTarget("/x?a=b+c%2b").query.string("a") == "b c+")
        #expect(throws: APIFailure.self) { try RequestTarget("/x%2") }
        #expect(throws: APIFailure.self) { try RequestTarget("/x?a=%zz") }
        #expect(throws: APIFailure.self) { try RequestTarget("/%ff") }
    }

    @Test func readsFlagsAsDockerDoes() throws {
        let query = try RequestTarget("/x?a=&b=0&c=False&d=none&e=1&f=yes&g").query
        for name in ["a", "b", "c", "d", "g", "missing"] { #expect(!query.flag(name)) }
        for name in ["e", "f"] { #expect(query.flag(name)) }
        #expect(query.flag("missing", default: true))
        #expect(throws: APIFailure.self) { try query.integer("f") }
    }

    @Test func joinsRepositoryAndTag() throws {
        #expect(try RequestTarget("/x?repo=a/b&tag=1").query.reference() == "a/b:1")
        #expect(try RequestTarget("/x?repo=a&tag=sha256:00").query.reference() == "a@sha256:00")
        #expect(try RequestTarget("/x?repo=a:1").query.reference() == "a:1")
        #expect(try RequestTarget("/x?tag=1").query.reference() == nil)
    }
}

@Suite struct PathPatternTests {
    @Test func namesSegments() {
        let pattern = PathPattern("/containers/{id}/json")
        #expect(pattern.match(["containers", "a", "json"]) == ["id": "a"])
        #expect(pattern.match(["containers", "a"]) == nil)
        #expect(pattern.match(["containers", "a", "json", "b"]) == nil)
    }

    @Test func takesManySegmentsInTheMiddle() {
        let pattern = PathPattern("/images/{name...}/json")
        #expect(pattern.match(["images", "localhost:5000", "a", "b:1", "json"]) == ["name": "localhost:5000/a/b:1"])
        #expect(pattern.match(["images", "busybox", "json"]) == ["name": "busybox"])
        #expect(pattern.match(["images", "json"]) == nil)
        #expect(PathPattern("/images/{name...}").match(["images", "a", "b"]) == ["name": "a/b"])
    }
}

@Suite struct HijackPathTests {
    @Test(arguments: [
        "/containers/a/attach", "/v1.41/containers/a/attach?stream=1", "/exec/b/start", "/v1.51/exec/b/start",
    ])
    func areFound(uri: String) { #expect(Hijack.isPossible(method: "POST", uri: uri)) }

    @Test(arguments: ["/containers/a/start", "/containers/json", "/attach", "/exec/a/json", "/images/x/attach"])
    func othersAreNot(uri: String) { #expect(!Hijack.isPossible(method: "POST", uri: uri)) }

    @Test func onlyForPost() { #expect(!Hijack.isPossible(method: "GET", uri: "/containers/a/attach")) }
}

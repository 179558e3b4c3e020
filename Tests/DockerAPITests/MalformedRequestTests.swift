import APITypes
import Engine
import Images
import Testing

@testable import DockerAPI

/// What `scripts/conformance --fuzz` found: a request that is malformed is the client's fault, and its error is JSON.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct MalformedRequestTests {
    private static let create = "POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

    /// Of the whole output, so that a second answer behind the first would show.
    @Test(arguments: [
        create + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        create + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}",
        create + "Transfer-Encoding: gzip\r\n\r\n{}", create + "Content-Length: -1\r\n\r\n",
        create + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}", create + "Content-Length: 100\r\n\r\n{",
        "POST /exec/x/start HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
        "BREW /_ping HTTP/1.1\r\nHost: a\r\n\r\n", "GET /info HTTP/1.1\r\nX: \u{0}\r\n\r\n",
    ])
    func whatIsNoHTTPIsToldOnce(request: String) async throws {
        try await RealAPI.with { api in
            let client = try await RawClient(api.socket)
            try await client.send(request)
            try await client.closeOutput()
            let text = await client.readAll()
            #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
            #expect(text.contains(#"{"message":"malformed HTTP request: "#), "\(text)")
            #expect(text.components(of: "HTTP/1.1 ") == 1, "\(text)")
        }
    }

    /// A page in a browser can send these, but not JSON.
    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
    func bodiesOfAnotherTypeAreRefused(type: String) async throws {
        try await RealAPI.with { api in
            for target in ["/containers/create", "/volumes/create", "/containers/x/exec", "/commit?container=x"] {
                let (body, client) = (#"{"Image":"busybox"}"#, try await RawClient(api.socket))
                let header = type.isEmpty ? "" : "Content-Type: \(type)\r\n"
                try await client.send(
                    "POST \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(header)"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                let text = await client.readAll()
                #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("application/json"), "\(target): \(text)")
            }
            #expect(try api.engine.images.images().count == 1)
            #expect(try await api.engine.listVolumes([:]).volumes.isEmpty)
        }
    }

    @Test func aStartTakesNoConfiguration() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["true"])
            let full = try await api.send("POST", "/containers/\(id)/start", #"{"Privileged":true}"#)
            #expect(full.status == 400 && full.text.contains("non-empty request body"), "\(full.text)")
            for empty in ["", "{}", "null"] {
                let answer = try await api.send("POST", "/containers/\(id)/start", empty)
                #expect([204, 304].contains(answer.status), "\(answer.text)")
            }
        }
    }
}

extension String {
    fileprivate func components(of mark: String) -> Int { ranges(of: mark).count }
}

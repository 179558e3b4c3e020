import NIOCore
import NIOHTTP1
import Testing

@testable import DockerAPI

@Suite(.timeLimit(.minutes(1))) struct HijackTests {
    private static let upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n"

    @Test func upgradesAndEchoes() async throws {
        try await withServer(echo) { path, _ in
            let client = try await RawClient(path)
            try await client.send(
                "POST /v1.51/containers/a/attach?stream=1 HTTP/1.1\r\nHost: a\r\n\(HijackTests.upgrade)\r\n")
            let head = try #require(await client.read(through: "\r\n\r\n"))
            #expect(head.hasPrefix("HTTP/1.1 101 UPGRADED\r\n"))
            #expect(head.contains("content-type: application/vnd.docker.raw-stream\r\n"))
            #expect(head.lowercased().contains("upgrade: tcp\r\n"))
            #expect(!head.lowercased().contains("transfer-encoding"))
            for word in ["ping", "pong"] {
                try await client.send(word)
                #expect(await client.read(through: word) == word)
            }
            try await client.closeOutput()
            #expect(await client.readAll() == "<end>")
        }
    }

    @Test func answersOldClientsWithoutUpgrade() async throws {
        try await withServer(echo) { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /containers/a/attach HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try #require(await client.read(through: "\r\n\r\n"))
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(!head.lowercased().contains("upgrade"))
            try await client.send("x")
            try await client.closeOutput()
            #expect(await client.readAll() == "x<end>")
        }
    }

    /// Whatever comes in one piece with the request, and however the request is cut, nothing is lost or read as HTTP.
    @Test(arguments: [upgrade, "", "Upgrade: tcp\r\n"], ["", "{\"Tty\":false}"])
    func keepsEarlyBytes(headers: String, body: String) async throws {
        try await withServer(echo) { path, _ in
            let early = "GET / HTTP/1.1\r\n\r\nnot a request"
            let length = body.isEmpty ? "" : "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            let all = "POST /exec/a/start HTTP/1.1\r\nHost: a\r\n\(length)\(headers)\r\n" + body + early
            for cut in [0, 3, all.utf8.count - early.utf8.count - 1, all.utf8.count - early.utf8.count + 2] {
                let client = try await RawClient(path)
                try await client.send(String(all.prefix(cut)))
                try await client.send(String(all.dropFirst(cut)))
                try await client.closeOutput()
                _ = await client.read(through: "\r\n\r\n")
                #expect(await client.readAll() == "[\(body)]" + early + "<end>")
            }
        }
    }

    @Test func hijacksAConnectionThatWasUsedBefore() async throws {
        try await withServer(echo) { path, _ in
            let client = try await RawClient(path)
            try await client.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await client.read(through: "plain") != nil)
            try await client.send("POST /containers/a/attach HTTP/1.1\r\nHost: a\r\n\r\nearly")
            try await client.closeOutput()
            _ = await client.read(through: "\r\n\r\n")
            #expect(await client.readAll() == "early<end>")
        }
    }

    @Test func refusesWithAnOrdinaryAnswer() async throws {
        try await withServer({ exchange in
            try? await exchange.answer(.notFound, body: ByteBuffer(string: "no such container"))
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /containers/a/attach HTTP/1.1\r\nHost: a\r\n\(HijackTests.upgrade)\r\n")
            let answer = await client.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(answer.hasSuffix("no such container"))
        }
    }

    /// The client has closed its side and reads late: output goes on, waits for the reader, and arrives whole.
    @Test func outputOutlivesInputAndWaitsForASlowReader() async throws {
        let size = 8 << 20
        try await withServer({ exchange in
            do {
                try await exchange.hijack(contentType: StreamType.raw.rawValue)
                while try await exchange.readRaw() != nil {}
                let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)
                for _ in 0..<size / piece.readableBytes { try await exchange.write(piece) }
            } catch {
                Issue.record(error)
            }
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /containers/a/attach HTTP/1.1\r\nHost: a\r\n\(HijackTests.upgrade)\r\n")
            _ = await client.read(through: "\r\n\r\n")
            try await client.closeOutput()
            try await Task.sleep(for: .milliseconds(200))
            #expect(await client.readAll().utf8.count == size)
        }
    }

    /// A server that does not read holds the client back, and gets everything in the end.
    @Test func inputWaitsForASlowServer() async throws {
        let size = 8 << 20
        let (sums, sum) = AsyncStream<Int>.makeStream()
        try await withServer({ exchange in
            do {
                try await exchange.hijack(contentType: StreamType.raw.rawValue)
                try await Task.sleep(for: .milliseconds(200))
                var count = 0
                while let bytes = try await exchange.readRaw() { count += bytes.readableBytes }
                sum.yield(count)
            } catch {
                Issue.record(error)
            }
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /containers/a/attach HTTP/1.1\r\nHost: a\r\n\(HijackTests.upgrade)\r\n")
            _ = await client.read(through: "\r\n\r\n")
            try await client.send(String(repeating: "y", count: size))
            try await client.closeOutput()
            #expect(await sums.first { _ in true } == size)
            #expect(await client.readAll().isEmpty)
        }
    }

    /// Sends back what comes; `[body]` first for an exec, `<end>` when the client has closed its side.
    private let echo: HTTPServer.Handler = { exchange in
        do {
            let body = try await exchange.wholeBody(limit: 1 << 16)
            guard exchange.head.uri != "/plain" else {
                try await exchange.answer(.ok, body: ByteBuffer(string: "plain"))
                return
            }
            try await exchange.hijack(contentType: StreamType.raw.rawValue)
            if exchange.head.uri.contains("exec") {
                try await exchange.write(ByteBuffer(string: "[\(String(buffer: body))]"))
            }
            while let bytes = try await exchange.readRaw() { try await exchange.write(bytes) }
            try await exchange.write(ByteBuffer(string: "<end>"))
        } catch {
            Issue.record(error)
        }
    }
}

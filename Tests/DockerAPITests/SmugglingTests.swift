import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import DockerAPI

/// Requests that a proxy in front of the API may read as one, and the API as two: whoever may ask the one must not get the
/// other through.
@Suite(.timeLimit(.minutes(1))) struct SmugglingTests {
    private static let second = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Fields and body in which two readers may find two ends.
    @Test(arguments: [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
        ("Content-Length: 0\r\nContent-Length: \(second.utf8.count)", ""),
        ("Content-Length: 0, \(second.utf8.count)", ""),
        ("Content-Length: +0", ""), ("Content-Length: -1", ""), ("Content-Length: 0x0", ""),
        ("Content-Length: 0 1", ""),
        ("Content-Length: 18446744073709551616", ""), ("Content-Length : 0", ""), ("Content-Length\t: 0", ""),
        ("Transfer-Encoding : chunked", "0\r\n\r\n"), ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n"), ("Transfer-Encoding: \u{0b}chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "+0\r\n\r\n"), ("Transfer-Encoding: chunked", "0x0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "-1\r\n\r\n"), ("Transfer-Encoding: chunked", "10000000000000000\r\n\r\n"),
        ("Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n"), ("Transfer-Encoding: chunked", " 0\r\n\r\n"),
        ("X-A: b\r\n Content-Length: 5", ""), ("X-A\r\nX-B: c", ""), ("X-A: b\u{0}c", ""), ("X A: b", ""),
    ])
    func twoReadingsAreNone(fields: String, body: String) async throws {
        let seen = Mutex<[String]>([])
        try await withServer { exchange in
            seen.withLock { $0.append(exchange.head.uri) }
            // What becomes of a broken body is the server's answer.
            guard (try? await exchange.wholeBody(limit: 1 << 20)) != nil else { return }
            do { try await exchange.answer(.ok, body: ByteBuffer()) } catch { Issue.record(error) }
        } _: { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /first HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)\(SmugglingTests.second)")
            let answer = await client.readAll()
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        }
        #expect(!seen.withLock { $0 }.contains("/second"))
    }

    /// So that the test above says something.
    @Test func whatHasOneReadingIsTwoRequests() async throws {
        let seen = Mutex<[String]>([])
        try await withServer { exchange in
            seen.withLock { $0.append(exchange.head.uri) }
            do { try await exchange.answer(.ok, body: ByteBuffer()) } catch { Issue.record(error) }
        } _: { path, _ in
            let client = try await RawClient(path)
            try await client.send(
                "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + SmugglingTests.second)
            for _ in 0..<2 { #expect(await client.read(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 200 ") == true) }
            try await client.close()
        }
        #expect(seen.withLock { $0 } == ["/first", "/second"])
    }
}

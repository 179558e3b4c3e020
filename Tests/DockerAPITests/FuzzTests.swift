import APITypes
import NIOCore
import NIOHTTP1
import TestKit
import Testing

@testable import DockerAPI

/// Random input for every parser that reads what others wrote. A failure prints its seed.
@Suite(.timeLimit(.minutes(1))) struct FuzzTests {
    @Test func targetsAreRefusedOrTaken() {
        var random = Seed.generator(for: "request targets")
        let alphabet = Array("/v1.24%?&=+aZ0{}~é\u{0}\n")
        for round in 0..<5000 {
            let text = String(
                (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            do {
                let target = try RequestTarget("/" + text)
                #expect(!target.segments.contains(""), "QUELL_SEED=\(Seed.value), round \(round): \(text)")
            } catch {
                #expect(error.status == .badRequest, "QUELL_SEED=\(Seed.value), round \(round): \(text)")
            }
        }
    }

    @Test func detachKeysLoseNothing() throws {
        var random = Seed.generator(for: "typed keys")
        for round in 0..<2000 {
            var keys = try DetachKeys("a,a,b")
            var passed: [UInt8] = []
            var typed: [UInt8] = []
            var detached = false
            while !detached, typed.count < 60 {
                let piece = (0..<Int.random(in: 1..<5, using: &random)).map { _ in
                    UInt8.random(in: 97...99, using: &random)
                }
                typed += piece
                let result = keys.scan(piece)
                passed += result.bytes
                detached = result.detaches
            }
            #expect(typed.starts(with: passed), "QUELL_SEED=\(Seed.value), round \(round): \(typed)")
            #expect(typed.count - passed.count <= 3 + 3, "QUELL_SEED=\(Seed.value), round \(round): \(typed)")
        }
    }

    @Test func timesAreRefusedOrWrittenBackTheSame() {
        var random = Seed.generator(for: "timestamps")
        let alphabet = Array("0123456789-:TZ.+")
        for round in 0..<5000 {
            var text = Array("2024-02-29T12:34:56.5Z")
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] =
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            guard let stamp = Timestamp(String(text)) else { continue }
            #expect(Timestamp(stamp.description) == stamp, "QUELL_SEED=\(Seed.value), round \(round): \(String(text))")
        }
    }

    /// However a hijacked connection's bytes are cut, its request is read as one and the rest comes out raw.
    @Test func earlyBytesSurviveEveryCut() async throws {
        var random = Seed.generator(for: "hijacked bytes")
        let body = "{\"Tty\":true}"
        let early = "GET / HTTP/1.1\r\n\r\n\r\n{}"
        let head = "POST /exec/x/start HTTP/1.1\r\nHost: a\r\ncontent-length:\t\(body.utf8.count) \r\n\r\n"
        let all = head + body + early
        var plans: [[Int]] = []
        for _ in 0..<40 { plans.append((0..<4).map { _ in Int.random(in: 0...all.count, using: &random) }.sorted()) }
        try await withServer({ exchange in
            do {
                try await exchange.hijack(contentType: StreamType.raw.rawValue)
                while let bytes = try await exchange.readRaw() { try await exchange.write(bytes) }
            } catch {
                Issue.record(error)
            }
        }) { path, _ in
            for cuts in plans {
                let client = try await RawClient(path)
                for (from, to) in zip([0] + cuts, cuts + [all.count]) where from < to {
                    try await client.send(String(all.dropFirst(from).prefix(to - from)))
                    await Task.yield()
                }
                try await client.closeOutput()
                _ = await client.read(through: "\r\n\r\n")
                #expect(await client.readAll() == early, "QUELL_SEED=\(Seed.value), cuts \(cuts)")
            }
        }
    }
}

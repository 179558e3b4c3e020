import APITypes
import Engine
import NIOCore
import TestKit
import Testing

@testable import DockerAPI

/// A client's frame, masked.
private func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true, isMasked: Bool = true) -> [UInt8] {
    var bytes = [(isLast ? 0x80 : 0) | opcode]
    let bit: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ...125: bytes.append(bit | UInt8(payload.count))
    case ...0xffff: bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
    default: bytes += [bit | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xff) }
    }
    guard isMasked else { return bytes + payload }
    let key: [UInt8] = [0x12, 0xfe, 0, 0x77]
    return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

@Suite struct WebSocketFrameTests {
    /// All that comes of these bytes when they are received in pieces of this size; pieces of data are joined.
    private func decode(_ bytes: [UInt8], by size: Int) throws(WebSocketFault) -> [WebSocketElement] {
        var decoder = WebSocketDecoder()
        var elements: [WebSocketElement] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.add(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            while let element = try decoder.next() {
                if case .data(let more) = element, case .data(let before)? = elements.last {
                    elements[elements.count - 1] = .data(
                        ByteBuffer(bytes: before.readableBytesView + more.readableBytesView))
                } else {
                    elements.append(element)
                }
            }
        }
        return elements
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1 << 20])
    func readsFramesHoweverTheyAreCut(size: Int) throws {
        let long = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes =
            frame(1, Array("he".utf8), isLast: false) + frame(9, Array("?".utf8)) + frame(0, Array("llo".utf8))
            + frame(2, []) + frame(10, []) + frame(2, long) + frame(2, Array(long[..<300]))
            + frame(8, [0x03, 0xe9, 0x21])
            + frame(1, Array("late".utf8))
        let expected: [WebSocketElement] = [
            .data(ByteBuffer(string: "he")), .ping(ByteBuffer(string: "?")), .data(ByteBuffer(string: "llo")), .pong,
            .data(ByteBuffer(bytes: long + long[..<300])), .close(1001),
        ]
        #expect(try decode(bytes, by: size) == expected)
    }

    @Test(arguments: [
        frame(1, [65], isMasked: false), frame(3, []), frame(11, []), frame(0, [65]), frame(9, [], isLast: false),
        frame(1, [65], isLast: false) + frame(1, [65]), frame(9, [UInt8](repeating: 0, count: 126)), frame(8, [3]),
        [0xc1, 0x80, 0, 0, 0, 0], [0x81, 0xff] + [UInt8](repeating: 0xff, count: 12),
    ])
    func refusesWhatBreaksTheProtocol(bytes: [UInt8]) {
        #expect(throws: WebSocketFault.self) { try decode(bytes, by: 5) }
    }

    /// Whatever comes: no trap, and no more than came.
    @Test func survivesNoise() throws {
        var random = Seed.generator(for: "web socket frames")
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            do {
                let elements = try decode(bytes, by: Int.random(in: 1...9, using: &random))
                for case .data(let data) in elements { #expect(data.readableBytes <= bytes.count) }
            } catch {
                // Most of it is.
            }
        }
    }

    @Test(arguments: [0, 125, 126, 65535, 65536])
    func writesLengths(count: Int) {
        let sent = WebSocketFrame.message(ByteBuffer(repeating: 7, count: count), isText: false)
        #expect(sent.readableBytes == count + (count < 126 ? 2 : count < 65536 ? 4 : 10))
        #expect(sent.getInteger(at: 0, as: UInt8.self) == 0x82)
    }
}

/// `attach/ws` against real containers.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WebSocketAttachTests {
    private static let handshake =
        "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private func open(_ api: RealAPI, _ target: String) async throws -> RawClient {
        let client = try await RawClient(api.socket)
        try await client.send("GET \(target) HTTP/1.1\r\n\(WebSocketAttachTests.handshake)")
        let head = try #require(await client.read(through: "\r\n\r\n"))
        #expect(head.hasPrefix("HTTP/1.1 101 "), "\(head)")
        // RFC 6455 has it for this key.
        #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        return client
    }

    @Test func carriesInputAndOutputAndSaysTheEnd() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["/bin/sh", "-c", "while read line; do echo \"<$line>\"; done; echo over >&2"]) {
                ($0.config.openStdin, $0.config.stdinOnce) = (true, true)
            }
            let client = try await open(api, "/containers/\(id)/attach/ws?stream=1&stdin=1&stdout=1&stderr=1")
            try await client.send(bytes: frame(9, Array("ping".utf8)))
            #expect(await client.read(count: 6) == [0x8a, 4] + Array("ping".utf8))
            try await client.send(bytes: frame(1, Array("one\n".utf8), isLast: false) + frame(0, Array("two\n".utf8)))
            let answers = await client.readMessages(count: 12)
            #expect(answers == Array("<one>\n<two>\n".utf8))
            // The client's close is the end of its input.
            try await client.send(bytes: frame(8, [0x03, 0xe8]))
            let wait = try await api.engine.waitContainer(id, .notRunning)
            #expect(await wait.result().statusCode == 0)
            #expect(await client.read(count: 4) == [0x88, 2, 0x03, 0xe8])
        }
    }

    @Test func endsWithTheContainer() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["/bin/sh", "-c", "echo out; read line; echo gone"]) {
                $0.config.openStdin = true
            }
            while try await !api.send("GET", "/containers/\(id)/logs?stdout=1").text.contains("out") {}
            let client = try await open(api, "/v1.51/containers/\(id)/attach/ws?logs=1&stream=1&stdin=1&stdout=1")
            #expect(await client.readMessages(count: 4) == Array("out\n".utf8))
            try await client.send(bytes: frame(2, [10]))
            #expect(await client.readMessages(count: 5) == Array("gone\n".utf8))
            #expect(await client.read(count: 4) == [0x88, 2, 0x03, 0xe8])
        }
    }

    @Test func aBrokenFrameIsToldAndHarmsNobody() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["/bin/sh", "-c", "read line; echo \"$line\""]) { $0.config.openStdin = true }
            let client = try await open(api, "/containers/\(id)/attach/ws?stream=1&stdin=1&stdout=1")
            try await client.send(bytes: frame(1, [65], isMasked: false))
            let close = try #require(await client.read(count: 4))
            #expect(close[0] == 0x88 && Array(close[2...]) == [0x03, 0xea])
            #expect(try await api.engine.inspectContainer(id, size: false).state.running)
        }
    }

    @Test func refusesByHTTP() async throws {
        try await RealAPI.with { api in
            #expect(try await api.send("GET", "/containers/none/attach/ws").status == 400)
            let client = try await RawClient(api.socket)
            try await client.send("GET /containers/none/attach/ws HTTP/1.1\r\n\(WebSocketAttachTests.handshake)")
            #expect(await client.readAll().hasPrefix("HTTP/1.1 404 "))
            let old = try await RawClient(api.socket)
            let handshake = WebSocketAttachTests.handshake.replacing("Version: 13", with: "Version: 8")
            try await old.send("GET /containers/none/attach/ws HTTP/1.1\r\n\(handshake)")
            #expect(await old.readAll().hasPrefix("HTTP/1.1 426 "))
            let keys = try await RawClient(api.socket)
            try await keys.send(
                "GET /containers/x/attach/ws?detachKeys=ctrl-1 HTTP/1.1\r\n\(WebSocketAttachTests.handshake)")
            #expect(await keys.readAll().contains("Invalid detach keys (ctrl-1) provided"))
        }
    }
}

import APITypes
import Client
import Testing

@Suite(.timeLimit(.minutes(1))) struct HijackTests {
    private static let switched =
        "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

    private func collect(_ stream: ByteStream) async throws -> String {
        String(decoding: try await stream.collect(limit: 1 << 20, call: "test"), as: UTF8.self)
    }

    /// Output that comes in the same packet as the head is not lost.
    @Test func bytesBehindTheHeadBelongToTheStream() async throws {
        for _ in 0..<20 {
            try await withServer { peer in
                _ = try peer.receive(upTo: "\r\n\r\n")
                try peer.send(HijackTests.switched + "first ")
                try peer.send("second")
            } _: { client, _ in
                let stream = try await client.attachContainer("c", AttachQuery())
                #expect(stream.isMultiplexed == false)
                #expect(try await collect(stream.output) == "first second")
            }
        }
    }

    @Test func halfCloseLetsTheOtherSideAnswer() async throws {
        try await withServer { peer in
            let head = try peer.receive(upTo: "\r\n\r\n")
            try peer.send(HijackTests.switched)
            let input = try peer.receiveAll()
            try peer.send("\(head.contains("Upgrade: tcp")) \(input)")
        } _: { client, _ in
            let stream = try await client.attachContainer("c", AttachQuery())
            try await stream.write(Array("some ".utf8))
            try await stream.write(Array("input".utf8))
            try await stream.finishInput()
            #expect(try await collect(stream.output) == "true some input")
        }
    }

    @Test func theOtherSidesHalfCloseEndsTheOutput() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.send(HijackTests.switched + "bye")
            try peer.finish()
            _ = try peer.receiveAll()
        } _: { client, _ in
            let stream = try await client.attachContainer("c", AttachQuery())
            #expect(try await collect(stream.output) == "bye")
            stream.close()
        }
    }

    @Test func aRefusalIsTheDaemonsError() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.answer(#"{"message":"not running"}"#, status: "409 Conflict")
        } _: { client, _ in
            await #expect(throws: ClientError.api(status: 409, message: "not running")) {
                try await client.attachContainer("c", AttachQuery())
            }
        }
    }

    @Test func anExecIsStartedWithItsBody() async throws {
        try await withServer { peer in
            let request = try peer.receive(upTo: "}")
            try peer.send(HijackTests.switched + (request.contains(#""Tty":true"#) ? "yes" : "no"))
        } _: { client, _ in
            let stream = try await client.startExec("e", tty: true)
            #expect(try await collect(stream.output) == "yes")
        }
    }

    @Test func muchOutputWaitsForASlowReader() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.send(HijackTests.switched)
            for _ in 0..<64 { try peer.send([UInt8](repeating: 65, count: 65536)) }
        } _: { client, _ in
            let stream = try await client.attachContainer("c", AttachQuery())
            var count = 0
            for try await bytes in stream.output {
                count += bytes.count
                if count < 1 << 20 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(count == 4 << 20)
        }
    }
}

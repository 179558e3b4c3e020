import APITypes
import Client
import Lifecycle
import Linux
import TestKit
import Testing

/// A sequence of pieces, and perhaps an error at its end.
private struct Pieces: AsyncSequence, Sendable {
    struct Fault: Error {}
    let pieces: [[UInt8]]
    var fails = false

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        let fails: Bool
        mutating func next() async throws -> [UInt8]? {
            if let piece = rest.popFirst() { return piece }
            if fails { throw Fault() }
            return nil
        }
    }
    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: pieces[...], fails: fails) }
}

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    private static let quick = Deadlines(head: .milliseconds(100), idle: .milliseconds(100))

    private func request(_ deadlines: Deadlines = .short, path: String = "x") -> Request {
        Request(.get, [path], deadlines: deadlines)
    }

    @Test func noSocketMeansNoDaemon() async throws {
        let directory = try TemporaryDirectory("client")
        let client = QuellClient(try Endpoint(parsing: directory("none")))
        await #expect(throws: ClientError.daemonNotRunning(socket: directory("none"))) {
            try await client.perform(request())
        }
        // A socket nobody listens on any more.
        _ = try UnixSocket.listen(at: directory("left"))
        let other = QuellClient(try Endpoint(parsing: directory("left")))
        await #expect(throws: ClientError.daemonNotRunning(socket: directory("left"))) {
            try await other.perform(request())
        }
        try await client.shutdown()
        try await other.shutdown()
    }

    // A connection once came back just after the end of its body: the next call opened another one then.
    @Test func callsShareAConnection() async throws {
        try await withServer { peer in
            try peer.serve { _ in ("ok", status: "200 OK") }
        } _: { client, server in
            for _ in 0..<50 {
                let body = try await client.bytes(request())
                #expect(body == Array("ok".utf8))
            }
            #expect(server.connections == 1)
        }
    }

    @Test func errorsCarryStatusAndMessage() async throws {
        try await withServer { peer in
            try peer.serve { head in
                head.hasPrefix("GET /json ")
                    ? (#"{"message":"No such container: x"}"#, status: "404 Not Found")
                    : ("plain", status: "502 Bad Gateway")
            }
        } _: { client, _ in
            await #expect(throws: ClientError.api(status: 404, message: "No such container: x")) {
                try await client.perform(request(path: "json"))
            }
            await #expect(throws: ClientError.api(status: 502, message: "GET /plain: status 502: plain")) {
                try await client.perform(request(path: "plain"))
            }
        }
    }

    /// An empty name in the path would make another call of it: a list, or a removal of something else.
    @Test(arguments: [["containers", "", "json"], ["images", ""]])
    func anEmptyNameIsNotSent(_ path: [String]) async throws {
        let client = QuellClient(try Endpoint(parsing: "/nowhere"))
        let name = "DELETE /" + path.joined(separator: "/")
        await #expect(throws: ClientError.emptyName(call: name)) { try await client.perform(Request(.delete, path)) }
        await #expect(throws: ClientError.emptyName(call: name)) { try await client.hijack(Request(.delete, path)) }
        try await client.shutdown()
    }

    @Test func silenceBeforeTheHeadEndsAtTheDeadline() async throws {
        try await withServer { peer in
            _ = try peer.receiveAll()
        } _: { client, _ in
            await #expect(throws: ClientError.deadline(call: "GET /x", after: .milliseconds(100))) {
                try await client.perform(request(Self.quick))
            }
        }
    }

    @Test func silenceWithinTheBodyEndsAtTheDeadline() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.beginChunks()
            try peer.chunk("{}")
            _ = try peer.receiveAll()
        } _: { client, _ in
            await #expect(throws: ClientError.deadline(call: "GET /x", after: .milliseconds(100))) {
                try await client.perform(request(Self.quick))
            }
        }
    }

    @Test func theTotalDeadlineHoldsThoughBytesCome() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.beginChunks()
            // Until the client hangs up.
            while true { try peer.chunk("x\n") }
        } _: { client, _ in
            let deadlines = Deadlines(head: .seconds(10), idle: .seconds(10), total: .milliseconds(200))
            await #expect(throws: ClientError.deadline(call: "GET /x", after: .milliseconds(200))) {
                try await client.exchange(request(deadlines)) { for try await _ in $0.body {} }
            }
        }
    }

    @Test func aConnectionTheServerGivesUpIsNotUsedAgain() async throws {
        try await withServer { peer in
            while !(try peer.receive(upTo: "\r\n\r\n").isEmpty) {
                try peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            }
        } _: { client, server in
            for _ in 0..<3 { try await client.perform(request()) }
            #expect(server.connections == 3)
        }
    }

    @Test func aBrokenAnswerIsABrokenConnection() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        } _: { client, _ in
            await #expect { try await client.perform(request()) } throws: { error in
                if case ClientError.connection = error { true } else { false }
            }
        }
    }

    @Test func garbageIsMalformed() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.send("SSH-2.0-OpenSSH\r\n\r\n")
        } _: { client, _ in
            await #expect { try await client.perform(request()) } throws: { error in
                if case ClientError.malformed = error { true } else { false }
            }
        }
    }

    @Test func linesComeAsTheyAreSent() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.beginChunks("application/x-ndjson")
            for part in ["{\"me", "ssage\":\"a\"}\n{\"message\"", ":\"b\"}\n", "{\"message\":\"c\"}"] {
                try peer.chunk(part)
            }
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            var messages: [String] = []
            try await client.lines(request(.streaming), as: ErrorMessage.self) { messages.append($0.message) }
            #expect(messages == ["a", "b", "c"])
        }
    }

    @Test func aReaderThatStopsEarlyCostsTheConnectionOnly() async throws {
        try await withServer { peer in
            while !(try peer.receive(upTo: "\r\n\r\n").isEmpty) {
                try peer.beginChunks()
                try peer.chunk("first")
            }
        } _: { client, server in
            for _ in 0..<2 {
                let first = try await client.exchange(request(.streaming)) { response -> [UInt8]? in
                    var iterator = response.body.makeAsyncIterator()
                    return try await iterator.next()
                }
                #expect(first == Array("first".utf8))
            }
            #expect(server.connections == 2)
        }
    }

    // The first piece once overtook the head: an upload must not begin before its request.
    @Test func aStreamedBodyFollowsItsHead() async throws {
        for _ in 0..<50 {
            let echoed = try await withServer { peer in
                try peer.answer(try peer.receive(upTo: "0\r\n\r\n"))
            } _: { client, _ in
                let body = Request.Body.stream(Pieces(pieces: [[65], [], [66, 67]]), contentType: "application/x-tar")
                return try await client.bytes(Request(.put, ["x"], body: body))
            }
            let text = String(decoding: echoed, as: UTF8.self)
            #expect(text.hasPrefix("PUT /x HTTP/1.1\r\n") && text.hasSuffix("\r\n\r\n1\r\nA\r\n2\r\nBC\r\n0\r\n\r\n"))
        }
    }

    @Test func aSourceThatFailsFailsTheCall() async throws {
        try await withServer { peer in
            _ = try peer.receiveAll()
        } _: { client, _ in
            let body = Request.Body.stream(Pieces(pieces: [[65]], fails: true), contentType: "application/x-tar")
            await #expect(throws: Pieces.Fault.self) { try await client.perform(Request(.put, ["x"], body: body)) }
        }
    }

    @Test func anAnswerInMidUploadEndsTheUpload() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "\r\n\r\n")
            try peer.answer(#"{"message":"no space"}"#, status: "507 Insufficient Storage")
            _ = try peer.receiveAll()
        } _: { client, _ in
            let endless = AsyncThrowingStream<[UInt8], any Error> { [UInt8](repeating: 0, count: 1000) }
            let body = Request.Body.stream(endless, contentType: "application/x-tar")
            await #expect(throws: ClientError.api(status: 507, message: "no space")) {
                try await client.perform(Request(.put, ["x"], body: body, deadlines: .transfer))
            }
        }
    }

    @Test func cancellingACallEndsIt() async throws {
        try await withServer { peer in
            _ = try peer.receiveAll()
        } _: { client, _ in
            let call = Task { try await client.perform(Request(.get, ["x"], deadlines: .streaming)) }
            try await Task.sleep(for: .milliseconds(50))
            call.cancel()
            await #expect(throws: (any Error).self) { try await call.value }
        }
    }
}

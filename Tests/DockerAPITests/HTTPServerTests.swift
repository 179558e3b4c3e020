import NIOCore
import NIOHTTP1
import Testing

@testable import DockerAPI

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    @Test func keepsAConnectionForManyRequests() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            for text in ["one", "two"] {
                try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\(text)")
                let head = try #require(await client.read(through: "\r\n\r\n"))
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(head.lowercased().contains("api-version: 1.51"))
                #expect(await client.read(through: text) == text)
            }
            try await client.close()
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            let requests = (0..<20).map { "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n<\($0 + 10)>" }
            try await client.send(requests.joined())
            for number in 10..<30 { #expect(await client.read(through: "<\(number)>") != nil) }
            try await client.close()
        }
    }

    @Test func readsChunkedBodiesAndInvitesThem() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            try await client.send(
                "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
            #expect(await client.read(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 100 ") == true)
            try await client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            #expect(await client.read(through: "abcde") != nil)
            try await client.close()
        }
    }

    @Test func refusesWhatIsNoRequest() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            try await client.send("what is this\r\n\r\n")
            #expect(await client.readAll().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        }
    }

    @Test func refusesAHeadThatIsTooLong() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            try await client.send("GET /x HTTP/1.1\r\nHost: a\r\nX-Long: " + String(repeating: "x", count: 100_000))
            #expect(await client.readAll().hasPrefix("HTTP/1.1 431 "))
        }
    }

    /// More connections than descriptors allow are told so, and those that are served stay.
    @Test func turnsAwayConnectionsAboveTheirNumber() async throws {
        try await withServer(mostConnections: 2, echoBody) { path, _ in
            var served: [RawClient] = []
            for _ in 0..<2 {
                let client = try await RawClient(path)
                try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none")
                #expect(await client.read(through: "one") != nil)
                served.append(client)
            }
            let surplus = try await RawClient(path)
            let answer = await surplus.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("too many connections: 2 are open"))
            for client in served {
                try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo")
                #expect(await client.read(through: "two") != nil)
                try await client.close()
            }
        }
    }

    /// A body that is wanted whole and does not come to an end.
    @Test func aBodyThatStopsComingIsGivenUp() async throws {
        try await withServer({ exchange in
            do {
                _ = try await exchange.wholeBody(limit: 1 << 20, within: .milliseconds(50))
                Issue.record("half a body was taken for a whole one")
            } catch is RequestTooSlow {
                try? await exchange.answer(.requestTimeout)
            } catch { Issue.record(error) }
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            #expect(await client.readAll().hasPrefix("HTTP/1.1 408 "))
        }
    }

    /// RFC 6455, section 7.4.1: an endpoint goes away.
    @Test func aWebSocketHearsThatTheServerStops() async throws {
        try await withServer({ exchange in
            let (waiting, end) = AsyncStream<Void>.makeStream()
            _ = exchange.connection.onDisconnect { end.finish() }
            try? await exchange.switchProtocols(["Upgrade": "websocket", "Connection": "upgrade"])
            for await _ in waiting {}
            await WebSocketWire(exchange: exchange, isText: false).close()
        }) { path, server in
            let client = try await RawClient(path)
            try await client.send("GET /containers/x/attach/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
            #expect(await client.read(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 101 ") == true)
            server.stop(grace: .seconds(30))
            let close = try #require(await client.read(count: 4))
            #expect(close[0] == 0x88 && Array(close[2...]) == [0x03, 0xe9])
        }
    }

    @Test func closesWhenAsked() async throws {
        try await withServer(echoBody) { path, _ in
            let client = try await RawClient(path)
            try await client.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(await client.readAll().lowercased().contains("connection: close"))
        }
    }

    /// Nobody knows yet whether another request can be found behind the body. What is still sent of it is read, for clients that
    /// look at the answer afterwards.
    @Test func anAnswerBeforeTheEndOfTheBodySaysThatItIsTheLast() async throws {
        try await withServer({ try? await $0.answer(.notFound) }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
            #expect(await client.read(through: "\r\n\r\n")?.lowercased().contains("connection: close") == true)
            try await client.send(String(repeating: "x", count: 96))
            #expect(await client.readAll() == "")
        }
    }

    @Test func aBodyThatHasComeKeepsNoConnectionFromGoingOn() async throws {
        try await withServer({ try? await $0.answer(.notFound) }) { path, _ in
            let client = try await RawClient(path)
            for _ in 0..<2 {
                try await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nsome")
                #expect(await client.read(through: "\r\n\r\n")?.lowercased().contains("connection: close") == false)
            }
            try await client.close()
        }
    }

    @Test func theRestOfABodyIsNotWaitedForWithoutEnd() async throws {
        try await withServer({ try? await $0.answer(.notFound) }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
            #expect(await client.readAll().hasPrefix("HTTP/1.1 404 "))
        }
    }

    /// It was answered: the answer is what it gets.
    @Test func whatIsWrongWithTheRestOfABodyEndsTheConnection() async throws {
        try await withServer({ try? await $0.answer(.notFound) }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n")
            #expect(await client.read(through: "\r\n\r\n")?.lowercased().contains("connection: close") == true)
            try await client.send("no chunk\r\n")
            #expect(await client.readAll() == "")
        }
    }

    /// Whether it sends its body now is the client's to decide, and ours not to know.
    @Test func aBodyThatWasNotInvitedEndsTheConnection() async throws {
        try await withServer({ try? await $0.answer(.notFound) }) { path, _ in
            let client = try await RawClient(path)
            try await client.send(
                "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            let answer = await client.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 404 ") && answer.lowercased().contains("connection: close"))
        }
    }

    @Test func anAnswerWhileTheServerStopsSaysThatItIsTheLast() async throws {
        let (served, begin) = AsyncStream<Void>.makeStream()
        try await withServer({ exchange in
            begin.yield()
            let (waiting, end) = AsyncStream<Void>.makeStream()
            _ = exchange.connection.onDisconnect { end.finish() }
            for await _ in waiting {}
            try? await exchange.answer(.ok)
        }) { path, server in
            let client = try await RawClient(path)
            try await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            // A request that is still on its way would get no answer.
            #expect(await served.first { true } != nil)
            server.stop(grace: .seconds(30))
            let answer = await client.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.lowercased().contains("connection: close"))
        }
    }

    /// An engine that gives up on an upload may still wait for its next piece.
    @Test func answersThoughSomebodyStillReadsTheBody() async throws {
        try await withServer({ exchange in
            let (ends, end) = AsyncStream<Void>.makeStream()
            let reader = Task {
                while try await exchange.nextBody() != nil { end.yield() }
            }
            var iterator = ends.makeAsyncIterator()
            await iterator.next()
            try? await exchange.answer(.insufficientStorage, body: ByteBuffer(string: "full"))
            _ = reader
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
            let answer = await client.read(through: "full")
            #expect(answer?.hasPrefix("HTTP/1.1 507 ") == true)
            #expect(answer?.lowercased().contains("connection: close") == true)
            try await client.closeOutput()
            _ = await client.readAll()
        }
    }

    @Test func breaksOffAnAnswerThatFails() async throws {
        try await withServer({ exchange in
            try? await exchange.beginStream()
            try? await exchange.write(ByteBuffer(string: "half"))
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = await client.readAll()
            #expect(!answer.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func tellsAWatcherThatTheClientLeft() async throws {
        let (left, signal) = AsyncStream<Void>.makeStream()
        try await withServer({ exchange in
            let (waiting, end) = AsyncStream<Void>.makeStream()
            _ = exchange.connection.onDisconnect { end.finish() }
            try? await exchange.beginStream()
            for await _ in waiting {}
            signal.yield()
        }) { path, _ in
            let client = try await RawClient(path)
            try await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = await client.read(through: "\r\n\r\n")
            try await client.close()
            #expect(await left.first { true } != nil)
        }
    }

    @Test func endsWatchersAndIdleConnectionsWhenItStops() async throws {
        try await withServer({ exchange in
            let (waiting, end) = AsyncStream<Void>.makeStream()
            _ = exchange.connection.onDisconnect { end.finish() }
            try? await exchange.beginStream()
            for await _ in waiting {}
            try? await exchange.endStream()
        }) { path, server in
            let watcher = try await RawClient(path)
            try await watcher.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = await watcher.read(through: "\r\n\r\n")
            let idle = try await RawClient(path)
            try await idle.send("")
            server.stop(grace: .seconds(30))
            #expect(await watcher.readAll().hasSuffix("0\r\n\r\n"))
            _ = await idle.readAll()
        }
    }

    /// One that is accepted while the listener closes belongs to nobody yet.
    @Test func endsConnectionsThatArriveWhileItStops() async throws {
        for _ in 0..<100 {
            try await withServer(echoBody) { path, server in
                var clients: [RawClient] = []
                for _ in 0..<8 { clients.append(try await RawClient(path)) }
                server.stop(grace: .seconds(30))
                for client in clients { _ = await client.readAll() }
            }
        }
    }

    private let echoBody: HTTPServer.Handler = { exchange in
        do {
            let body = try await exchange.wholeBody(limit: 1 << 20)
            try await exchange.answer(.ok, body: body)
        } catch {
            Issue.record(error)
        }
    }
}

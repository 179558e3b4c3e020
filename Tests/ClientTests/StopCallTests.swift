import APITypes
import Client
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct StopCallTests {
    @Test func updatesComeBeforeTheVerdict() async throws {
        try await withServer { peer in
            let request = try peer.receive(upTo: "}")
            try peer.beginChunks("application/x-ndjson")
            try peer.chunk(
                #"{"update":{"phase":"signalled","signal":"SIGTERM","elapsedMs":1,"recipients":[7]}}"# + "\n")
            try peer.chunk(#"{"update":{"phase":"waiting","elapsedMs":2,"remainingMs":9000}}"# + "\n")
            let known = request.hasPrefix("POST /quell/v1/containers/web/stop ") && request.contains(#""timeout":5"#)
            try peer.chunk(
                #"{"result":{"id":"1","name":"\#(known ? "web" : "?")","verdict":"exited","exitCode":0,"how":"handled","elapsedMs":3}}"#
                    + "\n")
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            var order = StopRequest()
            order.timeout = 5
            var phases: [String] = []
            let result = try await client.stopContainer("web", order) { phases.append($0.phase) }
            #expect(phases == ["signalled", "waiting"])
            #expect(result.name == "web" && result.verdict == "exited" && result.exitCode == 0 && result.signal == nil)
        }
    }

    /// A stop whose verdict did not come is never reported as done.
    @Test func anEndWithoutVerdictIsAnError() async throws {
        try await withServer { peer in
            try peer.beginStop()
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            await #expect { try await client.stopContainer("web", StopRequest(), patience: .zero) } throws: { error in
                if case ClientError.connection(_, let reason) = error {
                    reason.hasSuffix("asking again joins it")
                } else {
                    false
                }
            }
        }
    }

    /// A daemon that ends in mid-stop and comes back is asked again, which joins the job.
    @Test func aBrokenStopIsJoinedAgain() async throws {
        let asked = Atomic(0)
        try await withServer { peer in
            try peer.beginStop()
            if asked.add(1, ordering: .relaxed).newValue < 3 { return }
            try peer.chunk(#"{"result":{"id":"1","name":"web","verdict":"exited","exitCode":7}}"# + "\n")
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            var updates = 0
            let result = try await client.stopContainer("web", StopRequest()) { _ in updates += 1 }
            #expect(result.verdict == "exited" && result.exitCode == 7 && updates == 3)
        }
    }

    /// What ended while no daemon was there had not ended before the stop.
    @Test func anEndThatNobodyToldIsNotAnOldOne() async throws {
        let asked = Atomic(0)
        try await withServer { peer in
            if asked.add(1, ordering: .relaxed).newValue == 1 { return try peer.beginStop() }
            _ = try peer.receive(upTo: "}")
            try peer.beginChunks()
            try peer.chunk(
                #"{"result":{"id":"1","name":"web","verdict":"exited","exitCode":7,"how":"already"}}"# + "\n")
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            let result = try await client.stopContainer("web", StopRequest())
            #expect(result.exitCode == 7 && result.how == nil && result.elapsedMs > 0)
        }
    }

    @Test func withoutADaemonNothingIsAwaited() async throws {
        let directory = try TemporaryDirectory("client")
        let client = QuellClient(try Endpoint(parsing: directory("none")))
        await #expect(throws: ClientError.daemonNotRunning(socket: directory("none"))) {
            try await client.stopContainer("web", StopRequest())
        }
        try await client.shutdown()
    }

    @Test func anErrorInsideTheStreamIsThrown() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "}")
            try peer.beginChunks()
            try peer.chunk(#"{"error":{"message":"lost"}}"# + "\n")
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            await #expect(throws: ClientError.api(status: 500, message: "lost")) {
                try await client.killContainer("web")
            }
        }
    }

    @Test func anErrorInsideAProgressStreamIsThrown() async throws {
        try await withServer { peer in
            _ = try peer.receive(upTo: "0\r\n\r\n")
            try peer.beginChunks()
            try peer.chunk(
                #"{"status":"Reading"}"# + "\n" + #"{"error":"bad","errorDetail":{"message":"bad archive"}}"# + "\n")
            try peer.send("0\r\n\r\n")
        } _: { client, _ in
            let empty = AsyncThrowingStream<[UInt8], any Error> { $0.finish() }
            await #expect(throws: ClientError.api(status: 500, message: "bad archive")) {
                try await client.loadImages(empty, quiet: false) { _ in }
            }
        }
    }
}

extension Peer {
    /// Takes an order to stop, and tells that something goes on.
    fileprivate func beginStop() throws {
        _ = try receive(upTo: "}")
        try beginChunks("application/x-ndjson")
        try chunk(#"{"update":{"phase":"waiting"}}"# + "\n")
    }
}

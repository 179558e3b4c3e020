import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import DockerAPI
@testable import Engine

/// Clients that ask for streams and read nothing of them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SlowClientTests {
    /// Asks, and leaves the answer where it is.
    private func deaf(_ api: RealAPI, _ method: String, _ target: String, _ headers: String = "") throws
        -> OwnedDescriptor
    {
        let socket = try UnixSocket.connect(to: api.socket)
        try socket.writeAll(Array("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n".utf8))
        return socket
    }

    private func hasInput(_ socket: Int32) throws -> Bool {
        var set = PollSet()
        set.add(socket, .readable)
        return try set.wait(until: MonotonicClock.now()) > 0
    }

    /// How many calls have waited for their clients for a while.
    private func waiting(_ api: RealAPI) -> Int {
        let now = MonotonicClock.now()
        return api.engine.jobs.all.map { $0.view(at: now) }.count { job in
            job.kind == .call && job.hop == .client && job.waitingFor > .milliseconds(100)
        }
    }

    @Test func theyHoldNobodyUp() async throws {
        try await RealAPI.with { api in
            let flood = try await api.run(["sh", "-c", "yes 0123456789abcdef"]) { request in
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.type = "json-file"
                request.hostConfig?.logConfig?.config = ["max-size": "1m"]
            }
            var sockets: [Int32] = []
            defer { for raw in sockets { _ = OwnedDescriptor(adopting: raw) } }
            let upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
            for _ in 0..<5 {
                sockets.append(try deaf(api, "GET", "/containers/\(flood)/logs?stdout=1&follow=1").release())
                sockets.append(
                    try deaf(api, "POST", "/containers/\(flood)/attach?stdout=1&stream=1&logs=1", upgrade).release())
                sockets.append(try deaf(api, "GET", "/containers/\(flood)/stats").release())
                sockets.append(try deaf(api, "GET", "/events").release())
            }
            for socket in sockets { try await until("it is answered") { try hasInput(socket) } }
            try await until("those that much is sent to take no more") { waiting(api) == 10 }
            let other = try await api.run(["sleep", "1000"])
            #expect(try await api.send("GET", "/containers/\(flood)/json").status == 200)
            #expect(try await api.send("POST", "/containers/\(other)/kill").status == 204)
            #expect(try await api.send("POST", "/containers/\(flood)/kill").status == 204)
            #expect(try await api.send("DELETE", "/containers/\(flood)").status == 204)
            // All of them are as deaf as before: nothing of this has waited for one.
            for socket in sockets { #expect(try hasInput(socket)) }
        }
    }

    /// It is told by the end of the stream that it has missed something; whoever reads misses nothing.
    @Test func whoFallsBehindOnEventsIsCutOff() async throws {
        try await RealAPI.with { api in
            let slow = try deaf(
                api, "GET", "/events?filters=%7B%22type%22%3A%5B%22node%22%5D%7D", "Connection: close\r\n")
            let reader = try await api.engine.events(since: nil, until: nil, filters: ["type": ["node"]])
            try await until("it is answered") { try hasInput(slow.raw) }
            let count = 30_000
            for number in 0..<count {
                api.engine.core.events.post(type: "node", action: "test", id: "\(number)", attributes: ["pad": "x"])
                // The one that reads keeps up.
                let event = try await reader.next()
                try #require(event?.actor.id == "\(number)")
            }
            reader.close()
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case .bytes(let more) = try slow.read(into: &buffer) { bytes += buffer[..<more] }
            let seen = String(decoding: bytes, as: UTF8.self).split(separator: "\n").count { $0.contains("\"node\"") }
            #expect(EventLog.backlog <= seen && seen < count, "\(seen)")
        }
    }
}

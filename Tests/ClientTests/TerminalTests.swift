import Lifecycle
import Linux
import TestKit
import Testing

@testable import quell

@Suite(.timeLimit(.minutes(1))) struct TerminalTests {
    @Test func aDescriptorIsReadToItsEnd() async throws {
        let pair = try SocketPair()
        try pair.first.writeAll(Array("some input".utf8))
        try UnixSocket.shutDown(pair.first, .writing)
        var text: [UInt8] = []
        for try await bytes in try DescriptorStream(pair.second.raw) { text += bytes }
        #expect(String(decoding: text, as: UTF8.self) == "some input")
    }

    /// A reader of a terminal on which nobody types must not hold up the end of a container.
    @Test func waitingForInputCanBeGivenUp() async throws {
        let pair = try SocketPair()
        let stream = try DescriptorStream(pair.second.raw)
        let reader = Task {
            for try await _ in stream {}
        }
        try await Task.sleep(for: .milliseconds(50))
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
    }

    @Test func aReaderThatHasGoneEndsTheOutputQuietly() throws {
        try ProcessSelf.ignoreBrokenPipes()
        let pair = try SocketPair()
        try UnixSocket.shutDown(pair.second, .both)
        #expect(throws: BrokenPipe.self) { try Output(pair.first.raw).write("nobody reads this") }
    }

    @Test func signalsGoToWhomAsked() async {
        let hub = SignalHub()
        #expect(!hub.deliver(.usr1))
        var stream: AsyncStream<Signal>? = hub.subscribe([.usr1, .int])
        #expect(hub.deliver(.usr1))
        #expect(hub.deliver(.int))
        #expect(!hub.deliver(.term))
        var received: [Signal] = []
        if let signals = stream {
            for await signal in signals {
                received.append(signal)
                if received.count == 2 { break }
            }
        }
        #expect(received == [.usr1, .int])
        stream = nil
        #expect(!hub.deliver(.int))
    }

    @Test(
        arguments: [
            (0, 100, "Loading [>                             ] 0B/100B"),
            (50, 100, "Loading [===============>              ] 50B/100B"),
            (100, 100, "Loading [==============================] 100B/100B"),
            (150, 100, "Loading [==============================] 150B/100B"),
            (2_000_000, nil, "Loading 2MB"),
        ] as [(Int, Int?, String)])
    func progressIsABar(_ done: Int, _ total: Int?, _ line: String) {
        #expect(ProgressBar.line("Loading", done: done, total: total, note: "") == line)
    }

    @Test func manyNamesKeepTheirOrderAndTheirWidth() async {
        let most = Peak()
        let results = await concurrently(Array(0..<50), width: 4) { number in
            await most.enter()
            try? await Task.sleep(for: .milliseconds(number % 3))
            await most.leave()
            return number
        }
        #expect(results == Array(0..<50))
        #expect(await most.highest <= 4)
    }

    private actor Peak {
        private var now = 0
        private(set) var highest = 0
        func enter() {
            now += 1
            highest = max(highest, now)
        }
        func leave() { now -= 1 }
    }
}

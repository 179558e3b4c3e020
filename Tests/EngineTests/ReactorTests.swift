import Glibc
import Linux
import Logging
import TestKit
import Testing

@testable import Engine

@Suite(.timeLimit(.minutes(1))) struct ReactorTests {
    /// Who closes a descriptor before it is unregistered must not take the watch from the next one of that number.
    @Test func aNumberThatIsAnothersByNowKeepsItsWatch() async throws {
        let reactor = try Reactor(logger: Logger(label: "test"))
        defer { reactor.stop() }
        let first = try Pipe()
        let second = try Pipe()
        let raw = first.reading.raw
        let early = reactor.register(raw, .readable) { _ in }
        // Closes the first, and gives its number to the second, in one step.
        try #require(dup2(second.reading.raw, raw) == raw)
        let heard = Promise<Void>()
        let late = reactor.register(raw, .readable) { _ in heard.resolve(()) }
        reactor.update(early, [.readable, .writable])
        reactor.unregister(early)
        _ = try second.writing.write([1])
        let timer = reactor.after(.seconds(20)) {
            Issue.record("it is not heard of")
            heard.resolve(())
        }
        await heard.value()
        reactor.cancel(timer)
        reactor.unregister(late)
    }
}

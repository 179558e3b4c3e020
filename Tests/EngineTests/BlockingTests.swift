import Dispatch
import Lifecycle
import TestKit
import Testing

@testable import Engine

/// Threads for blocking calls: bounded, and whoever gets none hears of it.
@Suite(.timeLimit(.minutes(1)))
struct BlockingTests {
    @Test func whoGetsNoThreadIsToldSo() async throws {
        let threads = BlockingThreads("tests", .files, limit: 2, patience: .milliseconds(100))
        let hold = DispatchSemaphore(value: 0)
        async let first: Void = threads.run { () throws(EngineError) in hold.wait() }
        async let second: Void = threads.run { () throws(EngineError) in hold.wait() }
        var refusal: EngineError?
        while refusal == nil {
            do throws(EngineError) { try await threads.run { () throws(EngineError) in } } catch { refusal = error }
        }
        #expect(refusal == .timedOut("no thread was free within 100ms: 2 calls (tests) have not come back"))
        // Other kinds are not held up, and a thread that comes back serves again.
        #expect(try await Blocking.run { () throws(EngineError) in 7 } == 7)
        hold.signal()
        hold.signal()
        _ = try await (first, second)
        #expect(try await threads.run { () throws(EngineError) in 8 } == 8)
    }

    @Test func allKindsTogetherFitIntoLibdispatch() {
        #expect(Blocking.Kind.allCases.map { Blocking.threads(of: $0).limit }.reduce(0, +) < 250)
    }

    @Test func aPlaceIsGivenToTheOneThatWaitedLongest() async throws {
        let gate = Gate(limit: 1)
        var place = await gate.enter(within: .seconds(1))
        try #require(place != nil)
        #expect(await gate.enter(within: .milliseconds(1)) == nil)
        async let next = gate.enter(within: .seconds(20))
        try await Task.sleep(for: .milliseconds(20))
        place?.leave()
        // Left twice is left once.
        place = nil
        let held = await next
        #expect(held != nil)
        #expect(await gate.enter(within: .milliseconds(1)) == nil)
        held?.leave()
        #expect(await gate.enter(within: .milliseconds(1)) != nil)
    }
}

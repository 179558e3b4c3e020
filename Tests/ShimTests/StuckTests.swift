import Lifecycle
import Linux
import TestKit
import Testing

/// A child in uninterruptible sleep: the kernel will not let go, and the shim says so in time.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StuckTests {
    private func withHungContainer(_ body: (ShimUnderTest, HungFileSystem) throws -> Void) throws {
        let hung = try HungFileSystem()
        let mount = #"{"destination":"/mnt","type":"none","source":"\#(hung.path)","options":["bind"]}"#
        // The handler is there before the reader is; and nothing is said: the reader's splice holds the pipe's lock.
        let script = "trap 'exit 0' TERM; cat /mnt/file & while :; do sleep 1000 & wait $!; done"
        let shim = try ShimUnderTest(["sh", "-c", script], mounts: [mount])
        do {
            try shim.start()
            try hung.waitUntilRead()
            try body(shim, hung)
        } catch {
            try hung.abort()
            try shim.cleanUp()
            throw error
        }
        try shim.cleanUp()
    }

    @Test func verdictComesByTheDeadlineAndTheLateEndIsTold() throws {
        try withHungContainer { shim, hung in
            let order = StopOrder(ladder: .kill, unhandled: .kill, killDeadline: .milliseconds(500))
            let finding = try #require(try shim.stop(order).finding)
            #expect(
                finding.tasks.contains { $0.comm == "cat" && $0.state == "D" && $0.killPending && !$0.wchan.isEmpty })
            #expect(try shim.record() == nil, "nothing is recorded that was not observed")
            guard case .snapshot(let snapshot) = try shim.main.call(.hello) else { throw HarnessError("no snapshot") }
            #expect(snapshot.state == .stuck)
            #expect(snapshot.stuck == finding)

            let again = try #require(try shim.stop(order).finding)
            #expect(again.sinceKill > finding.sinceKill, "a new order gets a verdict of its own, with the old clock")

            try hung.abort()
            #expect(try shim.main.exited().status == .signal(.kill, coreDumped: false))
            let report = try #require(try shim.main.verdict().report)
            #expect(report.how == .killed)
        }
    }

    /// LINUX 7: init is no member of its cgroup any more, shows S, and nobody else does anything.
    @Test func mainProcessThatLeavesAChildInDIsNotCalledStopped() throws {
        try withHungContainer { shim, hung in
            let order = StopOrder(
                ladder: try Ladder(parsing: "TERM:1000s"), unhandled: .kill, killDeadline: .milliseconds(500))
            let finding = try #require(try shim.stop(order).finding)
            #expect(finding.tasks.contains { $0.comm == "cat" && $0.state == "D" })
            try hung.abort()
            let report = try #require(try shim.main.verdict().report)
            #expect(report.status == .code(0), "its own exit code, though it was long in coming")
            #expect(report.how == .handled)
        }
    }

    /// A hook of the runtime hangs; on hybrid hosts it is in the container's cgroup.
    @Test(.enabled(if: CgroupHost.hasV1)) func startThatCannotBeKilledGetsAVerdictToo() throws {
        let hung = try HungFileSystem()
        let shim = try ShimUnderTest(["true"], hook: "cat \(hung.file)")
        do {
            let id = try shim.main.send(.start)
            try hung.waitUntilRead()
            let other = try shim.client()
            _ = try other.call(.hello)
            _ = try other.call(.stop(StopOrder(ladder: .kill, unhandled: .kill, killDeadline: .milliseconds(200))))
            guard case .stuck(let finding) = try other.verdict() else { throw HarnessError("not stuck") }
            #expect(finding.tasks.contains { $0.comm == "cat" && $0.state == "D" })
            try hung.abort()
            guard case .failed = try shim.main.reply(to: id) else { throw HarnessError("started") }
            guard case .ended(let report) = try other.verdict() else { throw HarnessError("not ended") }
            #expect(report.status == .unobserved(.neverStarted))
        } catch {
            try hung.abort()
            try shim.cleanUp()
            throw error
        }
        try shim.cleanUp()
    }

    @Test func everyCallIsStillAnswered() throws {
        try withHungContainer { shim, hung in
            let order = StopOrder(ladder: .kill, unhandled: .kill, killDeadline: .milliseconds(200))
            #expect(try shim.stop(order).finding != nil)
            for call in [ShimCall.signal(.hup), .pause, .resume, .resize(.main, rows: 1, columns: 1), .hello] {
                _ = try shim.main.call(call)
            }
            try hung.abort()
            #expect(try shim.main.verdict().report != nil)
        }
    }
}

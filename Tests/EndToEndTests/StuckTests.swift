import Lifecycle
import Linux
import TestKit
import Testing

private let hasFUSE: Bool = {
    do { return try File.status(of: "/dev/fuse") != nil } catch { return false }
}()

/// A container that cannot die: its child reads from a FUSE mount whose server does not answer.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: hasFUSE, "no /dev/fuse"))
struct StuckTests {
    private func withStuckContainer(_ body: (Daemon, HungFileSystem) throws -> Void) throws {
        try withDaemon { daemon in
            let hung = try HungFileSystem()
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try hung.abort() } }
            let end = try daemon.quell(
                "run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=1s", "-v", hung.path + ":/hung",
                Programs.image, "sh", "-c", "cat /hung/file & wait")
            try #require(end.succeeded, "\(end.text)")
            // Nothing is read from its output: busybox's cat splices, and holds the pipe's lock while it hangs.
            try hung.waitUntilRead()
            try body(daemon, hung)
        }
    }

    @Test func answersByTheDeadlineAndReportsTheLateExit() throws {
        try withStuckContainer { daemon, hung in
            let events = try daemon.command(["events", "--filter", "container=doomed"])
            let end = try daemon.quell("stop", "--format", "json", "doomed")
            #expect(end.status == .code(3), "\(end.text)")
            #expect(end.elapsed < .seconds(1) + Limit.atOnce)
            let verdict = try StopVerdict.one(end)
            #expect(verdict.verdict == "stuck")
            #expect(verdict.exitCode == nil && verdict.signal == nil, "nothing was observed yet")
            let task = try #require(verdict.finding?.tasks.first { $0.comm == "cat" }, "\(end.text)")
            #expect(task.state == "D" && task.sigkillPending, "\(task)")
            #expect(try daemon.must("ps").lowercased().contains("stuck"))

            try hung.abort()
            let waited = try daemon.quell("wait", "doomed")
            #expect(waited.trimmed == "137", "\(waited.text)")
            #expect(try daemon.inspect("doomed", ".State.Status") == "exited")
            #expect(try events.says(" die ", within: Limit.atOnce), "\(events.outputSoFar)")
        }
    }

    @Test func everyCallGoesOnAnswering() throws {
        try withStuckContainer { daemon, hung in
            try daemon.runReady("healthy", Scripts.handles)
            let stop = try daemon.command(["stop", "--format", "json", "doomed"])
            for arguments in [
                ["ps"], ["inspect", "doomed"], ["logs", "doomed"], ["info"], ["top", "healthy"], ["stop", "healthy"],
            ] {
                let end = try daemon.command(arguments).finish(within: Limit.command)
                #expect(end.succeeded, "\(arguments): \(end.text)")
                #expect(end.elapsed < Limit.atOnce, "\(arguments) took \(end.elapsed)")
            }
            #expect(try stop.finish(within: Limit.command).status == .code(3))
            let again = try daemon.quell("kill", "doomed")
            #expect(again.status == .code(3), "asking again is no more successful: \(again.text)")
            try hung.abort()
            #expect(try daemon.must("wait", "doomed") == "137")
        }
    }

    @Test func stuckSurvivesTheDaemon() throws {
        try withStuckContainer { daemon, hung in
            #expect(try daemon.quell("stop", "doomed").status == .code(3))
            try daemon.crash()
            try daemon.start()
            let state = try daemon.must("ps").lowercased()
            #expect(state.contains("stuck"), "\(state)")
            try hung.abort()
            #expect(try daemon.must("wait", "doomed") == "137")
        }
    }

    /// A killed supervisor may leave its sockets open: a thread of it can hang with the container.
    @Test func supervisorThatIsKilledDelaysNoVerdict() throws {
        try withStuckContainer { daemon, hung in
            let main = try #require(Int32(try daemon.inspect("doomed", ".State.Pid")))
            let shim = try Procfs.stat(of: main).parent
            try #require(try Procfs.status(of: shim).name == "quell-shim")
            try Pidfd(opening: shim).send(.kill)
            let end = try daemon.quell("stop", "-t", "1", "--format", "json", "doomed")
            #expect(end.status == .code(3), "\(end.text)")
            #expect(end.elapsed < .seconds(2) + Limit.atOnce)
            let verdict = try StopVerdict.one(end)
            #expect(verdict.verdict == "unsupervised", "\(end.text)")
            let task = try #require(verdict.finding?.tasks.first { $0.comm == "cat" }, "\(end.text)")
            #expect(task.sigkillPending, "\(task)")
            let start = try daemon.quell("start", "doomed")
            #expect(!start.succeeded && start.text.contains("stuck"), "\(start.text)")
            try hung.abort()
            _ = try daemon.quell("wait", "doomed")
            #expect(try daemon.inspect("doomed", ".State.Status") == "exited")
        }
    }

    @Test func deadlineOfTheClientEndsTheClientOnly() throws {
        try withStuckContainer { daemon, hung in
            let end = try daemon.quell("--deadline", "300ms", "stop", "--kill-deadline", "5s", "doomed")
            #expect(end.status == .code(124), "\(end.text)")
            #expect(end.elapsed < Limit.atOnce)
            try hung.abort()
            #expect(try daemon.must("wait", "doomed") == "137", "the stop went on")
        }
    }
}

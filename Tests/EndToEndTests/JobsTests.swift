import Lifecycle
import Linux
import TestKit
import Testing

private let hasFUSE: Bool = {
    do { return try File.status(of: "/dev/fuse") != nil } catch { return false }
}()

/// What hangs is seen by whoever looks, while it hangs.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: hasFUSE, "no /dev/fuse"))
struct JobsTests {
    private func withStuckContainer(_ body: (Daemon, HungFileSystem) throws -> Void) throws {
        try withDaemon { daemon in
            let hung = try HungFileSystem()
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try hung.abort() } }
            try daemon.must(
                "run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=1s", "-v", hung.path + ":/hung",
                Programs.image, "sh", "-c", "cat /hung/file & wait")
            try hung.waitUntilRead()
            try body(daemon, hung)
        }
    }

    @Test func aStopIsFollowedToItsLateEnd() throws {
        try withStuckContainer { daemon, hung in
            #expect(try daemon.must("jobs") == "JOB       CONTAINER   AGE       EXPECTED   WAITS ON")
            let watch = try daemon.command(["watch"])
            let lines = try daemon.command(["watch", "--format", "json"])
            try eventually("both watch", within: Limit.command) {
                try daemon.must("jobs", "-a", "--format", "{{.Job}}").split(separator: "\n")
                    .count { $0.hasSuffix("GET /events") } == 2
            }
            #expect(try daemon.quell("stop", "-t", "1", "doomed").status == .code(3))

            #expect(try watch.says("doomed: STUCK", within: Limit.command), "\(watch.outputSoFar)")
            #expect(try watch.says("doomed: OVERDUE: stop takes", within: Limit.command), "\(watch.outputSoFar)")
            #expect(watch.outputSoFar.contains("waits on kernel: ") && watch.outputSoFar.contains("cat (pid "))
            let jobs = try daemon.quell("jobs")
            #expect(jobs.elapsed < Limit.atOnce)
            let row = try #require(jobs.output.split(separator: "\n").dropFirst().first)
            #expect(row.contains(" stop") && row.contains("doomed") && row.contains("!"), "\(row)")
            #expect(row.contains("kernel") && row.contains("cat (pid "), "\(row)")
            let document = try daemon.must("jobs", "--format", "json")
            #expect(document.contains(#""name":"doomed""#) && document.contains(#""overdue":true"#), "\(document)")
            #expect(try lines.says(#"{"kind":"event","event":{"#, within: Limit.atOnce), "\(lines.outputSoFar)")
            #expect(try lines.says(#""Action":"overdue""#, within: Limit.atOnce), "\(lines.outputSoFar)")
            let page = try daemon.request("GET", "/metrics")
            #expect(page.status == 200)
            #expect(page.body.contains("quell_jobs_overdue{kind=\"stop\"} 1\n"), "\(page.body)")
            #expect(page.body.contains("quell_containers{state=\"stuck\"} 1\n"))

            try hung.abort()
            #expect(try watch.says("doomed: ended, exit code 137", within: Limit.command), "\(watch.outputSoFar)")
            try eventually("no job is left", within: Limit.command) {
                try daemon.must("jobs", "--format", "{{.ID}}").isEmpty
            }
            for command in [watch, lines] {
                try command.send(.int)
                #expect(try command.finish(within: Limit.atOnce).status == .code(0))
            }
        }
    }

    /// The stop is its shim's: the next daemon finds it under way, and the watch finds the daemon.
    @Test func aWatchAndAStopOutliveTheDaemon() throws {
        try withStuckContainer { daemon, hung in
            let watch = try daemon.command(["watch"])
            #expect(try daemon.quell("stop", "-t", "1", "doomed").status == .code(3))
            #expect(try watch.says("doomed: STUCK", within: Limit.command), "\(watch.outputSoFar)")
            try daemon.crash()
            #expect(try watch.says("waiting for it", within: Limit.command), "\(watch.errorsSoFar)")
            try daemon.start()
            #expect(try watch.says("quelld answers again", within: Limit.command), "\(watch.errorsSoFar)")
            let found = try daemon.must("jobs", "--format", "{{.Kind}} {{.Container}} {{.AskedBy}} {{.WaitsOn}}")
            #expect(found.hasPrefix("stop doomed earlier engine kernel"), "\(found)")
            try hung.abort()
            #expect(try watch.says("doomed: ended", within: Limit.command), "\(watch.outputSoFar)")
            try watch.send(.term)
            #expect(try watch.finish(within: Limit.atOnce).status == .code(0))
        }
    }
}

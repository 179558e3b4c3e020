import Lifecycle
import Linux
import TestKit
import Testing

private let hasFUSE: Bool = {
    do { return try File.status(of: "/dev/fuse") != nil } catch { return false }
}()

/// `quell why`, with a daemon and without.
@Suite(.serialized, .timeLimit(.minutes(3))) struct WhyTests {
    private func stuck(_ daemon: Daemon, _ hung: HungFileSystem) throws {
        let end = try daemon.quell(
            "run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=1s", "-v", hung.path + ":/hung",
            Programs.image, "sh", "-c", "cat /hung/file & wait")
        try #require(end.succeeded, "\(end.text)")
        try hung.waitUntilRead()
    }

    @Test(.enabled(if: hasFUSE, "no /dev/fuse"))
    func stuckContainerIsExplainedInTheStopAndAfterwardsAlsoWithoutADaemon() throws {
        try withDaemon { daemon in
            let hung = try HungFileSystem()
            defer { #expect(throws: Never.self) { try hung.abort() } }
            try stuck(daemon, hung)
            let connection = try hung.connection()
            let stop = try daemon.quell("stop", "doomed")
            #expect(stop.status == .code(3) && stop.text.contains("reason fuse"), "\(stop.text)")
            #expect(stop.text.contains("quell release --abort-fuse doomed"), "\(stop.text)")
            #expect(try daemon.inspect("doomed", ".State.QuellVerdict").contains("fuse"))
            for isAlone in [false, true] {
                if isAlone { try daemon.crash() }
                let why = try daemon.quell("why", "--run-root", daemon.runRoot, "doomed")
                #expect(why.status == .code(3) && why.elapsed < .seconds(1) + Limit.atOnce, "\(why.text)")
                for part in ["STUCK, reason fuse", "/hung/file", "connection \(connection)", "pid \(ProcessSelf.pid)"] {
                    #expect(why.text.contains(part), "\(part) is not in: \(why.text)")
                }
                let json = try daemon.quell("why", "--run-root", daemon.runRoot, "--format", "json", "doomed")
                #expect(json.text.contains(#""reason":"fuse""#) && json.text.contains(#""stuck":true"#), "\(json.text)")
            }
            try hung.abort()
            try daemon.start()
            #expect(try daemon.must("wait", "doomed") == "137")
            let gone = try daemon.quell("why", "doomed")
            #expect(gone.succeeded && gone.text.contains("nothing of it runs"), "\(gone.text)")
        }
    }

    @Test func whatAStopWouldDo() throws {
        try withDaemon { daemon in
            let kinds = [
                ("graceful", #"trap "exit 0" TERM; echo ready; while :; do sleep 3600 & wait $!; done"#),
                ("late", #"trap "exit 0" TERM; echo ready; sleep 3600"#),
                ("ignored", #"trap "" TERM; echo ready; while :; do sleep 3600; done"#),
                ("unhandled", "echo ready; sleep 3600; true"),
                ("forwarded", #"sh -c "trap 'exit 0' TERM; echo ready; while :; do sleep 3600 & wait; done"; true"#),
            ]
            for (name, script) in kinds { try daemon.runReady(name, script) }
            for (name, _) in kinds {
                var text = ""
                // The line was written before the shell's next command ran.
                try eventually("\(name) is told") {
                    text = try daemon.quell("why", "--format", "{{.stop.expectation}}", name).text
                    return text.contains(name)
                }
            }
            let pid = try daemon.inspect("late", ".State.Pid")
            let bare = try daemon.quell("why", "--pid", pid)
            #expect(bare.succeeded && bare.text.contains("too late"), "\(bare.text)")
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        try withDaemon { daemon in
            for words in [["nobody"], ["--cgroup", "/quell-no-such-group"], []] {
                let end = try daemon.command(["why"] + words).finish(within: Limit.command)
                #expect(end.status == .code(1), "\(end.text)")
            }
        }
    }
}

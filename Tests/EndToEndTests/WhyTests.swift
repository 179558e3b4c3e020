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

    /// Its last close hangs when it has neither descriptors nor mounts any more, and its init has left its namespaces: what it
    /// hangs on is known from the mounts that the daemon saved.
    @Test(.enabled(if: StalledDevice.isSupported, "no file system to freeze"))
    func lastCloseIsExplainedByTheMountsThatWereSaved() throws {
        let device = try StalledDevice()
        // It is written to before it is removed. It hangs in its first moments, before the daemon has looked at it.
        try device.stall()
        try withDaemon { daemon in
            try daemon.must(
                "run", "-d", "--name", "doomed", "-v", "\(device.path):/data",
                "-v", "\(try Misbehaviour.program()):/quell-misbehave:ro", Programs.image,
                "sh", "-c", "echo go | /quell-misbehave orphan /data/orphan")
            try eventually("it has written") { try device.isWriting() }
            let stop = try daemon.quell("stop", "-t", "0", "--kill-deadline", "1s", "doomed")
            #expect(stop.status == .code(3) && stop.text.contains("reason block-io"), "\(stop.text)")
            let why = try daemon.quell("why", "doomed")
            #expect(
                why.status == .code(3) && why.text.contains("blocked by the block device \(device.name)"), "\(why.text)"
            )
            try device.goOn()
            #expect(try daemon.must("wait", "doomed") == "137")
        }
    }

    @Test func stopThatGoesOnIsExplainedByWhatItWaitsFor() throws {
        try withDaemon { daemon in
            try daemon.runReady("ignoring", Scripts.ignores)
            let stop = try daemon.command(["stop", "-t", "20", "ignoring"])
            try daemon.waitUntilStopping()
            let why = try daemon.quell("why", "ignoring")
            #expect(why.text.contains(": it waits for the container, and takes the next step in 1"), "\(why.text)")
            #expect(why.text.contains("ignores SIGTERM on purpose"), "\(why.text)")
            let format = "{{.stuck}} {{.reason}} {{.stop.waitsOn}} {{gt .stop.remainingMs 1000.0}}"
            #expect(try daemon.must("why", "--format", format, "ignoring") == "false <no value> container true")
            try daemon.must("kill", "ignoring")
            #expect(try stop.finish(within: Limit.command).succeeded)
        }
    }

    /// Nobody but one outside of its PID namespace ends an init.
    @Test func initThatIsLookedAtFromItsOwnNamespaceIsNotEndedByKill() throws {
        let daemon = try Daemon()
        defer { do { try daemon.cleanUp() } catch { Issue.record("\(error)") } }
        let why = try daemon.command(["why", "--pid", "1"]).finish(within: Limit.command)
        #expect(why.succeeded && why.text.contains("not even by KILL"), "\(why.text)")
        #expect(!why.text.contains("nothing keeps it from ending"), "\(why.text)")
    }

    /// Each line that promises a remedy names one, for whatever was asked about.
    @Test(.enabled(if: hasFUSE, "no /dev/fuse")) func remediesAreThoseForWhatWasAskedAbout() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        // One that reads: who splices into the pipe to this test holds the pipe's lock, and would hang the test with it.
        let reader = try OwnedProcess("/bin/busybox", ["head", "-c", "1", hung.file], in: group.cgroup)
        try hung.waitUntilRead()
        try reader.send(.kill)
        try eventually("it is in D") { try Procfs.status(of: reader.pid).state == "D" }
        let daemon = try Daemon()
        defer { do { try daemon.cleanUp() } catch { Issue.record("\(error)") } }
        for words in [["--pid", "\(reader.pid)"], ["--cgroup", group.cgroup.path]] {
            let why = try daemon.command(["why"] + words).finish(within: Limit.command)
            let operand = words.joined(separator: " ")
            #expect(why.text.contains("abort-fuse: quell release --abort-fuse \(operand)   or   echo 1"), "\(why.text)")
            // Which frees nothing, and says so.
            let memory = "what helps meanwhile, and does not free it:\n    release-memory: quell release \(operand)\n"
            #expect(why.text.contains(memory), "\(why.text)")
        }
        try hung.abort()
        try reader.waitUntilEnded()
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

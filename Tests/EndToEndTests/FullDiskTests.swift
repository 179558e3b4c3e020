import Lifecycle
import Linux
import TestKit
import Testing

/// The data root has no byte left.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct FullDiskTests {
    private func withSmallDisk(_ body: (Daemon) throws -> Void) throws {
        try withDaemon(prepare: { try $0.limitDataRoot(megabytes: 32) }, body)
    }

    private func ballast(_ daemon: Daemon) -> String { daemon.dataRoot + "/ballast" }

    private func fill(_ daemon: Daemon) throws {
        let end = try Programs.system("dd", ["if=/dev/zero", "of=\(ballast(daemon))", "bs=4k"])
        #expect(end.status == .code(1) && end.errors.contains("No space left"), "\(end.text)")
    }

    private func makeRoom(_ daemon: Daemon) throws { try File.unlink(ballast(daemon)) }

    /// A start needs room for the exit record. Nobody is there to ask for it again.
    @Test func policyTriesAgainUntilThereIsRoom() throws {
        try withSmallDisk { daemon in
            try daemon.runReady("service", Scripts.endsOnUser1, options: ["--restart", "always"])
            try fill(daemon)
            try daemon.must("kill", "--signal", "USR1", "service")
            try eventually("two starts have failed for want of room", within: Limit.command) {
                let state = try daemon.inspect("service", ".RestartCount}} {{.State.Status}} {{.State.Error")
                return state.hasSuffix("is full") && state.contains(" restarting ") && !state.hasPrefix("1 ")
            }
            try daemon.crash()
            try daemon.start()
            try eventually("the next engine tries it too", within: Limit.command) {
                try daemon.inspect("service", ".State.Status") == "restarting"
            }
            try makeRoom(daemon)
            try eventually("it runs again", within: Limit.command) {
                try daemon.inspect("service", ".State.Running") == "true"
            }
        }
    }

    /// Reading, stopping and killing need no room; an exit code that was told stays what it is, also to the next quelld.
    @Test func exitIsKnownThoughTheDiskIsFull() throws {
        try withSmallDisk { daemon in
            try daemon.runReady("polite", Scripts.handles)
            try daemon.runReady("bystander", Scripts.handles)
            try fill(daemon)
            let end = try daemon.quell("stop", "--format", "json", "polite")
            #expect(end.succeeded, "\(end.text)")
            let verdict = try StopVerdict.one(end)
            #expect(verdict.verdict == "exited")
            #expect(verdict.exitCode == 0)
            #expect(try daemon.must("ps", "--format", "{{.Names}}") == "bystander")
            #expect(try daemon.must("logs", "polite").contains("ready"))
            #expect(try daemon.must("exec", "bystander", "echo", "well") == "well")
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.inspect("polite", ".State.Status") == "exited")
            #expect(try daemon.inspect("polite", ".State.ExitCode") == "0")
            #expect(try daemon.inspect("bystander", ".State.Running") == "true")
        }
    }

    /// The supervisor saw the exit code; the next quelld must learn it although nobody could write a byte meanwhile.
    @Test func exitWhileTheDaemonIsDeadIsKnown() throws {
        try withSmallDisk { daemon in
            let script = #"trap "exit 7" TERM; echo ready; while :; do sleep 3600 & wait $!; done"#
            try daemon.runReady("alone", script)
            let pid = try #require(Int32(try daemon.inspect("alone", ".State.Pid")))
            let id = try daemon.inspect("alone", ".Id")
            try daemon.crash()
            try fill(daemon)
            let main = try Pidfd(opening: pid)
            try main.send(.term)
            try eventually("its cgroups are empty", within: Limit.command) {
                try HostView.members(of: "\(daemon.cgroupParent)/\(id)").isEmpty
            }
            try daemon.start()
            #expect(try daemon.must("wait", "alone") == "7")
            #expect(try daemon.inspect("alone", ".State.ExitCode") == "7")
            try makeRoom(daemon)
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.inspect("alone", ".State.ExitCode") == "7")
        }
    }

    /// To remove is how room is made; and a stop that was not recorded would be undone by the next engine.
    @Test func removalsAndStopsNeedNoRoom() throws {
        try withSmallDisk { daemon in
            try daemon.must("volume", "create", "store")
            for number in 1...4 { try daemon.must("create", "--name", "old\(number)", Programs.image, "true") }
            try daemon.runReady("service", Scripts.handles, options: ["--restart", "unless-stopped"])
            try daemon.runReady("forced", Scripts.handles)
            // Until nothing of the database's own room is left either.
            try fill(daemon)
            while try daemon.quell("create", Programs.image, "true").succeeded { try fill(daemon) }
            try daemon.must("stop", "service")
            try daemon.must("rm", "-f", "forced")
            try daemon.must("rm", "old1", "old2", "old3", "old4")
            try daemon.must("volume", "rm", "store")
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.inspect("service", ".State.Status") == "exited")
            #expect(try daemon.must("ps", "-a", "--filter", "name=old", "--filter", "name=forced", "-q") == "")
            #expect(try daemon.must("volume", "ls", "-q") == "")
            try makeRoom(daemon)
            try daemon.must("rm", "service")
            let reserve = try File.status(of: daemon.dataRoot + "/quell.db-reserve")
            #expect(reserve?.size == 1 << 20, "it is kept for the next time")
        }
    }

    @Test func whatNeedsRoomIsRefusedAndNothingIsLost() throws {
        try withSmallDisk { daemon in
            try daemon.losingNothing {
                // One record more may fit into what the database has.
                try fill(daemon)
                for call in [
                    ["run", "-d", "--name", "late", Programs.image, "true"],
                    ["create", "--name", "late2", Programs.image, "true"],
                ] {
                    try daemon.refuses(call, code: 125, saying: ["late", "quell.db", "full"])
                }
                try daemon.refuses(["rename", "ended", "other"], code: 1, saying: ["quell.db", "full"])
                try daemon.refuses(["volume", "create", "store"], code: 1, saying: ["store", "full"])
                try daemon.refuses(
                    ["image", "import", daemon.directory + "/rootfs.tar", "second:1"], code: 1,
                    saying: ["No space left"])
                let copy = try daemon.quell("cp", daemon.directory + "/rootfs.tar", "runs:/tmp/")
                #expect(copy.status == .code(1) && copy.errors.contains("No space left"), "\(copy.text)")
                try makeRoom(daemon)
            }
            #expect(try daemon.must("run", "--rm", "--name", "late", Programs.image, "echo", "fine") == "fine")
        }
    }

    /// A full disk is when an administrator restarts things.
    @Test func daemonStartsOnAFullDisk() throws {
        try withSmallDisk { daemon in
            try daemon.losingNothing {
                try daemon.shutDown()
                try fill(daemon)
                try daemon.start()
                #expect(try daemon.must("ps", "--format", "{{.Names}}") == "runs")
                try makeRoom(daemon)
                #expect(try daemon.must("run", "--rm", Programs.image, "echo", "fine") == "fine")
            }
        }
    }

    /// Its log has no room: the container runs on, and what is said once there is room again is kept.
    @Test func logsGoOnOnceThereIsRoom() throws {
        try withSmallDisk { daemon in
            let script = """
                echo ready
                while :; do
                    if [ -e /flood ]; then seq 20000; rm /flood; fi
                    if [ -e /speak ]; then echo after; rm /speak; fi
                    sleep 0.05
                done
                """
            try daemon.runReady("talks", script)
            try fill(daemon)
            try daemon.must("exec", "talks", "touch", "/flood")
            try eventually("all is said", within: Limit.command) {
                try !daemon.quell("exec", "talks", "test", "-e", "/flood").succeeded
            }
            try makeRoom(daemon)
            try daemon.must("exec", "talks", "touch", "/speak")
            try daemon.waitForLog("talks", "after")
        }
    }

    /// The run root lies on a tmpfs of its own, and that is full: what runs goes on, answers, and can be stopped.
    @Test func runRootThatIsFull() throws {
        try withDaemon(prepare: { try $0.limitRunRoot(megabytes: 1) }) { daemon in
            try daemon.losingNothing {
                let ballast = daemon.runRoot + "/ballast"
                let fill = {
                    let end = try Programs.system(
                        "dd", ["if=/dev/zero", "of=" + ballast, "bs=1k", "oflag=append", "conv=notrunc"])
                    #expect(end.status == .code(1) && end.errors.contains("No space left"), "\(end.text)")
                }
                try daemon.runReady("polite", Scripts.handles)
                try fill()
                try daemon.refuses(["run", "--rm", Programs.image, "true"], code: 125, saying: ["No space left"])
                #expect(try daemon.must("ps", "--format", "{{.Names}}", "--filter", "name=polite") == "polite")
                try daemon.refuses(["exec", "polite", "true"], code: 126, saying: ["No space left"])
                #expect(try StopVerdict.one(try daemon.quell("stop", "--format", "json", "polite")).exitCode == 0)
                // What its end has given back is gone as well.
                try fill()
                try daemon.refuses(["start", "polite"], code: 1, saying: ["No space left"])
                try File.unlink(ballast)
                try daemon.must("start", "polite")
                try daemon.must("rm", "-f", "polite")
            }
        }
    }
}

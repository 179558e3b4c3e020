import Lifecycle
import Testing

/// What `quell stop` answers, and how soon.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct StopTests {
    /// Stops by name with the options, and checks the exit status.
    private func stop(
        _ daemon: Daemon, _ name: String, _ options: [String] = [], expecting code: UInt8 = 0
    ) throws -> StopVerdict {
        let end = try daemon.command(["stop", "--format", "json"] + options + [name]).finish(within: Limit.command)
        #expect(end.status == .code(code), "\(end.text)")
        return try StopVerdict.one(end)
    }

    @Test func handledTermEndsAtOnce() throws {
        try withDaemon { daemon in
            try daemon.runReady("polite", Scripts.handles)
            let verdict = try stop(daemon, "polite")
            #expect(verdict.verdict == "exited")
            #expect(verdict.exitCode == 0)
            #expect(verdict.how == "handled")
            #expect(verdict.rung?.hasPrefix("TERM") == true, "\(verdict)")
            #expect(Duration.milliseconds(verdict.elapsedMs) < Limit.atOnce)
            #expect(try daemon.must("logs", "polite").contains("saved"))
            #expect(try daemon.inspect("polite", ".State.Status") == "exited")
        }
    }

    @Test func unhandledIsKilledAtOnce() throws {
        try withDaemon { daemon in
            try daemon.runReady("deaf", Scripts.deaf)
            let verdict = try stop(daemon, "deaf")
            #expect(verdict.verdict == "exited")
            #expect(verdict.signal == "SIGKILL")
            #expect(verdict.how == "killed")
            #expect(Duration.milliseconds(verdict.elapsedMs) < Limit.atOnce)
            #expect(try daemon.inspect("deaf", ".State.ExitCode") == "137")
        }
    }

    @Test func unhandledMayWaitAsDockerDoes() throws {
        try withDaemon { daemon in
            try daemon.runReady("deaf", Scripts.deaf)
            let verdict = try stop(daemon, "deaf", ["-t", "1", "--unhandled", "wait"])
            #expect(verdict.how == "killed")
            #expect(verdict.elapsedMs >= 1000)
        }
    }

    @Test func ignoringGetsTheWholeGracePeriod() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores)
            let verdict = try stop(daemon, "stubborn", ["-t", "1"])
            #expect(verdict.how == "killed")
            #expect(verdict.signal == "SIGKILL")
            #expect(verdict.elapsedMs >= 1000)
        }
    }

    @Test func childOfAShellIsReached() throws {
        try withDaemon { daemon in
            try daemon.runReady("wrapped", Scripts.childHandles)
            let verdict = try stop(daemon, "wrapped")
            #expect(verdict.exitCode == 0)
            #expect(verdict.how == "handled")
            #expect(try daemon.must("logs", "wrapped").contains("saved"))
        }
    }

    @Test func secondRungReachesTheForegroundCommand() throws {
        try withDaemon { daemon in
            try daemon.runReady("busy", Scripts.foreground)
            let verdict = try stop(daemon, "busy", ["--ladder", "TERM:300ms, TERM@all:10s, KILL"])
            #expect(verdict.exitCode == 0)
            #expect(verdict.how == "handled")
            #expect(verdict.rung?.hasPrefix("TERM@all") == true, "\(verdict)")
            #expect(verdict.elapsedMs >= 300)
            #expect(try daemon.must("logs", "busy").contains("saved"))
        }
    }

    @Test func timeoutZeroKillsAtOnce() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores)
            let verdict = try stop(daemon, "stubborn", ["-t", "0"])
            #expect(verdict.signal == "SIGKILL")
            #expect(Duration.milliseconds(verdict.elapsedMs) < Limit.atOnce)
        }
    }

    @Test func stoppingTwiceSaysAlready() throws {
        try withDaemon { daemon in
            try daemon.runReady("polite", Scripts.handles)
            _ = try stop(daemon, "polite")
            let verdict = try stop(daemon, "polite")
            #expect(verdict.verdict == "exited")
            #expect(verdict.how == "already")
            #expect(verdict.exitCode == 0)
        }
    }

    @Test func killOvertakesAStop() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores)
            let waiting = try daemon.command(["stop", "--format", "json", "-t", "600", "stubborn"])
            try daemon.waitUntilStopping()
            let killed = try daemon.quell("kill", "stubborn")
            #expect(killed.succeeded, "\(killed.text)")
            let verdict = try StopVerdict.one(try waiting.finish(within: Limit.command))
            #expect(verdict.how == "killed")
            #expect(verdict.signal == "SIGKILL")
        }
    }

    @Test func clientThatLeavesCancelsNothing() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores)
            let client = try daemon.command(["stop", "-t", "1", "stubborn"])
            try daemon.waitUntilStopping()
            try client.send(.kill)
            #expect(try daemon.must("wait", "stubborn") == "137")
        }
    }

    @Test func pausedContainerIsThawedToEnd() throws {
        try withDaemon { daemon in
            try daemon.runReady("frozen", Scripts.handles)
            try daemon.must("pause", "frozen")
            let verdict = try stop(daemon, "frozen")
            #expect(verdict.verdict == "exited")
            #expect(verdict.exitCode == 0)
        }
    }

    @Test func severalAtOnceEachWithItsVerdict() throws {
        try withDaemon { daemon in
            for name in ["a", "b", "c"] { try daemon.runReady("many-" + name, Scripts.ignores) }
            let end = try daemon.quell("stop", "--format", "json", "-t", "1", "many-a", "many-b", "many-c")
            #expect(end.succeeded, "\(end.text)")
            let verdicts = try StopVerdict.parse(end.output)
            #expect(Set(verdicts.map(\.name)) == ["many-a", "many-b", "many-c"])
            #expect(verdicts.allSatisfy { $0.verdict == "exited" })
        }
    }

    @Test func stopSignalAndLadderOfTheContainerAreUsed() throws {
        try withDaemon { daemon in
            let script = #"trap "exit 7" INT; trap "exit 8" TERM; echo ready; while :; do sleep 3600 & wait $!; done"#
            try daemon.runReady("by-signal", script, options: ["--stop-signal", "INT"])
            #expect(try stop(daemon, "by-signal").exitCode == 7)
            try daemon.runReady("by-ladder", script, options: ["--stop-ladder", "INT:10s, KILL"])
            #expect(try stop(daemon, "by-ladder").exitCode == 7)
        }
    }

    @Test func harmlessSignalIsNotAStop() throws {
        try withDaemon { daemon in
            let script = #"trap "echo hup" HUP; echo ready; while :; do sleep 3600 & wait $!; done"#
            try daemon.runReady("lives", script, options: ["--restart", "always"])
            try daemon.must("kill", "-s", "HUP", "lives")
            try daemon.waitForLog("lives", "hup")
            #expect(try daemon.inspect("lives", ".State.Status") == "running")
        }
    }

    @Test func nothingResurrectsAStoppedContainer() throws {
        try withDaemon { daemon in
            try daemon.runReady("always", Scripts.handles, options: ["--restart", "always"])
            _ = try stop(daemon, "always")
            // Longer than the first back-off of 100 ms.
            try daemon.runReady("other", Scripts.handles)
            #expect(try daemon.must("ps", "--format", "{{.Names}}") == "other")
            #expect(try daemon.inspect("always", ".State.Status") == "exited")
        }
    }

    @Test func stopThatTheDaemonDidNotSurviveIsStillIntended() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores, options: ["--restart", "unless-stopped"])
            let client = try daemon.command(["stop", "-t", "1", "stubborn"])
            try daemon.waitUntilStopping()
            try client.send(.kill)
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.must("wait", "stubborn") == "137")
            try daemon.runReady("other", Scripts.handles)
            #expect(try daemon.must("ps", "--format", "{{.Names}}") == "other")
        }
    }
}

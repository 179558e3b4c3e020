import Lifecycle
import Linux
import Testing

extension StopOrder {
    static func ladder(_ text: String, unhandled: Unhandled = .kill) throws -> StopOrder {
        StopOrder(ladder: try Ladder(parsing: text), unhandled: unhandled)
    }
}

extension StopUpdate {
    var report: StopReport? { if case .ended(let report) = self { report } else { nil } }
    var finding: StuckFinding? { if case .stuck(let finding) = self { finding } else { nil } }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct StopTests {
    /// `wait` is interrupted by the signal, so the trap runs at once.
    static let handling = ["sh", "-c", "trap 'exit 42' TERM; echo ready; while :; do sleep 1000 & wait; done"]

    @Test func handlerIsGivenItsTime() throws {
        try withShim(ShimUnderTest(Self.handling)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .code(42))
            #expect(report.how == .handled)
            #expect(report.rung?.description == "TERM:1000s")
        }
    }

    @Test func initWithoutHandlerIsKnownAtOnce() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .signal(.kill, coreDumped: false))
            #expect(report.how == .killed)
        }
    }

    @Test func unhandledWaitKeepsTheGrace() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let report = try #require(try shim.stop(.ladder("TERM:300ms", unhandled: .wait)).report)
            #expect(report.how == .killed)
            #expect(report.elapsed >= .milliseconds(300))
        }
    }

    @Test func handlerThatAppearsDuringTheWaitGetsTheSignal() throws {
        let script = "head -n 1 >/dev/null; trap 'exit 9' TERM; while :; do sleep 1000 & wait; done"
        try withShim(ShimUnderTest(["sh", "-c", script], openStdin: true)) { shim in
            try shim.start()
            let input = try shim.client()
            try input.attach(input: true)
            _ = try shim.main.call(.stop(.ladder("TERM:1000s", unhandled: .wait)))
            _ = try shim.main.first { if case .stop(_, .waiting) = $0 { true } else { nil } }
            _ = try input.send(.input(Array("go\n".utf8)))
            let report = try #require(try shim.main.verdict().report)
            #expect(report.status == .code(9))
            #expect(report.how == .handled)
        }
    }

    @Test func childOfAShellFormCommandEndsGracefully() throws {
        let child = "trap 'echo child-saved; exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done"
        try withShim(ShimUnderTest(["sh", "-c", "sh -c \"\(child)\"; exit 5"])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .code(5))
            #expect(report.how == .handled)
            #expect(try shim.logText().containsText("child-saved"))
        }
    }

    @Test func signalIgnoredOnPurposeKeepsTheGrace() throws {
        let script = "trap '' TERM; echo ready; while :; do sleep 1000; done"
        try withShim(ShimUnderTest(["sh", "-c", script])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let report = try #require(try shim.stop(.ladder("TERM:300ms")).report)
            #expect(report.how == .killed)
            #expect(report.elapsed >= .milliseconds(300))
        }
    }

    @Test func killOvertakesAStopAtOnce() throws {
        let script = "trap '' TERM; echo ready; while :; do sleep 1000; done"
        try withShim(ShimUnderTest(["sh", "-c", script])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let first = try shim.main.call(.stop(.ladder("TERM:inf")))
            let second = try shim.client()
            _ = try second.call(.hello)
            #expect(try second.call(.stop(.kill())) == first, "it joins the job")
            #expect(try second.verdict().report?.how == .killed)
            #expect(try shim.main.verdict().report?.how == .killed)
        }
    }

    @Test func clientThatLeavesCancelsNothing() throws {
        try withShim(ShimUnderTest(Self.handling)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let other = try shim.client()
            _ = try other.send(.stop(.ladder("TERM:1000s")))
            other.close()
            #expect(try shim.main.exited().status == .code(42))
        }
    }

    @Test func ladderClimbsToTheSignalThatWorks() throws {
        let script = "trap '' TERM; trap 'exit 6' INT; echo ready; while :; do sleep 1000 & wait; done"
        try withShim(ShimUnderTest(["sh", "-c", script])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let report = try #require(try shim.stop(.ladder("TERM:100ms, INT:1000s")).report)
            #expect(report.status == .code(6))
            #expect(report.rung?.signal == .int)
        }
    }

    @Test func pausedContainerIsThawedAndStopped() throws {
        try withShim(ShimUnderTest(Self.handling)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            #expect(try shim.main.call(.pause) == .done)
            #expect(try shim.cgroup.isFrozen())
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .code(42))
        }
    }

    @Test func pauseAndResume() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            #expect(try shim.main.call(.pause) == .done)
            guard case .snapshot(let paused) = try shim.main.call(.hello) else { throw HarnessError("no snapshot") }
            #expect(paused.state == .paused)
            #expect(try shim.main.call(.resume) == .done)
            #expect(try !shim.cgroup.isFrozen())
        }
    }

    @Test func harmlessSignalIsNoStop() throws {
        let script = "trap 'echo hup' HUP; echo ready; while :; do sleep 1000 & wait; done"
        try withShim(ShimUnderTest(["sh", "-c", script])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            #expect(try shim.main.call(.signal(.hup)) == .done)
            try shim.awaitLog("hup")
            guard case .snapshot(let snapshot) = try shim.main.call(.hello) else { throw HarnessError("no snapshot") }
            #expect(snapshot.state == .running)
        }
    }

    @Test func stopOfWhatHasEndedSaysAlready() throws {
        try withShim(ShimUnderTest(["sleep", "1000"], pidNamespace: .host)) { shim in
            try shim.start()
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .signal(.term, coreDumped: false))
            #expect(report.how == .defaultAction)
        }
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct StartTests {
    @Test func exitCodeIsRecordedBeforeItIsTold() throws {
        try withShim(ShimUnderTest(["sh", "-c", "exit 7"])) { shim in
            try shim.start()
            let told = try shim.main.exited()
            #expect(told.status == .code(7))
            #expect(try shim.record() == told)
            #expect(try shim.shimEnd() == .code(0), "the shim ends when its container has")
        }
    }

    @Test func endBySignalIsToldFromExitCode() throws {
        try withShim(ShimUnderTest(["sh", "-c", "exit 137"])) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(137))
        }
    }

    @Test func signalsAndMaskAreResetForTheContainer() throws {
        try withShim(ShimUnderTest(["cat", "/proc/self/status"])) { shim in
            try shim.start()
            _ = try shim.main.exited()
            let log = try shim.logText()
            #expect(log.containsText(#"SigBlk:\t0000000000000000"#))
            #expect(log.containsText(#"SigIgn:\t0000000000000000"#))
        }
    }

    @Test(arguments: [
        (["/nope"], StartFailure.commandNotFound), (["nope"], .commandNotFound), (["/proc"], .notExecutable),
        (["/bin"], .notExecutable),
    ])
    func whatCannotBeStartedIsNamed(command: [String], failure: StartFailure) throws {
        try withShim(ShimUnderTest(command)) { shim in
            _ = try shim.main.call(.hello)
            guard case .failed(let found, let message) = try shim.main.call(.start) else {
                Issue.record("it was started")
                return
            }
            #expect(found == failure, "\(message)")
            #expect(try shim.shimEnd() == .code(0))
            #expect(try shim.record()?.status == .unobserved(.neverStarted))
        }
    }

    /// crun connects to hand the terminal over long before it does; a hook holds it up in between.
    @Test func runtimeThatHangsBeforeTheTerminalLeavesTheShimFree() throws {
        let directory = try TemporaryDirectory("hook")
        let sign = directory("there")
        let hook = "touch \(sign); while [ -e \(sign) ]; do sleep 0.1; done"
        try withShim(ShimUnderTest(["true"], terminal: true, hook: hook)) { shim in
            let id = try shim.main.send(.start)
            try await_("the hook to run") { try File.status(of: sign) != nil }
            let other = try shim.client()
            guard case .snapshot(let snapshot) = try other.call(.hello) else { throw HarnessError("no snapshot") }
            #expect(snapshot.state == .starting)
            guard case .accepted = try other.call(.stop(.kill())) else { throw HarnessError("not accepted") }
            guard case .failed = try shim.main.reply(to: id) else { throw HarnessError("started") }
            _ = try other.verdict()
            try File.unlink(sign)
        }
    }

    @Test func startTwiceIsRefused() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            guard case .failed(.state, _) = try shim.main.call(.start) else {
                Issue.record("started twice")
                return
            }
        }
    }

    @Test func shimLivesInACgroupOfItsOwn() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            let pid = try shim.start()
            #expect(try shim.shimCgroup.members().sorted() == [shim.shimPid, try shim.writerPid()].sorted())
            // The runtime, which started inside, may be on its way out.
            try await_("the main process to be alone") { try shim.cgroup.members() == [pid] }
        }
    }

    @Test func runcWorksToo() throws {
        try withShim(ShimUnderTest(["sh", "-c", "exit 3"], runtime: "/usr/sbin/runc")) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(3))
        }
    }

    @Test func bytesThatAreNoRequestCloseOnlyTheirConnection() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let hostile = try UnixSocket.connect(to: shim.configuration.socket)
            try hostile.writeAll([3, 0, 0, 0, 0xff, 0xff, 0xff])
            #expect(try hostile.readAll(limit: 16).isEmpty)
            guard case .snapshot(let snapshot) = try shim.main.call(.hello) else { throw HarnessError("no snapshot") }
            #expect(snapshot.state == .running)
        }
    }
}

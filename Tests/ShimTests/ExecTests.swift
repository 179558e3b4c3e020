import Lifecycle
import Linux
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ExecTests {
    private func request(_ id: String, _ command: [String], terminal: Bool = false, openStdin: Bool = false) -> ShimCall
    {
        .exec(
            ExecRequest(
                id: id, process: Array(Bundle.process(command, terminal: terminal).utf8), terminal: terminal,
                openStdin: openStdin))
    }

    private func status(of id: String, _ client: ShimClient) throws -> Lifecycle.ExitStatus {
        try client.first { if case .execExited(id, let status) = $0 { status } else { nil } }
    }

    @Test func outputFromTheFirstByteAndExitCode() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let stream = try shim.client()
            try stream.attach(.exec("a"))
            guard case .started = try shim.main.call(request("a", ["sh", "-c", "echo one; echo two >&2; exit 5"]))
            else {
                Issue.record("not started")
                return
            }
            #expect(try status(of: "a", shim.main) == .code(5))
            let output = try stream.output()
            #expect(output.containsText("one\n") && output.containsText("two\n"))
        }
    }

    @Test func inputIsPassedOnAndItsEndSeen() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let stream = try shim.client()
            try stream.attach(.exec("a"), input: true)
            _ = try shim.main.call(request("a", ["cat"], openStdin: true))
            _ = try stream.send(.input(Array("hello".utf8)))
            _ = try stream.send(.inputClosed)
            #expect(try stream.output() == "hello")
            #expect(try status(of: "a", shim.main) == .code(0))
        }
    }

    @Test func terminalHasTheSizeAskedFor() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            let stream = try shim.client()
            try stream.attach(.exec("a"), input: true)
            // The size is set when the terminal arrives, which may be after the first look.
            let script = "until stty size | grep -q '33 77'; do :; done; echo it has"
            _ = try shim.main.call(.resize(.exec("a"), rows: 33, columns: 77))
            _ = try shim.main.call(request("a", ["sh", "-c", script], terminal: true, openStdin: true))
            #expect(try stream.output().containsText("it has"))
        }
    }

    @Test func commandThatIsNotThereIsNamed() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            guard case .failed(.commandNotFound, _) = try shim.main.call(request("a", ["/nope"])) else {
                Issue.record("no failure")
                return
            }
            guard case .started = try shim.main.call(request("b", ["true"])) else {
                Issue.record("a failed exec spoils the next")
                return
            }
        }
    }

    /// More than any buffer holds.
    @Test(arguments: [false, true]) func outputNobodyTakesHoldsNothingUp(leaving: Bool) throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            if leaving {
                let stream = try shim.client()
                try stream.attach(.exec("a"))
                _ = try shim.main.call(
                    request("a", ["sh", "-c", "echo hello; read x; head -c 8000000 /dev/zero; exit 3"]))
                try stream.output(until: "hello")
                stream.close()
            } else {
                _ = try shim.main.call(request("a", ["sh", "-c", "head -c 8000000 /dev/zero; exit 3"]))
            }
            #expect(try status(of: "a", shim.main) == .code(3))
        }
    }

    /// A runtime that starts in a frozen cgroup does not come to be executed: the shim must not wait for that, as it is the
    /// one who thaws.
    @Test func execWhileSomebodyElseFreezesLeavesTheShimFree() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            try shim.cgroup.freeze()
            try await_("the cgroup to freeze") { try shim.cgroup.isFrozen() }
            _ = try shim.client().send(request("a", ["sh", "-c", "exit 5"]))
            guard case .snapshot = try shim.client().call(.hello) else { throw HarnessError("no snapshot") }
            _ = try shim.cgroup.thaw()
            #expect(try status(of: "a", shim.main) == .code(5))
        }
    }

    @Test func pausedContainerRefusesExecs() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            _ = try shim.main.call(.pause)
            guard case .failed(.state, "the container is paused") = try shim.main.call(request("a", ["true"])) else {
                throw HarnessError("not refused")
            }
            _ = try shim.main.call(.resume)
            guard case .started = try shim.main.call(request("a", ["true"])) else { throw HarnessError("not started") }
        }
    }

    /// LINUX: a process that entered by setns is reaped by its parent outside; if nobody reaps, init hangs for ever.
    @Test func containerEndsWhileExecsRun() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { shim in
            try shim.start()
            _ = try shim.main.call(request("a", ["sleep", "1000"]))
            _ = try shim.main.call(request("b", ["sleep", "1000"]))
            let report = try #require(try shim.stop(.kill()).report)
            #expect(report.status == .signal(.kill, coreDumped: false))
        }
    }
}

import Lifecycle
import Linux
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct StreamTests {
    @Test func outputReachesEveryClientAndTheLog() throws {
        try withShim(ShimUnderTest(["sh", "-c", "echo out; echo err >&2"])) { shim in
            let (first, second) = (try shim.client(), try shim.client())
            try first.attach()
            try second.attach()
            try shim.start()
            #expect(try first.output().containsText("out\n"))
            #expect(try second.output().containsText("err\n"))
            let log = try shim.logText()
            #expect(log.containsText(#"{"log":"out\n","stream":"stdout","time":""#))
            #expect(log.containsText(#"{"log":"err\n","stream":"stderr","time":""#))
        }
    }

    @Test func nothingIsLostThroughAClientThatReadsLate() throws {
        let count = 200_000
        try withShim(ShimUnderTest(["seq", "1", "\(count)"])) { shim in
            let client = try shim.client()
            try client.attach()
            try shim.start()
            #expect(try client.output().hasSuffix("\n\(count)\n"))
        }
    }

    @Test func clientThatNeverReadsDoesNotDelayTheExit() throws {
        try withShim(ShimUnderTest(["sh", "-c", "seq 1 1000000; exit 1"])) { shim in
            let idle = try shim.client()
            try idle.attach()
            try shim.start()
            try shim.awaitLog("1000")
            #expect(try shim.stop(.kill()).report != nil)
        }
    }

    /// The writer that would have to tell where the log stands is stopped: the client is told so, and the container goes on.
    @Test func whoJoinsALogThatStandsStillIsToldSo() throws {
        try withShim(
            ShimUnderTest(["sh", "-c", "trap 'echo more; exit 4' USR1; echo ready; while :; do sleep 0.1; done"])
        ) {
            shim in
            try shim.start()
            try shim.awaitLog("ready")
            let client = try shim.client()
            let writer = try Pidfd(opening: shim.writerPid())
            try writer.send(.stop)
            let reply = try client.call(
                .attachMarked(AttachRequest(target: .main, input: false, output: true, error: true)))
            guard case .failed(.system, let why) = reply else { throw HarnessError("\(reply)") }
            #expect(why.containsText("5s"), "\(why)")
            try writer.send(.cont)
            let second = try shim.client()
            guard
                case .marked(let position?) = try second.call(
                    .attachMarked(AttachRequest(target: .main, input: false, output: true, error: true)))
            else { throw HarnessError("not told") }
            #expect(position.inode == (try File.status(of: shim.configuration.log?.path ?? "")?.inode))
            #expect(position.offset == UInt64(try shim.logText().utf8.count))
            _ = try shim.main.call(.signal(.usr1))
            #expect(try second.output() == "more\n")
            #expect(try shim.main.exited().status == .code(4))
        }
    }

    @Test func inputIsReadAfterTheStart() throws {
        try withShim(ShimUnderTest(["cat"], openStdin: true)) { shim in
            let client = try shim.client()
            try client.attach(input: true)
            _ = try client.send(.input(Array("before the start".utf8)))
            _ = try client.send(.inputClosed)
            try shim.start()
            #expect(try client.output() == "before the start")
            #expect(try shim.main.exited().status == .code(0))
        }
    }

    @Test func largeInputComesThroughWhole() throws {
        let size = 3 << 20
        try withShim(ShimUnderTest(["sh", "-c", "busybox wc -c"], openStdin: true)) { shim in
            let client = try shim.client()
            try client.attach(input: true)
            try shim.start()
            for _ in 0..<(size / 65536) { _ = try client.send(.input([UInt8](repeating: 97, count: 65536))) }
            _ = try client.send(.inputClosed)
            let output = try client.output()
            #expect(output.containsText("\(size)"), "\(output)")
        }
    }

    @Test func terminalWorks() throws {
        try withShim(ShimUnderTest(["sh"], terminal: true, openStdin: true)) { shim in
            let client = try shim.client()
            try client.attach(input: true)
            try shim.start()
            #expect(try shim.main.call(.resize(.main, rows: 24, columns: 99)) == .done)
            _ = try client.send(.input(Array("stty size; exit 3\n".utf8)))
            #expect(try client.output().containsText("24 99"))
            #expect(try shim.main.exited().status == .code(3))
        }
    }

    @Test func logIsRotatedBySize() throws {
        let directory = "/tmp/quell-shimtest-log\(UInt32.random(in: 0 ... .max))"
        try File.makeDirectories(directory)
        let log = LogConfiguration(path: directory + "/l", maximumSize: 20_000, maximumFiles: 3)
        try withShim(ShimUnderTest(["sh", "-c", "seq 1 5000; sleep 0.1; seq 1 5000; sleep 0.1; echo last"], log: log)) {
            shim in
            try shim.start()
            _ = try shim.main.exited()
            let names = try File.list(directory).map(\.name).sorted()
            #expect(names.allSatisfy { ["l", "l.1", "l.2"].contains($0) } && names.count > 1)
            // A slow machine is told of the end first, and of the rest a moment later.
            try await_("the rest of the output") { try shim.logText().containsText("last") }
        }
        try File.removeTree(directory)
    }
}

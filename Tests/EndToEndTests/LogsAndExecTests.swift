import Lifecycle
import Linux
import Testing

/// What a container says, and what is run beside it.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct LogsAndExecTests {
    @Test func logsKeepStreamsApartAndOrder() throws {
        try withDaemon { daemon in
            try daemon.must(
                "run", "-d", "--name", "talks", Programs.image, "sh", "-c",
                "for i in 1 2 3; do echo $i; done; echo bad >&2")
            try daemon.must("wait", "talks")
            let end = try daemon.quell("logs", "talks")
            #expect(end.output == "1\n2\n3\n", "\(end.text)")
            #expect(end.errors == "bad\n")
        }
    }

    /// Of one stream: how two of them came together, nobody knows for certain.
    @Test func lastLinesAreTheLast() throws {
        try withDaemon { daemon in
            try daemon.must("run", "-d", "--name", "talks", Programs.image, "seq", "100")
            try daemon.must("wait", "talks")
            #expect(try daemon.must("logs", "--tail", "2", "talks") == "99\n100")
        }
    }

    @Test func followEndsWithTheContainer() throws {
        try withDaemon { daemon in
            try daemon.runReady("polite", Scripts.handles)
            let follow = try daemon.command(["logs", "-f", "polite"])
            #expect(try follow.says("ready", within: Limit.command))
            try daemon.must("stop", "polite")
            let end = try follow.finish(within: Limit.command)
            #expect(end.succeeded, "\(end.text)")
            #expect(end.output.contains("saved"), "the last words too: \(end.text)")
        }
    }

    @Test func slowReaderDoesNotDelayTheExit() throws {
        try withDaemon { daemon in
            let script =
                #"trap "exit 0" TERM; echo ready; while :; do yes 0123456789 | head -n 20000; sleep 0.01; done"#
            try daemon.must(
                "run", "-d", "--name", "floods", "--log-opt", "max-size=1m", Programs.image, "sh", "-c", script)
            // A client that reads nothing: its pipe is full within milliseconds.
            let deaf = try daemon.command(["attach", "--no-stdin", "floods"])
            try daemon.waitForLog("floods", "0123456789")
            let end = try daemon.quell("stop", "--format", "json", "--ladder", "TERM@all:2s, KILL", "floods")
            #expect(end.succeeded, "\(end.text)")
            #expect(try StopVerdict.one(end).verdict == "exited")
            try deaf.send(.kill)
        }
    }

    @Test func execRunsInTheContainerAndHasItsOwnCode() throws {
        try withDaemon { daemon in
            try daemon.runReady("host", Scripts.handles, options: ["-e", "COLOUR=blue", "--hostname", "box"])
            let end = try daemon.quell(
                "exec", "-e", "SHAPE=round", "-w", "/tmp", "host", "sh", "-c",
                "echo $COLOUR $SHAPE; pwd; hostname; exit 9")
            #expect(end.status == .code(9), "\(end.text)")
            #expect(end.output == "blue round\n/tmp\nbox\n")
            #expect(try daemon.quell("exec", "host", "nosuchcommand").status == .code(127))
            #expect(try daemon.quell("exec", "host", "/bin/text").status == .code(126))
        }
    }

    @Test func execThatOutlivesTheMainProcessEndsWithTheContainer() throws {
        try withDaemon { daemon in
            try daemon.runReady("host", Scripts.handles)
            let exec = try daemon.command(["exec", "host", "sh", "-c", "echo inside; sleep 3600"])
            #expect(try exec.says("inside", within: Limit.command))
            let end = try daemon.quell("stop", "--format", "json", "host")
            #expect(try StopVerdict.one(end).verdict == "exited", "\(end.text)")
            #expect(try exec.finish(within: Limit.command).status == .code(137))
        }
    }

    @Test func topShowsTheProcesses() throws {
        try withDaemon { daemon in
            try daemon.runReady("host", Scripts.handles)
            #expect(try daemon.must("top", "host").contains("sleep"))
        }
    }

    @Test func copyInAndOut() throws {
        try withDaemon { daemon in
            try daemon.runReady("host", Scripts.handles)
            try File.write("payload\n", to: daemon.directory + "/in")
            try daemon.must("cp", daemon.directory + "/in", "host:/tmp/there")
            #expect(try daemon.must("exec", "host", "cat", "/tmp/there") == "payload")
            try daemon.must("cp", "host:/tmp/there", daemon.directory + "/out")
            #expect(String(decoding: try File.read(daemon.directory + "/out"), as: UTF8.self) == "payload\n")
            #expect(try daemon.must("diff", "host").contains("/tmp/there"))
        }
    }
}

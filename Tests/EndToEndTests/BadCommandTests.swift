import Lifecycle
import Linux
import Testing

/// A command that is not in the image (127), or is no program (126).
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BadCommandTests {
    @Test(arguments: [("nosuchcommand", 127 as UInt8, "not found"), ("/bin/text", 126, "ermission denied")])
    func isNamedAndHasItsStatus(_ command: String, _ code: UInt8, _ reason: String) throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                try daemon.refuses(["run", "--rm", Programs.image, command], code: code, saying: [command, reason])
                try daemon.refuses(
                    ["run", "-d", "--name", "kept", Programs.image, command], code: code, saying: [command, reason])
                // Without --rm it stays, with its status, until it is removed.
                #expect(try daemon.inspect("kept", ".State.ExitCode") == "\(code)")
                #expect(try daemon.inspect("kept", ".State.Error").contains(reason))
                #expect(try daemon.inspect("kept", ".State.Pid") == "0")
                try daemon.refuses(["start", "kept"], code: 1, saying: [command, reason])
                try daemon.must("rm", "kept")
                let exec = try daemon.quell("exec", "runs", command)
                #expect(exec.status == .code(code), "\(exec.text)")
                #expect(exec.text.contains(command) && exec.text.contains(reason), "\(exec.text)")
            }
        }
    }

    /// A restart policy does not run against a wall for ever: a start that fails is no end of a run.
    @Test func isNotTriedAgainAndAgain() throws {
        try withDaemon { daemon in
            try daemon.refuses(
                ["run", "-d", "--restart", "always", "--name", "wrong", Programs.image, "nosuchcommand"], code: 127,
                saying: ["nosuchcommand"])
            #expect(try daemon.inspect("wrong", ".RestartCount") == "0")
            #expect(try daemon.inspect("wrong", ".State.Status") == "exited")
        }
    }

    /// The command came to be there later: the same container starts.
    @Test func startsOnceTheCommandIsThere() throws {
        try withDaemon { daemon in
            try daemon.refuses(
                ["run", "-d", "--name", "late", Programs.image, "/tool"], code: 127, saying: ["/tool"])
            try File.write("#!/bin/sh\nexit 4\n", to: daemon.directory + "/tool")
            try File.setMode(0o755, of: daemon.directory + "/tool")
            try daemon.must("cp", daemon.directory + "/tool", "late:/tool")
            try daemon.must("start", "late")
            #expect(try daemon.must("wait", "late") == "4")
        }
    }
}

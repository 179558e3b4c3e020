import Lifecycle
import Linux
import Testing

/// `quell run` as a user types it.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RunTests {
    @Test func outputAndExitCodeAreTheCommands() throws {
        try withDaemon { daemon in
            let end = try daemon.quell("run", "--rm", Programs.image, "sh", "-c", "echo out; echo err >&2; exit 42")
            #expect(end.status == .code(42), "\(end.text)")
            #expect(end.output == "out\n")
            #expect(end.errors == "err\n")
            #expect(try daemon.must("ps", "-aq") == "", "--rm leaves nothing")
        }
    }

    @Test func endBySignalIs128PlusItsNumber() throws {
        try withDaemon { daemon in
            // PID 1 is deaf to its own KILL, so a child of it is what dies, and the shell passes that on.
            let end = try daemon.quell("run", "--rm", Programs.image, "sh", "-c", "sh -c 'kill -9 $$'; exit $?")
            #expect(end.status == .code(137), "\(end.text)")
        }
    }

    @Test func missingCommandIs127AndNotExecutableIs126() throws {
        try withDaemon { daemon in
            let missing = try daemon.quell("run", "--rm", Programs.image, "nosuchcommand")
            #expect(missing.status == .code(127), "\(missing.text)")
            #expect(missing.errors.contains("nosuchcommand"), "\(missing.text)")
            let text = try daemon.quell("run", "--rm", Programs.image, "/bin/text")
            #expect(text.status == .code(126), "\(text.text)")
            #expect(try daemon.must("ps", "-aq") == "")
        }
    }

    @Test func environmentDirectoryUserAndHostname() throws {
        try withDaemon { daemon in
            let output = try daemon.must(
                "run", "--rm", "-e", "COLOUR=blue", "-w", "/tmp", "-u", "user", "--hostname", "box", Programs.image,
                "sh", "-c", "echo $COLOUR; pwd; id -u; hostname")
            #expect(output == "blue\n/tmp\n1000\nbox")
        }
    }

    @Test func volumeIsSharedWithTheHost() throws {
        try withDaemon { daemon in
            try File.makeDirectory(daemon.directory + "/shared")
            try daemon.must(
                "run", "--rm", "-v", daemon.directory + "/shared:/data", Programs.image, "sh", "-c",
                "echo seen >/data/file")
            #expect(String(decoding: try File.read(daemon.directory + "/shared/file"), as: UTF8.self) == "seen\n")
        }
    }

    @Test func signalMaskAndHandlersAreClean() throws {
        try withDaemon { daemon in
            let status = try daemon.must("run", "--rm", Programs.image, "cat", "/proc/self/status")
            for name in ["SigBlk", "SigIgn"] {
                let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
                #expect(line?.hasSuffix("0000000000000000") == true, "\(line ?? "no \(name)")")
            }
        }
    }

    @Test func nothingIsLeftOfAContainerThatWasRemoved() throws {
        try withDaemon { daemon in
            try daemon.runReady("gone", Scripts.handles)
            let id = try daemon.inspect("gone", ".Id")
            let parent = daemon.cgroupParent
            #expect(try !HostView.cgroups(of: id, parent: parent).isEmpty, "the check itself sees cgroups")
            try daemon.must("rm", "-f", "gone")
            #expect(try HostView.cgroups(of: id, parent: parent) == [])
            #expect(try HostView.mounts(under: daemon.directory) == [])
            #expect(try File.status(of: "\(daemon.dataRoot)/containers/\(id)") == nil)
            #expect(try File.status(of: "\(daemon.runRoot)/c/\(id)") == nil)
        }
    }
}

import Lifecycle
import Linux
import Testing

/// quelld's own start, its socket, and its neighbours.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DaemonTests {
    @Test func secondDaemonOnTheSameRootIsRefused() throws {
        try withDaemon { daemon in
            let second = try RunningCommand(
                try Programs.path("quelld"),
                [
                    "--data-root", daemon.dataRoot, "--run-root", daemon.runRoot + "2", "-H",
                    "unix://\(daemon.directory)/2.sock",
                ],
                environment: Programs.environment)
            let end = try second.finish(within: Limit.start)
            #expect(end.status != .code(0) && end.status != nil, "\(end.text)")
            #expect(end.errors.contains(daemon.dataRoot), "it names the root: \(end.text)")
            #expect(try daemon.quell("version").succeeded, "the first goes on")
        }
    }

    @Test func takenSocketIsRefusedAndLeftAlone() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        let listener = try UnixSocket.listen(at: daemon.socket)
        let end = try daemon.launch().finish(within: Limit.start)
        #expect(end.status != .code(0) && end.status != nil, "\(end.text)")
        #expect(end.errors.contains(daemon.socket), "it names the socket: \(end.text)")
        #expect(try File.status(of: daemon.socket) != nil)
        _ = consume listener
    }

    @Test func socketThatIsAFileIsRefusedAndLeftAlone() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        try File.write("precious\n", to: daemon.socket)
        let end = try daemon.launch().finish(within: Limit.start)
        #expect(end.status != .code(0) && end.status != nil, "\(end.text)")
        #expect(String(decoding: try File.read(daemon.socket), as: UTF8.self) == "precious\n")
    }

    @Test func socketLeftByACrashIsReplaced() throws {
        try withDaemon { daemon in
            try daemon.crash()
            #expect(try File.status(of: daemon.socket) != nil, "a crash leaves it")
            try daemon.start()
        }
    }

    @Test func damagedDatabaseIsRefusedAndKept() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        try File.makeDirectories(daemon.dataRoot)
        let garbage = String(repeating: "this is no database. ", count: 500)
        try File.write(garbage, to: daemon.dataRoot + "/quell.db")
        let end = try daemon.launch().finish(within: Limit.start)
        #expect(end.status != .code(0) && end.status != nil, "\(end.text)")
        #expect(end.errors.contains("quell.db"), "it names the file: \(end.text)")
        #expect(String(decoding: try File.read(daemon.dataRoot + "/quell.db"), as: UTF8.self) == garbage)
    }

    @Test func twoDaemonsLiveSideBySide() throws {
        try withDaemon { first in
            try withDaemon { second in
                try first.runReady("same", Scripts.handles)
                try second.runReady("same", Scripts.handles)
                #expect(try first.quell("stop", "same").succeeded)
                #expect(try second.inspect("same", ".State.Running") == "true")
            }
        }
    }

    @Test func withoutADaemonTheCommandLineSaysHowToStartOne() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        let end = try daemon.quell("ps")
        #expect(end.status == .code(1), "\(end.text)")
        #expect(end.errors.contains("quelld"), "\(end.text)")
        #expect(end.errors.contains(daemon.socket), "\(end.text)")
    }

    @Test func vanishedRunDirectoryLosesNoContainer() throws {
        try withDaemon { daemon in
            try daemon.runReady("kept", Scripts.handles)
            let pid = try daemon.inspect("kept", ".State.Pid")
            try daemon.crash()
            try File.rename(daemon.runRoot, to: daemon.runRoot + ".gone")
            try daemon.start()
            // Its supervisor cannot be reached, so whatever is said must not be that it has ended.
            let state = try daemon.inspect("kept", ".State.Status")
            #expect(state != "exited", "\(state), though pid \(pid) runs")
            #expect(try File.status(of: "/proc/\(pid)") != nil)
            try daemon.crash()
            try File.removeTree(daemon.runRoot)
            try File.rename(daemon.runRoot + ".gone", to: daemon.runRoot)
            try daemon.start()
        }
    }
}

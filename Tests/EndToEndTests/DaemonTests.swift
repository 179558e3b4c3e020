import Lifecycle
import Linux
import Testing

/// quelld's own start, its socket, and its neighbours.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DaemonTests {
    /// A second one with another socket, and one root of its own.
    private func second(_ daemon: Daemon, data: String, run: String) throws -> Finished {
        try RunningCommand(
            try Programs.path("quelld"),
            ["--data-root", data, "--run-root", run, "-H", "unix://\(daemon.directory)/2.sock"],
            environment: Programs.environment
        ).finish(within: Limit.start)
    }

    @Test func secondDaemonOnTheSameRootIsRefused() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let pid = try #require(daemon.process).pid
                let sameData = try second(daemon, data: daemon.dataRoot, run: daemon.runRoot + "2")
                let sameRun = try second(daemon, data: daemon.dataRoot + "2", run: daemon.runRoot)
                for (end, root, option) in [
                    (sameData, daemon.dataRoot, "--data-root"), (sameRun, daemon.runRoot, "--run-root"),
                ] {
                    #expect(end.status == .code(1), "\(end.text)")
                    for word in [root, "another quelld (pid \(pid))", "another " + option] {
                        #expect(end.errors.contains(word), "no \(word) in: \(end.text)")
                    }
                }
                #expect(try File.status(of: daemon.directory + "/2.sock") == nil)
            }
        }
    }

    @Test func takenSocketIsRefusedAndLeftAlone() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        let listener = try UnixSocket.listen(at: daemon.socket)
        try daemon.mustNotStart(saying: [daemon.socket, "in use", "choose another path with -H"])
        // Whoever was there first still gets its connections.
        let client = try UnixSocket.connect(to: daemon.socket)
        #expect(try UnixSocket.accept(listener) != nil)
        try client.close()
    }

    /// The socket of a running quelld, taken by a second one with roots of its own.
    @Test func socketOfAnotherDaemonIsLeftAlone() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let end = try RunningCommand(
                    try Programs.path("quelld"),
                    [
                        "--data-root", daemon.directory + "/data2", "--run-root", daemon.directory + "/run2", "-H",
                        "unix://" + daemon.socket,
                    ], environment: Programs.environment
                ).finish(within: Limit.start)
                #expect(end.status == .code(1), "\(end.text)")
                #expect(end.errors.contains("socket \(daemon.socket) is in use"), "\(end.text)")
            }
        }
    }

    @Test func placesWhereNoSocketCanBe() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        try File.write("precious\n", to: daemon.socket)
        try daemon.mustNotStart(saying: [daemon.socket, "no socket", "remove it or choose another path"])
        #expect(String(decoding: try File.read(daemon.socket), as: UTF8.self) == "precious\n")
        let below = daemon.socket + "/below/q.sock"
        try daemon.mustNotStart(["-H", "unix://" + below], saying: [daemon.socket])
        try File.unlink(daemon.socket)
        try File.makeDirectory(daemon.socket)
        try daemon.mustNotStart(saying: [daemon.socket, "no socket"])
        for (host, word) in [("tcp://0.0.0.0:2375", "client certificates"), ("unix://relative", "an absolute path")] {
            try daemon.mustNotStart(["-H", host], saying: [host.hasPrefix("unix") ? "relative" : host, word])
        }
    }

    @Test func socketLeftByACrashIsReplaced() throws {
        try withDaemon { daemon in
            try daemon.crash()
            #expect(try File.status(of: daemon.socket) != nil, "a crash leaves it")
            try daemon.start()
        }
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
        #expect(end.errors.contains("Start one with: quelld"), "\(end.text)")
        #expect(end.errors.contains(daemon.socket), "\(end.text)")
    }
}

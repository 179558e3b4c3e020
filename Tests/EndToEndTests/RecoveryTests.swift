import Lifecycle
import Linux
import TestKit
import Testing

/// quelld is killed; nothing is lost.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RecoveryTests {
    @Test func stopGoesOnThoughTheDaemonIsKilled() throws {
        try withDaemon { daemon in
            try daemon.runReady("stubborn", Scripts.ignores)
            let client = try daemon.command(["stop", "-t", "2", "stubborn"])
            try daemon.waitUntilStopping()
            try daemon.crash()
            try daemon.start()
            let end = try client.finish(within: Limit.command)
            #expect(end.succeeded, "its client finds the next daemon: \(end.text)")
            #expect(try daemon.must("wait", "stubborn") == "137")
            #expect(try daemon.inspect("stubborn", ".State.Status") == "exited")
        }
    }

    @Test func endWhileTheDaemonIsDeadIsFound() throws {
        try withDaemon { daemon in
            try File.makeDirectory(daemon.directory + "/shared")
            let script = "echo ready; while [ ! -e /data/end ]; do sleep 0.1; done; echo last words; exit 5"
            try daemon.runReady("alone", script, options: ["-v", daemon.directory + "/shared:/data"])
            let id = try daemon.inspect("alone", ".Id")
            try daemon.crash()
            try File.write("", to: daemon.directory + "/shared/end")
            let record = "\(daemon.dataRoot)/containers/\(id)/exit"
            try eventually("the exit is recorded", within: Limit.command) { try File.status(of: record) != nil }
            try daemon.start()
            #expect(try daemon.inspect("alone", ".State.ExitCode") == "5")
            #expect(try daemon.must("logs", "alone").contains("last words"))
        }
    }

    @Test func runningContainersAreFoundAgain() throws {
        try withDaemon { daemon in
            try daemon.runReady("survivor", Scripts.handles)
            let pid = try daemon.inspect("survivor", ".State.Pid")
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.inspect("survivor", ".State.Pid") == pid)
            #expect(try daemon.inspect("survivor", ".State.Running") == "true")
            #expect(try daemon.must("exec", "survivor", "echo", "hello") == "hello")
            #expect(try daemon.quell("stop", "survivor").succeeded)
            #expect(try daemon.inspect("survivor", ".State.ExitCode") == "0")
        }
    }

    @Test func cleanShutdownLeavesContainersRunning() throws {
        try withDaemon { daemon in
            try daemon.runReady("survivor", Scripts.handles)
            let pid = try daemon.inspect("survivor", ".State.Pid")
            let end = try daemon.shutDown()
            #expect(end?.status == .code(0), "\(end?.text ?? "")")
            #expect(try File.status(of: "/proc/\(pid)") != nil)
            try daemon.start()
            #expect(try daemon.inspect("survivor", ".State.Pid") == pid)
        }
    }

    @Test func removalCutShortIsFinished() throws {
        try withDaemon { daemon in
            for number in 1...5 { try daemon.must("create", "--name", "c\(number)", Programs.image, "true") }
            let removing = try daemon.command(["rm", "c1", "c2", "c3", "c4", "c5"])
            try daemon.crash()
            _ = try removing.finish(within: Limit.command)
            try daemon.start()
            // Each is wholly there or wholly gone.
            let names = try daemon.must("ps", "-a", "--format", "{{.Names}}").split(separator: "\n")
            let directories = try File.list(daemon.dataRoot + "/containers").count
            #expect(directories == names.count)
            #expect(try HostView.mounts(under: daemon.directory) == [])
        }
    }
}

import FoundationEssentials
import Lifecycle
import Linux
import TestKit
import Testing

/// `quell release` on containers that really hang; the engine answers all other calls meanwhile.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct ReleaseTests {
    /// An object of `quell release --format json`, as a program of the user's would read it.
    private struct Report: Decodable {
        struct Remedy: Decodable {
            var remedy: String
            var outcome: String
            var detail: String?
            var option: String?
            var users: [User]?
        }
        struct User: Decodable {
            var pid: Int32
            var container: String?
            var use: String
        }
        struct Task: Decodable {
            var pid: Int32
            var comm: String
        }
        var name: String
        var reason: String?
        var remedies: [Remedy]
        var freed: [Task]
        var held: [Task]
        var populated: Bool?

        func outcome(_ name: String) -> String? { remedies.first { $0.remedy == name }?.outcome }
    }

    private func release(_ daemon: Daemon, _ arguments: String..., status: UInt8) throws -> Report {
        let end = try daemon.command(["release", "--format", "json"] + arguments).finish(within: Limit.command)
        #expect(end.status == .code(status), "\(end.text)")
        return try JSONDecoder().decode(Report.self, from: Data(end.output.utf8))
    }

    private func expectPrompt(_ daemon: Daemon) throws {
        for arguments in [["ps"], ["inspect", "doomed"], ["info"], ["jobs"]] {
            let end = try daemon.command(arguments).finish(within: Limit.command)
            #expect(end.succeeded && end.elapsed < Limit.atOnce, "\(arguments): \(end.text)")
        }
    }

    @Test(.enabled(if: hasFUSE, "no /dev/fuse")) func stuckStopIsFreedByAbortingItsFileSystem() throws {
        try withDaemon { daemon in
            let hung = try HungFileSystem()
            defer { #expect(throws: Never.self) { try hung.abort() } }
            for name in ["doomed", "bystander"] {
                let script = name == "doomed" ? "cat /hung/file & wait" : Scripts.handles
                let end = try daemon.quell(
                    "run", "-d", "--name", name, "--label", "quell.stop.kill-deadline=500ms", "-v",
                    hung.path + ":/hung", Programs.image, "sh", "-c", script)
                try #require(end.succeeded, "\(end.text)")
            }
            try hung.waitUntilRead()
            let events = try daemon.command(["events", "--filter", "container=doomed"])
            #expect(try daemon.quell("stop", "doomed").status == .code(3))
            let safe = try release(daemon, "doomed", status: 3)
            #expect(safe.reason == "fuse" && safe.outcome("abort-fuse") == "needs-option", "\(safe)")
            #expect(safe.held.contains { $0.comm == "cat" })
            try expectPrompt(daemon)
            // Another container has it mounted: it is named, and spared.
            let refused = try release(daemon, "--abort-fuse", "doomed", status: 1)
            let remedy = try #require(refused.remedies.first { $0.remedy == "abort-fuse" })
            #expect(remedy.outcome == "refused", "\(remedy)")
            #expect(remedy.users?.contains { $0.container == "bystander" } == true, "\(remedy)")
            #expect(try daemon.inspect("doomed", ".State.Running") == "true")
            let dry = try release(daemon, "--abort-fuse", "--force", "--dry-run", "doomed", status: 0)
            #expect(dry.outcome("abort-fuse") == "would-do")
            let done = try release(daemon, "--abort-fuse", "--force", "doomed", status: 0)
            #expect(done.outcome("abort-fuse") == "done" && done.freed.contains { $0.comm == "cat" }, "\(done)")
            #expect(try daemon.must("wait", "doomed") == "137")
            #expect(try events.says(" release ", within: Limit.atOnce), "\(events.outputSoFar)")
            #expect(events.outputSoFar.contains("abort-fuse"), "\(events.outputSoFar)")
        }
    }

    @Test(.enabled(if: FrozenFileSystem.isSupported, "no file system to freeze"))
    func writerOnAFrozenFileSystemIsFreedByThawingIt() throws {
        try withDaemon { daemon in
            let frozen = try FrozenFileSystem()
            let end = try daemon.quell(
                "run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=500ms", "-v",
                frozen.path + ":/data", Programs.image, "sh", "-c",
                "echo ready; while :; do echo x >> /data/log; done")
            try #require(end.succeeded, "\(end.text)")
            try daemon.waitForLog("doomed", "ready")
            try frozen.freeze()
            #expect(try daemon.quell("stop", "-t", "1", "doomed").status == .code(3))
            try expectPrompt(daemon)
            let safe = try release(daemon, "doomed", status: 3)
            #expect(safe.reason == "fs-frozen" && safe.outcome("thaw-fs") == "needs-option", "\(safe)")
            let done = try release(daemon, "--thaw-fs", "doomed", status: 0)
            #expect(done.outcome("thaw-fs") == "done", "\(done)")
            #expect(try daemon.must("wait", "doomed") == "137")
        }
    }

    @Test func frozenAndStoppedContainerIsReleasedWithoutOptions() throws {
        try withDaemon { daemon in
            try daemon.runReady("paused", Scripts.handles)
            try daemon.must("pause", "paused")
            _ = try daemon.quell("release", "paused")
            #expect(try daemon.inspect("paused", ".State.Status") == "running", "the engine knows of the thaw")
            let main = try #require(Int32(try daemon.inspect("paused", ".State.Pid")))
            try Pidfd(opening: main).send(.stop)
            try eventually("it is stopped") { try Procfs.status(of: main).state == "T" }
            let report = try release(daemon, "paused", status: 0)
            #expect(report.outcome("continue-process") == "done", "\(report)")
            #expect(try Procfs.status(of: main).state != "T")
            #expect(try daemon.quell("stop", "paused").succeeded)
        }
    }

    @Test func tracerIsNamedAndEnded() throws {
        try withDaemon { daemon in
            try daemon.runReady("traced", Scripts.deaf)
            let main = try #require(Int32(try daemon.inspect("traced", ".State.Pid")))
            let tracer = try Misbehaviour.traceLazily(main).start()
            let end = try daemon.quell(
                "stop", "-t", "0", "--kill-deadline", "500ms", "traced")
            #expect(end.status == .code(3), "a tracer keeps its death to itself: \(end.text)")
            let safe = try release(daemon, "traced", status: 0)
            #expect(safe.remedies.contains { $0.option == "--kill-tracer \(tracer.pid)" }, "\(safe)")
            let done = try release(daemon, "--kill-tracer", "\(tracer.pid)", "traced", status: 0)
            #expect(done.outcome("kill-tracer") == "done", "\(done)")
            #expect(try daemon.must("wait", "traced") == "137")
        }
    }

    @Test(.enabled(if: hasFUSE, "no /dev/fuse")) func anyProcessIsReleasedWithoutADaemon() throws {
        let hung = try HungFileSystem()
        defer { #expect(throws: Never.self) { try hung.abort() } }
        let group = try TestCgroup()
        let reader = try OwnedProcess("/bin/busybox", ["cat", hung.file], in: group.cgroup)
        try hung.waitUntilRead()
        try reader.send(.kill)
        let quell = try Programs.path("quell")
        let end = try Programs.system(
            quell, ["-H", "unix:///nowhere", "release", "--abort-fuse", "--cgroup", group.cgroup.path])
        #expect(end.succeeded && end.output.contains("aborted"), "\(end.text)")
        try reader.waitUntilEnded()
        let wrong = try Programs.system(quell, ["release", "--pid", "\(reader.pid)"])
        #expect(wrong.status == .code(1) && wrong.errors.contains("no process"), "\(wrong.text)")
        let nothing = try Programs.system(quell, ["release"])
        #expect(nothing.status == .code(1), "\(nothing.text)")
    }
}

private let hasFUSE: Bool = {
    do { return try File.status(of: "/dev/fuse") != nil } catch { return false }
}()

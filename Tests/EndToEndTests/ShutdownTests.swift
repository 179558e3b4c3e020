import Lifecycle
import Linux
import TestKit
import Testing

/// quelld ends when it is told to, whatever its calls wait for, and its data root is free again.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ShutdownTests {
    @Test func aCallThatDoesNotEndHoldsNothingUp() throws {
        try withHangingStart { daemon in
            let began = MonotonicClock.now()
            let end = try #require(try daemon.shutDown())
            #expect(end.succeeded, "\(end.text)")
            #expect(end.errors.contains("calls under way do not end: not waiting for them"), "\(end.text)")
            // The grace period is 5 s; then 2 s for the calls, and at most 5 s for clearing away.
            #expect(MonotonicClock.now() - began < .seconds(20))
        }
    }

    @Test func theSecondSignalWaitsForNothing() throws {
        try withHangingStart { daemon in
            let process = try #require(daemon.process)
            try process.send(.term)
            try #require(try process.says("ending", within: Limit.atOnce))
            let began = MonotonicClock.now()
            let end = try #require(try daemon.shutDown())
            #expect(end.succeeded && MonotonicClock.now() - began < .milliseconds(6500), "\(end.text)")
            #expect(end.errors.contains("second signal: waiting for nothing any more"), "\(end.text)")
        }
    }

    /// Who looks at a file system that does not answer is a child: quelld itself can be killed, and its lock goes with it.
    @Test func aLookThatHangsKeepsNoLock() throws {
        let hung = try HungFileSystem()
        try withDaemon { daemon in
            let creating = try daemon.command([
                "create", "--mount", "type=bind,source=\(hung.silent),target=/x", Programs.image, "true",
            ])
            try hung.waitUntilRead()
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.must("ps", "-aq") == "")
            try hung.abort()
            _ = try creating.finish(within: .zero)
        }
    }

    /// A runtime that never answers keeps `start` waiting for more than a minute.
    private func withHangingStart(_ body: (Daemon) throws -> Void) throws {
        let daemon = try Daemon()
        var starting: RunningCommand?
        do {
            let runtime = daemon.directory + "/runtime"
            try File.open(runtime, [.writeOnly, .create], mode: 0o755).writeAll(
                Array("#!/bin/sh\n[ \"$1\" = --version ] && exec crun --version\nexec sleep 1000\n".utf8))
            let file = daemon.directory + "/daemon.json"
            try File.open(file, [.writeOnly, .create]).writeAll(
                Array("{\"runtimes\":{\"hangs\":{\"path\":\"\(runtime)\"}}}".utf8))
            try daemon.start(["--config-file", file])
            try daemon.must("image", "import", try Programs.rootfs(in: daemon.directory), Programs.image)
            try daemon.must("create", "--name", "never", "--runtime", "hangs", Programs.image, "true")
            starting = try daemon.command(["start", "never"])
            try eventually("the runtime is called", within: Limit.command) {
                try HostView.tasks(of: daemon.cgroupParent).contains("sleep")
            }
            try body(daemon)
            // The next one may begin at once.
            try daemon.start(["--config-file", file])
            #expect(try daemon.must("ps", "-a").contains("never"))
        } catch {
            do { try daemon.cleanUp() } catch { Issue.record("while cleaning up: \(error)") }
            throw error
        }
        _ = try starting?.finish(within: .zero)
        try daemon.cleanUp()
    }
}

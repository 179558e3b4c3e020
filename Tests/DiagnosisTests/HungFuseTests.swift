import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// LINUX 17, 18: the commonest case of all, on the real kernel.
@Suite("Who hangs in a FUSE file system is explained", .timeLimit(.minutes(1)))
struct HungFuseTests {
    @Test("reason, file, mount, connection and server, within a second")
    func explained() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        let child = try Stage.start(["cat", hung.file], in: group.cgroup)
        try hung.waitUntilRead()
        try group.cgroup.kill()
        let explanation = try Stage.explain(Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])) { $0.isStuck }
        let cause = try #require(explanation.causes.first)
        #expect(cause.reason == .fuse && cause.certainty == .proven)
        let task = try #require(cause.tasks.first)
        #expect(task.pid == child.pid && task.comm == "busybox" && task.state == "D" && task.isKillPending)
        // Where FUSE is a module, its name stands behind it.
        #expect(task.stack.contains { $0 == "request_wait_answer" || $0 == "request_wait_answer [fuse]" })
        #expect(task.call?.name == "read" || task.call?.name == "sendfile")
        #expect(task.file?.path == hung.file)
        #expect(task.mount?.mountPoint == hung.path && task.mount?.type == "fuse.quell-hung")
        guard case .fuse(let connection)? = cause.blockers.first else { throw TestFailure("no FUSE blocker") }
        #expect(try connection.number == hung.connection())
        // Before 6.11 the kernel does not tell which connection a /dev/fuse serves.
        #expect(try connection.isServerKnown == Stage.kernel(isAtLeast: 6, 11))
        #expect(connection.servers.map(\.pid) == [ProcessSelf.pid])
        #expect(cause.remedies.contains(.abortFuse(connection: connection.number, mountPoint: hung.path)))
        #expect(explanation.evidence.elapsed < Stage.promise)
        try hung.abort()
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) != nil)
    }

    @Test("a path that is looked up is read from the task's memory by a disposable child")
    func lookedUp() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        let child = try Stage.start(["stat", hung.silent], in: group.cgroup)
        try hung.waitUntilRead()
        let explanation = try Stage.explain(Subject(.process(child.pid), main: child.pid)) {
            $0.causes.first?.certainty == .expected && $0.causes.first?.tasks.first?.file != nil
        }
        let task = try #require(explanation.causes.first?.tasks.first)
        #expect(explanation.reason == .fuse && !explanation.isStuck)
        #expect(task.file?.path == hung.silent && task.mount?.mountPoint == hung.path)
        #expect(explanation.evidence.probes.started > 0 && explanation.evidence.probes.abandoned == 0)
        try hung.abort()
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) != nil)
    }
}

import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// An NFS server that does not answer, where the kernel has a client; `make test-v2` boots one that has (LINUX 20).
@Suite(.serialized, .enabled(if: NetworkFileSystem.isSupported), .timeLimit(.minutes(3)))
struct NetworkFileSystemTests {
    private func subject(_ group: TestCgroup) -> Subject {
        Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
    }

    /// Most calls of NFS end by KILL: that is known before one is sent, as far as can be.
    @Test func readerIsExplainedAndEndsByKill() throws {
        let share = try NetworkFileSystem()
        let group = try TestCgroup()
        try share.stop()
        let reader = try OwnedProcess("/bin/busybox", ["ls", share.path], in: group.cgroup)
        let explanation = try Stage.explain(subject(group)) { $0.reason == .nfs && $0.causes[0].certainty == .expected }
        #expect(explanation.line.contains("127.0.0.1") && explanation.line.contains(share.path), "\(explanation.line)")
        #expect(explanation.remedies.first == .forceUnmount(mountPoint: share.path))
        #expect(!explanation.isStuck)
        try group.cgroup.kill()
        #expect(try reader.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// What was written has to reach the server before the file is closed, KILL or not.
    @Test func writerThatWasKilledHangsAndIsFreedByAForcedUnmount() throws {
        let share = try NetworkFileSystem()
        let writer = try Misbehaviour.write(share.file).start()
        try eventually("it has written") { try Procfs.status(of: writer.pid).state == "S" }
        try share.stop()
        try writer.process.send(.kill)
        try eventually("it hangs") { try Procfs.status(of: writer.pid).state == "D" }
        let explanation = try Stage.explain(subject(writer.group)) { $0.isStuck }
        #expect(explanation.reason == .nfs, "\(explanation.causes)")
        let cause = try #require(explanation.causes.first)
        #expect(cause.blockers == [.networkServer("127.0.0.1", mountPoint: share.path)], "\(cause)")
        #expect(cause.remedies.contains(.forceUnmount(mountPoint: share.path)))
        let untouched = try Stage.release(subject(writer.group))
        #expect(untouched.outcome("force-unmount") == .needsOption && untouched.isPopulated == true)
        let done = try Stage.release(subject(writer.group)) { $0.forceUnmount = true }
        #expect(done.outcome("force-unmount") == .done, "\(done.remedies)")
        #expect(done.isPopulated == false && done.held.isEmpty, "\(done)")
        try writer.process.waitUntilEnded()
    }

    /// Unmounted by force behind our back, it is mounted no more where we look, and the writer goes on hanging: it asks the
    /// server anew when it closes its file. It is reached through the mounts that it has itself.
    @Test func writerWhoHasItMountedAloneIsFreedThroughItsOwnMounts() throws {
        let share = try NetworkFileSystem()
        let group = try TestCgroup()
        // As a container has it: a copy of the mounts, from which nothing comes back.
        let words = ["--mount", "--propagation", "private", try Misbehaviour.program(), "write", share.file]
        let writer = try OwnedProcess("/usr/bin/unshare", words, in: group.cgroup)
        #expect(try writer.nextLine() == "ready")
        try eventually("it has written") { try Procfs.status(of: writer.pid).state == "S" }
        try share.stop()
        try Mount.unmount(share.path, lazily: true)
        try writer.send(.kill)
        try eventually("it hangs") { try Procfs.status(of: writer.pid).state == "D" }
        let stuck = try Stage.explain(subject(group)) { $0.isStuck }
        #expect(
            stuck.remedies.first == .forceUnmount(mountPoint: share.path, namespaceOf: writer.pid), "\(stuck.remedies)")
        let done = try Stage.release(subject(group)) { $0.forceUnmount = true }
        #expect(done.outcome("force-unmount") == .done && done.isPopulated == false, "\(done)")
        #expect(try writer.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    @Test func othersWhoUseItAreNamedAndSparedUnlessForced() throws {
        let share = try NetworkFileSystem()
        let other = try OwnedProcess("/bin/sh", ["-c", "cd '\(share.path)' && echo in && exec sleep 1000"])
        #expect(try other.nextLine() == "in")
        let writer = try Misbehaviour.write(share.file).start()
        try eventually("it has written") { try Procfs.status(of: writer.pid).state == "S" }
        try share.stop()
        try writer.process.send(.kill)
        try eventually("it hangs") { try Procfs.status(of: writer.pid).state == "D" }
        let refused = try Stage.release(subject(writer.group)) { $0.forceUnmount = true }
        let report = try #require(refused.remedies.first { $0.remedy.name == "force-unmount" })
        #expect(report.outcome == .refused && report.users.contains { $0.pid == other.pid }, "\(report)")
        #expect(try !writer.process.isGone())
        let forced = try Stage.release(subject(writer.group)) { ($0.forceUnmount, $0.isForced) = (true, true) }
        #expect(forced.outcome("force-unmount") == .done && forced.isPopulated == false, "\(forced)")
        try writer.process.waitUntilEnded()
    }

    /// A server that answers again frees everybody.
    @Test func serverThatComesBackFreesWhoWaits() throws {
        let share = try NetworkFileSystem()
        let writer = try Misbehaviour.write(share.file).start()
        try eventually("it has written") { try Procfs.status(of: writer.pid).state == "S" }
        try share.stop()
        try writer.process.send(.kill)
        try eventually("it hangs") { try Procfs.status(of: writer.pid).state == "D" }
        try share.goOn()
        #expect(try writer.process.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }
}

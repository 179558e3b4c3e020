import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// Reasons as the real kernel shows them (LINUX 8, 10, 15, 17, 19, 23).
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReasonTests {
    private func subject(_ pid: Int32) -> Subject { Subject(.process(pid), main: pid, pids: [pid]) }

    private func sleeper(_ group: TestCgroup) throws -> OwnedProcess {
        try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
    }

    @Test(.enabled(if: NestedFreezer.Version.v1.isSupported)) func frozenByTwoGroupsOfV1() throws {
        let freezer = try NestedFreezer(.v1)
        let process = try sleeper(freezer.group)
        try freezer.take(process.pid)
        try freezer.freeze(process.pid)
        let before = try explain(Stage.collect(subject(process.pid)))
        #expect(before.reason == .frozenCgroup && !before.isStuck && before.causes.first?.certainty == .expected)
        try process.send(.kill)
        let after = try Stage.explain(subject(process.pid)) { $0.isStuck }
        #expect(after.reason == .frozenCgroup)
        #expect(
            after.remedies.prefix(2) == [
                .thawCgroup(directory: freezer.outer, .v1), .thawCgroup(directory: freezer.inner, .v1),
            ])
        try freezer.thaw()
        #expect(try process.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    @Test(.enabled(if: NestedFreezer.Version.v2.isSupported)) func frozenByV2IsNoObstacleToKill() throws {
        let freezer = try NestedFreezer(.v2)
        let process = try sleeper(freezer.group)
        try freezer.take(process.pid)
        try freezer.freeze(process.pid)
        let explanation = try explain(Stage.collect(subject(process.pid)))
        #expect(explanation.reason == .frozenCgroup && explanation.causes.first?.certainty == .harmless)
        #expect(explanation.remedies.contains(.thawCgroup(directory: freezer.inner, .v2)))
        try process.send(.kill)
        #expect(try process.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    @Test(.enabled(if: FrozenFileSystem.isSupported)) func frozenFileSystem() throws {
        let frozen = try FrozenFileSystem()
        let writer = try Misbehaviour.write(frozen.path + "/log").start()
        try frozen.freeze()
        try eventually("the writer hangs") { try Procfs.status(of: writer.pid).state == "D" }
        try writer.process.send(.kill)
        let explanation = try Stage.explain(subject(writer.pid)) { $0.isStuck }
        #expect(explanation.reason == .frozenFileSystem, "\(explanation.causes)")
        #expect(explanation.remedies.first == .thawFileSystem(mountPoint: frozen.path))
        try frozen.thaw()
        try writer.process.waitUntilEnded()
    }

    @Test func deadButKeptByItsTracer() throws {
        let group = try TestCgroup()
        let victim = try sleeper(group)
        let tracer = try Misbehaviour.traceLazily(victim.pid).start()
        try victim.send(.kill)
        let explanation = try Stage.explain(subject(victim.pid)) { $0.isStuck }
        #expect(explanation.reason == .traced, "\(explanation.causes)")
        guard case .killTracer(let named, _)? = explanation.remedies.first else {
            throw TestFailure("\(explanation.remedies)")
        }
        #expect(named.pid == tracer.pid)
        try tracer.process.send(.kill)
        try tracer.process.waitUntilEnded()
        try victim.waitUntilEnded()
    }

    @Test func heldByAStoppedTracer() throws {
        let group = try TestCgroup()
        let victim = try sleeper(group)
        let tracer = try Misbehaviour.traceStopped(victim.pid).start()
        // It attaches first, and is stopped then.
        let explanation = try Stage.explain(subject(victim.pid)) { explanation in
            explanation.reason == .traced && explanation.causes.first?.certainty == .expected
        }
        #expect(!explanation.isStuck)
        #expect(explanation.causes.first?.blockers.first.map { "\($0)".contains("\(tracer.pid)") } == true)
        // KILL ends it, but its parent is not told.
        try victim.send(.kill)
        let dead = try Stage.explain(subject(victim.pid)) { $0.isStuck }
        #expect(dead.reason == .traced && dead.line.contains("has not reaped it"), "\(dead.line)")
        try tracer.process.send(.kill)
        try tracer.process.waitUntilEnded()
        try victim.waitUntilEnded()
    }

    @Test func initOfANamespaceThatWaitsForADeadChildOfSomebodyOutside() throws {
        let group = try TestCgroup()
        let space = try OwnedProcess("/usr/bin/unshare", ["--pid", "--fork", "sleep", "1000"], in: group.cgroup)
        var found: Int32?
        try eventually("the namespace has its init") {
            found = try Procfs.live.processes().first { try Procfs.live.stat(of: $0)?.parent == space.pid }
            return try found.flatMap { try Procfs.live.status(of: $0) }?.name == "sleep"
        }
        let main = try #require(found)
        let outside = try Misbehaviour.enterWithoutReaping(main, ["/bin/busybox", "sleep", "1000"]).start()
        let child = try #require(outside.child)
        try BareProcess.send(.kill, to: main)
        let explanation = try Stage.explain(subject(main)) { $0.isStuck }
        #expect(explanation.reason == .unreapedChild)
        guard case .killParent(let parent, let dead)? = explanation.remedies.first else {
            throw TestFailure("\(explanation.remedies)")
        }
        #expect(parent.pid == outside.pid && dead.pid == child)
        try outside.process.send(.kill)
        try space.waitUntilEnded()
    }

    @Test func vforkParentIsInDAndYetNotStuck() throws {
        let parent = try Misbehaviour.vforkParent.start()
        let explanation = try Stage.explain(
            Subject(.cgroup(parent.group.cgroup.path), cgroups: [parent.group.cgroup])
        ) { $0.reason == .vfork }
        #expect(!explanation.isStuck && explanation.remedies.isEmpty)
        #expect(explanation.causes.first?.certainty == .harmless)
    }

    @Test func oneThreadWhoseLeaderIsAZombie() throws {
        let hung = try HungFileSystem()
        let process = try Misbehaviour.leaderless(hung.file).start()
        try hung.waitUntilRead()
        try process.process.send(.kill)
        let explanation = try Stage.explain(subject(process.pid)) { $0.isStuck }
        let task = try #require(explanation.causes.first?.tasks.first)
        #expect(explanation.reason == .fuse && task.pid == process.pid && task.tid != process.pid)
        let connection = try hung.connection()
        #expect(explanation.remedies.contains(.abortFuse(connection: connection, mountPoint: hung.path)))
        try hung.abort()
        try process.process.waitUntilEnded()
    }
}

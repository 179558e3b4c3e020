import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// What is busy, slow or asleep is never called stuck, however often one looks; nor is what a KILL ends soon, while it is on
/// its way out.
@Suite("False alarms", .serialized, .timeLimit(.minutes(2))) struct FalseAlarmTests {
    /// Looks again and again. `mayWait`: it is allowed to be in a wait now that no KILL would end, such as a write to a disk.
    private func expectNoAlarm(
        _ cgroup: Cgroup, looks: Int = 4, mayWait: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let collector = Collector(prober: ProbeRunner(try BuiltProduct.path("quell-shim")))
        for _ in 0..<looks {
            let explanation = explain(collector.collect(Subject(.cgroup(cgroup.path), cgroups: [cgroup])))
            // This test reaps what it killed only when it has looked: it is rightly blamed for that.
            let causes = explanation.causes.filter { cause in
                !cause.blockers.contains {
                    if case .parent(let parent, _) = $0 { parent.pid == ProcessSelf.pid } else { false }
                }
                    && (mayWait ? cause.certainty == .proven : cause.certainty != .harmless)
            }
            #expect(causes.isEmpty, "\(causes.map(\.summary)) \(causes)", sourceLocation: sourceLocation)
            #expect(explanation.evidence.elapsed < Stage.patience, sourceLocation: sourceLocation)
        }
    }

    @Test func busyBuild() throws {
        let group = try TestCgroup()
        let script = "while :; do busybox true; busybox cat /proc/self/stat >/dev/null; done"
        let builders = try (0..<3).map { _ in try OwnedProcess("/bin/busybox", ["sh", "-c", script], in: group.cgroup) }
        try expectNoAlarm(group.cgroup)
        try group.cgroup.kill()
        try expectNoAlarm(group.cgroup, looks: 2)
        for builder in builders { try builder.waitUntilEnded() }
    }

    @Test func processesThatCompute() throws {
        let busy = try Misbehaviour.burn(4).start()
        try expectNoAlarm(busy.group.cgroup)
    }

    @Test func heavyInputAndOutputThatProgresses() throws {
        let directory = try TemporaryDirectory("io")
        let group = try TestCgroup()
        let script = "while :; do dd if=/dev/zero of='\(directory("file"))' bs=1M count=64 conv=fsync 2>/dev/null; done"
        let writer = try OwnedProcess("/bin/sh", ["-c", script], in: group.cgroup)
        try eventually("it has written") { try File.status(of: directory("file"))?.size ?? 0 > 1 << 20 }
        try expectNoAlarm(group.cgroup, mayWait: true)
        // Killed in the middle of it: the write it is in has to come back first.
        try group.cgroup.kill()
        try expectNoAlarm(group.cgroup, looks: 2, mayWait: true)
        try writer.waitUntilEnded()
    }

    /// In D, with KILL not even sent: LINUX 17.
    @Test func vforkParentInKillableD() throws {
        let parent = try Misbehaviour.vforkParent.start()
        try eventually("it is in D") { try Procfs.status(of: parent.pid).state == "D" }
        try expectNoAlarm(parent.group.cgroup)
    }

    @Test func forkBombThatIsBeingKilled() throws {
        let bomb = try Misbehaviour.forkBomb(most: 64).start()
        try expectNoAlarm(bomb.group.cgroup, looks: 2)
        try bomb.group.cgroup.kill()
        try expectNoAlarm(bomb.group.cgroup, looks: 1)
    }

    @Test func muchMemoryThatIsBeingGivenBack() throws {
        let large = try Misbehaviour.grow(megabytes: 128).start()
        try expectNoAlarm(large.group.cgroup, looks: 2)
        try large.process.send(.kill)
        try expectNoAlarm(large.group.cgroup, looks: 1)
    }

    @Test func thoseThatIgnoreTERMOrAreStopped() throws {
        let chain = try Misbehaviour.ignoreTERM(3).start()
        try expectNoAlarm(chain.group.cgroup, looks: 2)
        try chain.process.send(.stop)
        try eventually("it is stopped") { try Procfs.status(of: chain.pid).state == "T" }
        try expectNoAlarm(chain.group.cgroup, looks: 2)
    }

    /// KILL works on what the v2 freezer holds.
    @Test(.enabled(if: NestedFreezer.Version.v2.isSupported)) func frozenByTheFreezerThatLetsKILLThrough() throws {
        let freezer = try NestedFreezer(.v2)
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: freezer.group.cgroup)
        try freezer.take(sleeper.pid)
        try freezer.freeze(sleeper.pid)
        try expectNoAlarm(freezer.group.cgroup, looks: 2)
    }

    @Test func sleepersInManyKindsOfWaits() throws {
        let group = try TestCgroup()
        let scripts = [
            "sleep 1000", "read x < /dev/zero; wait", "cat /dev/urandom >/dev/null", "trap '' TERM; sleep 1000 & wait",
        ]
        let sleepers = try scripts.map { try OwnedProcess("/bin/sh", ["-c", $0], in: group.cgroup) }
        try expectNoAlarm(group.cgroup)
        try group.cgroup.kill()
        for sleeper in sleepers { try sleeper.waitUntilEnded() }
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

/// On the real control groups of this machine.
@Suite(.timeLimit(.minutes(1))) struct CgroupTests {
    private func start(_ script: String, in cgroup: Cgroup, _ reach: CgroupReach = .membership) throws -> SpawnedProcess
    {
        var request = SpawnRequest("/bin/busybox", ["sh", "-c", script])
        let doors = try cgroup.openDoors(reach)
        request.cgroups = doors
        return try Spawn.start(request)
    }

    private var soon: Instant { MonotonicClock.now() + .seconds(20) }

    private func awaitState(_ events: borrowing CgroupEvents, _ wanted: (CgroupState) -> Bool) throws {
        let deadline = soon
        var set = PollSet()
        set.add(events.descriptor.raw, .priority)
        while try !wanted(events.current()) {
            guard try set.wait(until: deadline) > 0 else { throw TestFailure("the event did not come") }
        }
    }

    @Test func comesAndGoes() throws {
        let cgroup = Cgroup(TestCgroup.freshPath() + "/a/b", on: try CgroupHost.detect())
        let top = Cgroup(String(cgroup.path.dropLast(4)), on: cgroup.host)
        #expect(try !cgroup.exists())
        try cgroup.create(.everything)
        try cgroup.create(.everything)
        #expect(try cgroup.exists())
        #expect(try !cgroup.isPopulated() && cgroup.members().isEmpty)
        try top.remove()
        #expect(try !cgroup.exists() && !top.exists())
        #expect(try Leftovers.find(below: nil, cgroupPrefix: String(top.path.dropFirst())).isEmpty)
        try top.remove()
    }

    @Test func whatIsGoneIsEmptyAndKilled() throws {
        let cgroup = Cgroup(TestCgroup.freshPath(), on: try CgroupHost.detect())
        #expect(try !cgroup.isPopulated() && cgroup.members().isEmpty && cgroup.threads().isEmpty)
        #expect(try !cgroup.isFrozen() && !cgroup.thaw())
        try cgroup.kill()
        #expect(try cgroup.statistics() == CgroupStatistics())
        #expect(throws: SystemError.self) { try cgroup.freeze() }
    }

    @Test func killEndsASubtreeAndTheEventSaysSo() throws {
        let group = try TestCgroup()
        let inner = Cgroup(group.cgroup.path + "/inner", on: group.cgroup.host)
        try inner.create(.membership)
        let first = try start("trap '' TERM; sleep 1000 & sleep 1000", in: group.cgroup)
        let second = try start("sleep 1000", in: inner)
        let opened = try group.cgroup.openEvents()
        guard let events = opened else { return }
        try awaitState(events) { $0.populated }
        try eventually("three or four members") { try group.cgroup.members().count >= 3 }
        #expect(try group.cgroup.members().contains(first.pid) && group.cgroup.members().contains(second.pid))
        let busy = #expect(throws: SystemError.self) { try group.cgroup.remove() }
        #expect(busy?.isBusy == true)
        try group.cgroup.kill()
        #expect(try first.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
        #expect(try second.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
        try awaitState(events) { !$0.populated }
        #expect(try !group.cgroup.isPopulated())
        try group.cgroup.remove()
        #expect(try events.current() == CgroupState(populated: false, frozen: false))
    }

    /// LINUX 14: cgroup.kill is refused in a threaded group, and its processes are killed one by one.
    @Test(.enabled(if: NestedFreezer.Version.v2.isSupported)) func killWorksInAThreadedGroup() throws {
        let group = try TestCgroup()
        let directory = try #require(group.cgroup.unifiedDirectory)
        try File.overwrite(directory + "/cgroup.type", with: "threaded")
        let child = try OwnedProcess("/bin/busybox", ["sleep", "1000"])
        try File.overwrite(directory + "/cgroup.threads", with: "\(child.pid)")
        let refused = #expect(throws: SystemError.self) { try File.overwrite(directory + "/cgroup.kill", with: "1") }
        #expect(refused?.isUnsupported == true, "\(String(describing: refused))")
        let mechanism = try group.cgroup.kill()
        #expect(mechanism != .atOnce)
        #expect(try child.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// LINUX 16.
    @Test func growthIsStoppedWhereTheControllerIs() throws {
        let group = try TestCgroup(.everything)
        guard let pids = group.cgroup.directory(of: .pids) ?? group.cgroup.unifiedDirectory,
            try File.status(of: pids + "/pids.max") != nil
        else { return }
        let script = "read go; busybox true && echo forked || echo refused"
        let child = try OwnedProcess("/bin/busybox", ["sh", "-c", script], in: group.cgroup, .everything)
        try group.cgroup.stopGrowth()
        #expect(try File.read(pids + "/pids.max") == Array("0\n".utf8))
        try child.say("go")
        #expect(try child.waitUntilEnded() != .code(0) || child.nextLine() == "refused")
    }

    @Test func freezesAndThaws() throws {
        let group = try TestCgroup()
        let child = try start("sleep 1000", in: group.cgroup)
        try group.cgroup.freeze()
        try eventually("frozen") { try group.cgroup.isFrozen() }
        try child.pidfd.send(.hup)
        #expect(try group.cgroup.thaw())
        #expect(try child.pidfd.reap(by: soon) == .signal(.hup, coreDumped: false))
        #expect(try !group.cgroup.isFrozen() && !group.cgroup.thaw())
    }

    @Test func killLeavesNothingFrozenNotEvenInAV1Freezer() throws {
        let group = try TestCgroup(.everything)
        let inner = Cgroup(group.cgroup.path + "/inner", on: group.cgroup.host)
        try inner.create(.everything)
        let child = try start("sleep 1000", in: inner, .everything)
        try group.cgroup.freeze()
        for cgroup in [group.cgroup, inner] {
            if let freezer = cgroup.directory(of: .freezer) {
                try File.overwrite(freezer + "/freezer.state", with: "FROZEN")
            }
        }
        try eventually("frozen") { try group.cgroup.isFrozen() }
        try group.cgroup.kill()
        #expect(try child.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
    }

    /// The way of kernels before 5.14 and of v1, taken on the v1 hierarchies of this machine where it has them.
    @Test func killsOneByOneWhereThereIsNoKillFile() throws {
        let detected = try CgroupHost.detect()
        let mounts = try Procfs.mountinfo().filter { $0.type == "cgroup" }
        guard let legacy = CgroupHost(mountinfo: mounts), !detected.controllers.isEmpty else { return }
        let cgroup = Cgroup(TestCgroup.freshPath(), on: legacy)
        try cgroup.create(.everything)
        #expect(legacy.layout == .legacy)
        #expect(try cgroup.openEvents() == nil)
        let child = try start("sleep 1000 & sleep 1000 & sleep 1000", in: cgroup)
        try eventually("members") { try cgroup.members().count >= 3 }
        #expect(try cgroup.isPopulated())
        try cgroup.freeze()
        try eventually("frozen") { try cgroup.isFrozen() }
        try cgroup.kill()
        #expect(try child.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
        try eventually("empty") { try !cgroup.isPopulated() }
        try eventually("removed") {
            do throws(SystemError) { try cgroup.remove() } catch { return false }
            return true
        }
    }

    /// A program with rights over its own group may hide in one whose name is no text.
    @Test(arguments: [false, true]) func findsWhoIsInAGroupWhoseNameIsNotText(onlyLegacy: Bool) throws {
        let detected = try CgroupHost.detect()
        let legacy = CgroupHost(mountinfo: try Procfs.mountinfo().filter { $0.type == "cgroup" })
        if onlyLegacy && (legacy == nil || detected.controllers.isEmpty) { return }
        let host = onlyLegacy ? try #require(legacy) : detected
        let cgroup = Cgroup(TestCgroup.freshPath(), on: host)
        try cgroup.create(.membership)
        let directory = try #require(cgroup.unifiedDirectory ?? cgroup.directory(of: .freezer))
        let child = try start(
            "d=$(printf '%s/\\377odd' \(directory)); mkdir -p \"$d/below\" && echo $$ > \"$d/below/cgroup.procs\" && exec sleep 1000",
            in: cgroup)
        try eventually("it has hidden") {
            try File.read(directory + "/cgroup.procs").isEmpty && Procfs.status(of: child.pid).name == "sleep"
        }
        #expect(try cgroup.members() == [child.pid] && cgroup.threads() == [child.pid])
        #expect(try cgroup.isPopulated())
        try cgroup.kill()
        #expect(try child.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
        try eventually("removed") {
            do throws(SystemError) { try cgroup.remove() } catch { return false }
            return try !cgroup.exists()
        }
    }

    @Test func countsWhatWasUsed() throws {
        let group = try TestCgroup(.everything)
        let child = try start(
            "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000", in: group.cgroup, .everything)
        try eventually("processor time") { try group.cgroup.statistics().processor.usageNanoseconds > 1_000_000 }
        let now = try group.cgroup.statistics()
        #expect(now.processes.current >= 1)
        #expect(now.memory.usageBytes > 0)
        #expect(try group.cgroup.oomKills() == 0)
        try group.cgroup.kill()
        #expect(try child.pidfd.reap(by: soon) != nil)
    }

    @Test func limitsCanBeChanged() throws {
        let group = try TestCgroup(.everything)
        var limits = CgroupLimits()
        limits.memoryBytes = 64 << 20
        limits.processes = 17
        limits.quotaMicroseconds = 50_000
        limits.periodMicroseconds = 100_000
        limits.shares = 512
        limits.processors = "0"
        try group.cgroup.apply(limits)
        let now = try group.cgroup.statistics()
        #expect(now.memory.limitBytes == 64 << 20)
        #expect(now.processes.limit == 17)
        limits = CgroupLimits()
        limits.memoryBytes = -1
        limits.processes = -1
        limits.quotaMicroseconds = -1
        try group.cgroup.apply(limits)
        #expect(try group.cgroup.statistics().memory.limitBytes == nil)
        #expect(try group.cgroup.statistics().processes.limit == nil)
    }
}

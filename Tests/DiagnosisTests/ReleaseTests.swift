import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// Each remedy on the real kernel: refused or left alone as long as nobody asked for it, and it frees whom it should.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReleaseTests {
    private func release(_ subject: Subject, _ change: (inout ReleaseWishes) -> Void = { _ in }) throws -> ReleaseReport
    { try Stage.release(subject, change) }

    private func subject(_ group: TestCgroup) -> Subject {
        Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
    }

    private func outcome(_ name: String, _ report: ReleaseReport) -> RemedyReport.Outcome? {
        report.outcome(name)
    }

    // MARK: FUSE

    @Test func fuseIsAbortedOnlyWhenAskedFor() throws {
        let hung = try HungFileSystem()
        let reader = try MisbehavingReader(hung)
        let untouched = try release(subject(reader.group))
        #expect(outcome("abort-fuse", untouched) == .needsOption && !untouched.hasFailed, "\(untouched.remedies)")
        #expect(!untouched.held.isEmpty && untouched.freed.isEmpty && untouched.isPopulated == true)
        let dry = try release(subject(reader.group)) { ($0.abortFuse, $0.isDryRun) = (true, true) }
        #expect(outcome("abort-fuse", dry) == .wouldDo && !dry.hasActed)
        #expect(try !reader.process.isGone())
        let done = try release(subject(reader.group)) { $0.abortFuse = true }
        #expect(outcome("abort-fuse", done) == .done, "\(done.remedies)")
        #expect(done.freed.map(\.pid) == [reader.process.pid] && done.held.isEmpty && done.isPopulated == false)
        try reader.process.waitUntilEnded()
    }

    @Test func fuseThatOthersUseIsAbortedOnlyByForce() throws {
        let hung = try HungFileSystem()
        let reader = try MisbehavingReader(hung)
        let other = try OwnedProcess("/bin/sh", ["-c", "cd '\(hung.path)' && echo in && exec sleep 1000"])
        #expect(try other.nextLine() == "in")
        let refused = try release(subject(reader.group)) { $0.abortFuse = true }
        let report = try #require(refused.remedies.first { $0.remedy.name == "abort-fuse" })
        #expect(report.outcome == .refused && report.users.map(\.pid) == [other.pid], "\(report)")
        #expect(report.users.first?.use == "working directory" && refused.hasFailed)
        #expect(try !reader.process.isGone())
        let forced = try release(subject(reader.group)) { ($0.abortFuse, $0.isForced) = (true, true) }
        #expect(outcome("abort-fuse", forced) == .done && forced.isPopulated == false)
        try reader.process.waitUntilEnded()
    }

    /// MNT_FORCE aborts a FUSE connection as it fails the calls of NFS.
    @Test func forcedUnmountFreesWhoWaits() throws {
        let hung = try HungFileSystem()
        let reader = try MisbehavingReader(hung)
        let remedying = try remedying(reader.group)
        let report = remedying.perform(.forceUnmount(mountPoint: hung.path), until: MonotonicClock.now() + .seconds(5))
        #expect(report.outcome == .done, "\(report)")
        try reader.process.waitUntilEnded()
        let tmp = remedying.perform(.forceUnmount(mountPoint: "/proc"), until: MonotonicClock.now() + .seconds(5))
        #expect(tmp.outcome == .refused, "\(tmp)")
    }

    // MARK: frozen file systems

    @Test(.enabled(if: FrozenFileSystem.isSupported), arguments: [false, true])
    func frozenFileSystemIsThawed(isUnmounted: Bool) throws {
        let frozen = try FrozenFileSystem()
        let writer = try Misbehaviour.write(frozen.path + "/log").start()
        let handle = try File.open(frozen.path, [.readOnly, .directory])
        try frozen.freeze()
        defer { _ = RemedyCall.run(["thaw-fs", "0", "0", "/proc/self/fd/\(handle.raw)"]) }
        try eventually("the writer hangs") { try Procfs.status(of: writer.pid).state == "D" }
        try writer.process.send(.kill)
        // Nobody could reach it any more by a path.
        if isUnmounted { try Mount.unmount(frozen.path, lazily: true) }
        let untouched = try release(subject(writer.group))
        #expect(!untouched.hasFailed && untouched.isPopulated == true)
        let done = try release(subject(writer.group)) { $0.thawFileSystem = true }
        #expect(outcome("thaw-fs", done) == .done, "\(done)")
        #expect(done.isPopulated == false && done.held.isEmpty)
        try writer.process.waitUntilEnded()
    }

    /// Where it hangs is told by nothing but a path in its memory: a release that may not free it leaves it that.
    @Test(.enabled(if: FrozenFileSystem.isSupported)) func pathInTheMemoryOfTheKilledIsThereForTheNextRelease() throws {
        let (frozen, group) = (try FrozenFileSystem(), try TestCgroup())
        try frozen.freeze()
        let maker = try OwnedProcess("/bin/busybox", ["mkdir", frozen.path + "/directory"], in: group.cgroup)
        try eventually("it hangs") { try Procfs.status(of: maker.pid).state == "D" }
        try maker.send(.kill)
        for _ in 0..<2 {
            let untouched = try release(subject(group))
            #expect(outcome("thaw-fs", untouched) == .needsOption, "\(untouched)")
            #expect(outcome("release-memory", untouched) == .nothingToDo && untouched.isPopulated == true)
        }
        let done = try release(subject(group)) { $0.thawFileSystem = true }
        #expect(outcome("thaw-fs", done) == .done && done.isPopulated == false, "\(done)")
        try maker.waitUntilEnded()
    }

    @Test(.enabled(if: FrozenFileSystem.isSupported)) func thawingWhatIsNotFrozenChangesNothing() throws {
        let frozen = try FrozenFileSystem()
        let group = try TestCgroup()
        let report = try remedying(group).perform(
            .thawFileSystem(mountPoint: frozen.path), until: MonotonicClock.now() + .seconds(5))
        #expect(report.outcome == .nothingToDo, "\(report)")
    }

    // MARK: freezers and stopped processes

    @Test(arguments: NestedFreezer.Version.allCases.filter(\.isSupported))
    func freezersOfTheSubjectAreThawedWithoutBeingAsked(version: NestedFreezer.Version) throws {
        let freezer = try NestedFreezer(version)
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: freezer.group.cgroup)
        try freezer.take(sleeper.pid)
        try freezer.freeze(sleeper.pid)
        let done = try release(subject(freezer.group))
        let thawed = done.remedies.filter { $0.remedy.name == "thaw-cgroup" && $0.outcome == .done }
        #expect(thawed.count == 2, "\(done.remedies)")
        try sleeper.send(.term)
        #expect(try sleeper.waitUntilEnded() == .signal(.term, coreDumped: false))
    }

    @Test func freezerAboveTheSubjectWantsToBeAskedFor() throws {
        let freezer = try NestedFreezer(.v2)
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: freezer.group.cgroup)
        try freezer.take(sleeper.pid)
        try freezer.freeze(sleeper.pid)
        let inner = Cgroup(freezer.group.cgroup.path + "/outer/inner", on: freezer.group.cgroup.host)
        let subject = Subject(.cgroup(inner.path), cgroups: [inner])
        let report = try release(subject)
        #expect(report.remedies.filter { $0.outcome == .needsOption }.count == 1, "\(report.remedies)")
        #expect(try inner.isFrozen())
        _ = try release(subject) { $0.thaw = true }
        #expect(try !inner.isFrozen())
    }

    @Test func stoppedProcessIsContinued() throws {
        let group = try TestCgroup()
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        try sleeper.send(.stop)
        try eventually("it is stopped") { try Procfs.status(of: sleeper.pid).state == "T" }
        let report = try release(subject(group))
        #expect(outcome("continue-process", report) == .done, "\(report.remedies)")
        #expect(try Procfs.status(of: sleeper.pid).state != "T")
    }

    /// Its server answers again once it runs: nobody loses the mount for that.
    @Test(.enabled(if: Stage.knowsServers)) func stoppedServerIsContinuedWhereThatIsAskedFor() throws {
        let (group, directory) = (try TestCgroup(), try TemporaryDirectory("served"))
        // It was stopped with a request in its hands: who waits for that does not die of KILL.
        let server = try OwnedProcess(try Misbehaviour.program(), ["fuse", directory.path, "stop"])
        #expect(try server.nextLine() == "mounted")
        defer { unmount(directory.path) }
        let reader = try OwnedProcess("/bin/busybox", ["cat", directory.path + "/data"], in: group.cgroup)
        try eventually("the server is stopped") { try Procfs.status(of: server.pid).state == "T" }
        try reader.send(.kill)
        try eventually("it is in D") { try Procfs.status(of: reader.pid).state == "D" }
        let untouched = try release(subject(group))
        #expect(
            untouched.explanation.isStuck && untouched.explanation.reason == .fuse, "\(untouched.explanation.causes)")
        #expect(untouched.explanation.line.contains("(pid \(server.pid), stopped)"), "\(untouched.explanation.line)")
        let offered = try #require(untouched.explanation.remedies.first)
        #expect(untouched.explanation.option(for: offered) == "--continue", "\(offered)")
        #expect(outcome("continue-process", untouched) == .needsOption && untouched.isPopulated == true)
        let done = try release(subject(group)) { $0.resumeProcesses = true }
        #expect(outcome("continue-process", done) == .done && done.held.isEmpty, "\(done.remedies), \(done.held)")
        #expect(try reader.waitUntilEnded() == .signal(.kill, coreDumped: false))
        #expect(try !server.isGone() && File.status(of: directory.path + "/data") != nil, "the mount is as it was")
    }

    private func unmount(_ path: String) {
        do throws(SystemError) { try Mount.unmount(path, lazily: true, force: true) } catch { Issue.record("\(error)") }
    }

    // MARK: tracers and parents

    @Test(arguments: [true, false]) func tracerIsNamedAndKilled(stopped: Bool) throws {
        let group = try TestCgroup()
        let victim = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        let tracer = try (stopped ? Misbehaviour.traceStopped(victim.pid) : .traceLazily(victim.pid)).start()
        if stopped {
            try eventually("it is stopped") { try Procfs.status(of: tracer.pid).state == "T" }
        } else {
            try victim.send(.kill)
            try eventually("it is dead") { try Procfs.status(of: victim.pid).state == "Z" }
        }
        let subject = Subject(.process(victim.pid), main: victim.pid, pids: [victim.pid], cgroups: [group.cgroup])
        let untouched = try release(subject)
        #expect(outcome("kill-tracer", untouched) == .needsOption, "\(untouched)")
        #expect(outcome("detach-tracer", untouched) == (stopped ? .needsOption : nil), "\(untouched)")
        #expect(
            untouched.remedies.first { $0.remedy.name == "kill-tracer" }?.remedy.flag == "--kill-tracer \(tracer.pid)")
        let wrong = try release(subject) { $0.killedTracers = [ProcessSelf.pid] }
        #expect(wrong.hasFailed && !wrong.hasActed, "\(wrong.remedies)")
        let done = try release(subject) { $0.killedTracers = [tracer.pid] }
        #expect(outcome("kill-tracer", done) == .done, "\(done.remedies)")
        if stopped { try victim.send(.kill) }
        #expect(try victim.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// The lesser way, where the tracer is stopped itself: only it can let go, and it does when it runs.
    @Test(arguments: [true, false]) func stoppedTracerIsContinuedAndLetsGo(byName: Bool) throws {
        let group = try TestCgroup()
        let victim = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        let tracer = try Misbehaviour.traceStopped(victim.pid).start()
        try eventually("it is stopped") { try Procfs.status(of: tracer.pid).state == "T" }
        let untouched = try release(subject(group))
        #expect(outcome("detach-tracer", untouched) == .needsOption, "\(untouched.remedies)")
        #expect(untouched.explanation.remedies.first?.flag == "--detach-tracer \(tracer.pid)")
        let done = try release(subject(group)) {
            if byName { $0.tracers = [tracer.pid] } else { $0.resumeProcesses = true }
        }
        #expect(outcome("detach-tracer", done) == .done && done.held.isEmpty, "\(done.remedies)")
        #expect(try Procfs.status(of: victim.pid).tracer == 0 && !tracer.process.isGone())
        try victim.send(.kill)
        #expect(try victim.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// One that runs is left alone: what is named after detaching kills nobody.
    @Test func tracerThatRunsIsNotKilledByBeingAskedToLetGo() throws {
        let group = try TestCgroup()
        let victim = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        let tracer = try Misbehaviour.traceLazily(victim.pid).start()
        try victim.send(.kill)
        try eventually("it is dead") { try Procfs.status(of: victim.pid).state == "Z" }
        let subject = Subject(.process(victim.pid), main: victim.pid, pids: [victim.pid], cgroups: [group.cgroup])
        let refused = try release(subject) { $0.tracers = [tracer.pid] }
        let report = try #require(refused.remedies.first { $0.remedy.name == "detach-tracer" })
        #expect(report.outcome == .refused && report.detail.contains("--kill-tracer \(tracer.pid)"), "\(report)")
        #expect(try !tracer.process.isGone())
        let both = try release(subject) { ($0.tracers, $0.killedTracers) = ([tracer.pid], [tracer.pid]) }
        #expect(outcome("kill-tracer", both) == .done, "\(both.remedies)")
        #expect(try victim.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    // MARK: memory

    /// LINUX 21: a process that is dying and does not end gives back what it has.
    @Test func memoryOfALargeDyingProcessIsGivenBack() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        // 64 MB of text, and then a line from where none ever comes.
        let program = "BEGIN { s = \"x\"; while (length(s) < 64000000) s = s s; getline line < \"\(hung.file)\" }"
        let large = try OwnedProcess("/bin/busybox", ["awk", program], in: group.cgroup)
        try hung.waitUntilRead()
        let before = try Procfs.status(of: large.pid).residentBytes ?? 0
        try #require(before > 48 << 20, "\(before)")
        try large.send(.kill)
        try eventually("it is in D") { try Procfs.status(of: large.pid).state == "D" }
        let report = try release(subject(group))
        #expect(outcome("release-memory", report) == .done, "\(report.remedies)")
        #expect(report.remedies.contains { $0.changes.contains { $0.contains("gave back") } }, "\(report.remedies)")
        #expect(try Procfs.status(of: large.pid).residentBytes ?? 0 < before / 8)
        #expect(report.held.map(\.pid) == [large.pid] && report.isPopulated == true)
        try hung.abort()
        try large.waitUntilEnded()
    }

    @Test func parentThatDoesNotReapIsKilledByName() throws {
        let group = try TestCgroup()
        let space = try OwnedProcess("/usr/bin/unshare", ["--pid", "--fork", "sleep", "1000"], in: group.cgroup)
        var main: Int32?
        try eventually("the namespace has its init") {
            main = try Procfs.live.processes().first { try Procfs.live.stat(of: $0)?.parent == space.pid }
            return try main.flatMap { try Procfs.live.status(of: $0) }?.name == "sleep"
        }
        let initial = try #require(main)
        let outside = try Misbehaviour.enterWithoutReaping(initial, ["/bin/busybox", "sleep", "1000"]).start()
        let child = try #require(outside.child)
        try BareProcess.send(.kill, to: initial)
        try eventually("the child is dead") { try Procfs.status(of: child).state == "Z" }
        let subject = Subject(.process(initial), main: initial, pids: [initial])
        let untouched = try release(subject)
        #expect(outcome("kill-parent", untouched) == .needsOption, "\(untouched)")
        let done = try release(subject) { $0.parents = [outside.pid] }
        #expect(outcome("kill-parent", done) == .done, "\(done.remedies)")
        #expect(done.isPopulated == false)
        try space.waitUntilEnded()
    }

    // MARK: whom it spares

    private func remedying(_ group: TestCgroup) throws -> Remedying {
        try Stage.remedying(subject(group))
    }

    @Test func processWithAReusedNumberIsLeftAlone() throws {
        let group = try TestCgroup()
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        try sleeper.send(.stop)
        try eventually("it is stopped") { try Procfs.status(of: sleeper.pid).state == "T" }
        let start = try Procfs.stat(of: sleeper.pid).startTicks
        let other = ProcessName(pid: sleeper.pid, startTicks: start + 1, comm: "sleep")
        let report = try remedying(group).perform(.continueProcess(other), until: MonotonicClock.now() + .seconds(5))
        #expect(report.outcome == .nothingToDo, "\(report)")
        #expect(try Procfs.status(of: sleeper.pid).state == "T")
    }

    @Test func memoryOfTheLivingIsNotTouched() throws {
        let group = try TestCgroup()
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: group.cgroup)
        let name = ProcessName(pid: sleeper.pid, comm: "sleep")
        let report = try remedying(group).perform(.releaseMemory([name]), until: MonotonicClock.now() + .seconds(5))
        #expect(report.outcome == .nothingToDo, "\(report)")
    }
}

/// Reads the file nobody can read, and was killed: in D.
final class MisbehavingReader: Sendable {
    let group: TestCgroup
    let process: OwnedProcess

    init(_ hung: HungFileSystem) throws {
        group = try TestCgroup()
        process = try OwnedProcess("/bin/busybox", ["cat", hung.file], in: group.cgroup)
        try hung.waitUntilRead()
        try process.send(.kill)
        let pid = process.pid
        try eventually("it is in D") { try Procfs.status(of: pid).state == "D" }
    }
}

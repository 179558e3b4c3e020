import Lifecycle
import Linux
import TestKit
import Testing

/// What TestKit's scenarios do to the kernel's view of a process: the facts that a diagnosis rests on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct MisbehaviourTests {
    private func waitForState(_ states: Set<Character>, _ pid: Int32) throws {
        try eventually("\(pid) is in \(states)") { states.contains(try Procfs.status(of: pid).state) }
    }

    /// LINUX 19.
    @Test(.enabled(if: FrozenFileSystem.isSupported)) func writerOnAFrozenFileSystemIsInDUntilItIsThawed() throws {
        let frozen = try FrozenFileSystem()
        let writer = try Misbehaviour.write(frozen.path + "/log").start()
        try frozen.freeze()
        try waitForState(["D"], writer.pid)
        try writer.process.send(.kill)
        try eventually("KILL is pending") { try Procfs.status(of: writer.pid).isPending(.kill) }
        #expect(try Procfs.wchan(of: writer.pid, in: writer.pid).contains("percpu_rwsem_wait"))
        #expect(try !writer.process.isGone())
        #expect(try String(decoding: File.read(frozen.file), as: UTF8.self) == "content\n", "reading goes on")
        try frozen.thaw()
        #expect(try writer.process.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    @Test(.enabled(if: FrozenFileSystem.isSupported)) func goingAwayThawsAndUnmounts() throws {
        var frozen: FrozenFileSystem? = try FrozenFileSystem()
        let path = try #require(frozen?.path)
        let writer = try Misbehaviour.write(path + "/log").start()
        try frozen?.freeze()
        try waitForState(["D"], writer.pid)
        try writer.process.send(.kill)
        frozen = nil
        #expect(try writer.process.waitUntilEnded() == .signal(.kill, coreDumped: false))
        #expect(try Leftovers.find(below: path, cgroupPrefix: nil).isEmpty)
    }

    /// LINUX 8: the leader is a zombie, the thread that hangs is all that is left.
    @Test func leaderIsAZombieWhileItsThreadHangs() throws {
        let hung = try HungFileSystem()
        let leaderless = try Misbehaviour.leaderless(hung.file).start()
        try hung.waitUntilRead()
        try leaderless.process.send(.kill)
        let thread = try #require(try Procfs.tasks(of: leaderless.pid).last)
        try eventually("the thread is in D") {
            try Procfs.taskStatus(of: thread, in: leaderless.pid).state == "D"
        }
        #expect(try Procfs.status(of: leaderless.pid).state == "Z")
        #expect(try !leaderless.process.isGone() && leaderless.group.cgroup.isPopulated())
        #expect(try leaderless.group.cgroup.threads() == [thread])
        try hung.abort()
        try leaderless.process.waitUntilEnded()
    }

    @Test func oneThreadOfFourHangs() throws {
        let hung = try HungFileSystem()
        let threaded = try Misbehaviour.threaded(hung.file).start()
        try hung.waitUntilRead()
        #expect(try Procfs.tasks(of: threaded.pid).count == 4)
        try threaded.process.send(.kill)
        try eventually("only the one is left, and the leader as a zombie") {
            try threaded.group.cgroup.threads().count == 1 && Procfs.status(of: threaded.pid).state == "Z"
        }
        try hung.abort()
        try threaded.process.waitUntilEnded()
    }

    /// LINUX 17: D that is no proof.
    @Test func vforkParentIsInDAndDiesOfKILL() throws {
        let parent = try Misbehaviour.vforkParent.start()
        try waitForState(["D"], parent.pid)
        #expect(try parent.process.kill() == .signal(.kill, coreDumped: false))
    }

    /// LINUX 23.
    @Test(arguments: [true, false]) func tracedProcessIsReportedOnlyWhenTheTracerIsGone(stopped: Bool) throws {
        let victim = try OwnedProcess("/bin/busybox", ["sleep", "1000"])
        let tracer = try (stopped ? Misbehaviour.traceStopped(victim.pid) : .traceLazily(victim.pid)).start()
        try eventually("it is traced") { try Procfs.status(of: victim.pid).tracer == tracer.pid }
        if stopped {
            try waitForState(["t"], victim.pid)
            try waitForState(["T"], tracer.pid)
        }
        try victim.send(.kill)
        try waitForState(["Z"], victim.pid)
        #expect(throws: TestFailure.self) { try victim.waitUntilEnded(within: .milliseconds(100)) }
        try tracer.process.kill()
        #expect(try victim.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// LINUX 10: no task in D anywhere, and yet the init cannot end.
    @Test func initWaitsForAChildThatItsParentOutsideDoesNotReap() throws {
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
        try waitForState(["Z"], child)
        try eventually("the init waits") {
            try Procfs.live.kernelStack(of: initial, task: initial)?.contains { $0.contains("zap_pid_ns") } ?? false
        }
        #expect(try Procfs.status(of: initial).state == "S")
        try outside.process.kill()
        try space.waitUntilEnded()
    }

    /// LINUX 15.
    @Test(arguments: NestedFreezer.Version.allCases.filter(\.isSupported))
    func nestedFreezersHoldUntilBothAreThawed(version: NestedFreezer.Version) throws {
        let freezer = try NestedFreezer(version)
        let sleeper = try OwnedProcess("/bin/busybox", ["sleep", "1000"], in: freezer.group.cgroup)
        try freezer.take(sleeper.pid)
        try freezer.freeze(sleeper.pid)
        #expect(try Procfs.status(of: sleeper.pid).state == (version == .v1 ? "D" : "S"))
        try sleeper.send(.kill)
        switch version {
        case .v1:
            #expect(throws: TestFailure.self) { try sleeper.waitUntilEnded(within: .milliseconds(100)) }
            #expect(try freezer.group.cgroup.thaw())
            #expect(try sleeper.waitUntilEnded() == .signal(.kill, coreDumped: false))
        case .v2: #expect(try sleeper.waitUntilEnded() == .signal(.kill, coreDumped: false))
        }
    }

    @Test func chainIgnoresTERM() throws {
        let chain = try Misbehaviour.ignoreTERM(4).start()
        let members = try chain.group.cgroup.members()
        #expect(members.count == 4)
        for member in members { try BareProcess.send(.term, to: member) }
        #expect(try chain.group.cgroup.members() == members)
    }

    @Test func forkBombKeepsWithinItsBounds() throws {
        let bomb = try Misbehaviour.forkBomb(most: 24).start()
        var most = 0
        try eventually("it has grown") {
            most = max(most, try bomb.group.cgroup.threads().count)
            return most > 12
        }
        #expect(most <= 24)
        try bomb.group.cgroup.kill()
        try bomb.process.waitUntilEnded()
        try eventually("all of it is gone") { try !bomb.group.cgroup.isPopulated() }
    }

    @Test func loadIsBounded() throws {
        let busy = try Misbehaviour.burn(2).start()
        let large = try Misbehaviour.grow(megabytes: 32).start()
        #expect(try busy.group.cgroup.members().count == 2)
        #expect(try Procfs.status(of: large.pid).residentBytes ?? 0 > 30 << 20)
    }

    @Test(.enabled(if: SuspendedDevice.isSupported, "no device-mapper")) func writerOnASuspendedDeviceHangs() throws {
        let device = try SuspendedDevice()
        try device.suspend()
        let writer = try OwnedProcess(
            "/bin/dd", ["if=/dev/zero", "of=\(device.path)/x", "oflag=direct", "bs=4k", "count=1"])
        try waitForState(["D"], writer.pid)
        try device.resume()
        try writer.waitUntilEnded()
    }
}

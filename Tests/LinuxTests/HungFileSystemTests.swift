import Lifecycle
import Linux
import TestKit
import Testing

/// LINUX.md 17 and 18: what cannot die, and how it is freed.
@Suite(.timeLimit(.minutes(1))) struct HungFileSystemTests {
    @Test func aReaderIsInDWithKillPendingUntilTheConnectionIsAborted() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        let doors = try group.cgroup.openDoors(.membership)
        var request = SpawnRequest("/bin/busybox", ["cat", hung.file])
        request.cgroups = doors
        let null = try File.open("/dev/null", .readWrite)
        request.descriptors = (0...2).map { DescriptorMapping(Int32($0), from: null.raw) }
        let child = try Spawn.start(request)
        try hung.waitUntilRead()
        try group.cgroup.kill()
        // The wait that KILL ends shows D too: only then comes the one that nothing ends.
        try eventually("D with KILL pending, for good") {
            let before = try Procfs.status(of: child.pid)
            _ = try child.pidfd.isGone(by: MonotonicClock.now() + .milliseconds(50))
            let status = try Procfs.status(of: child.pid)
            return status.state == "D" && status.isPending(.kill) && before.isPending(.kill)
                && status.voluntarySwitches == before.voluntarySwitches
        }
        #expect(try Procfs.wchan(of: child.pid, in: child.pid).contains("request_wait_answer"))
        #expect(try group.cgroup.isPopulated() && group.cgroup.members() == [child.pid])
        #expect(try !child.pidfd.isGone() && child.pidfd.reap() == nil)
        let switches = try Procfs.status(of: child.pid).voluntarySwitches
        #expect(try !child.pidfd.isGone(by: MonotonicClock.now() + .milliseconds(100)))
        #expect(try Procfs.status(of: child.pid).voluntarySwitches == switches)
        try hung.abort()
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) == .signal(.kill, coreDumped: false))
        try eventually("unpopulated") { try !group.cgroup.isPopulated() }
    }

    @Test func goingAwayFreesWhoWaits() throws {
        var hung: HungFileSystem? = try HungFileSystem()
        let path = try #require(hung?.path)
        let child = try Spawn.start(SpawnRequest("/bin/busybox", ["cat", path + "/file"], descriptors: []))
        try hung?.waitUntilRead()
        hung = nil
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) != nil)
        #expect(try Leftovers.find(below: path, cgroupPrefix: nil).isEmpty)
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

/// A recorded v2 host, as plain files: for what this machine's own layout does not show.
@Suite struct CgroupRecordedTests {
    private let directory: TemporaryDirectory
    private let cgroup: Cgroup

    init() throws {
        directory = try TemporaryDirectory("cgroup")
        let mounts = MountInfo.parse(Array("30 23 0:26 / /fs rw - cgroup2 cgroup2 rw\n".utf8))
        let host = try #require(CgroupHost(mountinfo: mounts, root: directory.path))
        cgroup = Cgroup("/quell/abc", on: host)
        _ = try directory.makeDirectory("fs/quell/abc/inner")
    }

    private func record(_ files: [String: String]) throws {
        for (name, text) in files { try directory.write(text, to: "fs/quell/abc/" + name) }
    }

    private func content(_ name: String) throws -> String {
        String(decoding: try File.read(directory("fs/quell/abc/" + name)), as: UTF8.self)
    }

    @Test func statisticsOfV2() throws {
        try record([
            "cpu.stat":
                "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\nnr_throttled 2\nthrottled_usec 9\n",
            "memory.current": "4096\n", "memory.max": "max\n", "memory.peak": "8192\n",
            "memory.stat": "anon 1\nfile 2\ninactive_file 1024\nrubbish\n x 1 2\n",
            "memory.events": "low 0\nhigh 0\nmax 0\noom 1\noom_kill 5\n", "pids.current": "7\n", "pids.max": "100\n",
            "io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\nx\n8:16 \n",
        ])
        let now = try cgroup.statistics()
        #expect(now.processor.usageNanoseconds == 1_500_000 && now.processor.throttledNanoseconds == 9000)
        #expect(now.processor.periods == 3 && now.processor.throttledPeriods == 2)
        #expect(now.memory.usageBytes == 4096 && now.memory.limitBytes == nil && now.memory.peakBytes == 8192)
        #expect(now.memory.cacheBytes == 1024 && now.memory.oomKills == 5)
        #expect(now.processes.current == 7 && now.processes.limit == 100)
        #expect(now.blockBytes.map(\.operation) == ["read", "write", "read", "write"])
        #expect(now.blockBytes.map(\.value) == [10, 20, 0, 0])
        #expect(now.blockRequests == nil && now.processor.perProcessorNanoseconds == nil && now.memory.limitHits == nil)
    }

    @Test func limitsOfV2() throws {
        let files = ["memory.max", "memory.swap.max", "memory.low", "cpu.weight", "cpuset.cpus", "pids.max"]
        for file in files { try record([file: ""]) }
        try record(["cpu.max": "max 100000\n"])
        var limits = CgroupLimits()
        limits.memoryBytes = 1000
        limits.memoryAndSwapBytes = 1500
        limits.quotaMicroseconds = 50_000
        limits.shares = 1024
        limits.processes = -1
        limits.processors = "0-1"
        try cgroup.apply(limits)
        #expect(try content("memory.max") == "1000" && content("memory.swap.max") == "500")
        #expect(try content("cpu.max").hasPrefix("50000 100000"))
        #expect(try content("cpu.weight") == "39" && content("cpuset.cpus") == "0-1")
        #expect(try content("pids.max") == "max" && content("memory.low") == "")
    }

    /// LINUX.md 8: a zombie leader is no longer in cgroup.procs, while its thread is in cgroup.threads.
    @Test func aProcessIsFoundByAThreadOfIts() throws {
        try record(["cgroup.procs": "", "cgroup.threads": ""])
        let thread = try #require(ProcessStatus(parsing: try File.read("/proc/thread-self/status")))
        try record(["inner/cgroup.procs": "0\nrubbish\n", "inner/cgroup.threads": "\(thread.pid)\n"])
        #expect(try cgroup.members() == [ProcessSelf.pid])
        #expect(try cgroup.threads() == [thread.pid])
    }

    @Test func eventsOfV2() throws {
        try record(["cgroup.events": "populated 1\nfrozen 0\n"])
        #expect(try cgroup.isPopulated() && !cgroup.isFrozen())
        try record(["cgroup.events": "frozen 1\npopulated 0\nnew 1\n"])
        #expect(try !cgroup.isPopulated() && cgroup.isFrozen())
    }

    @Test func thawReachesNestedGroups() throws {
        try record(["cgroup.freeze": "0\n", "inner/cgroup.freeze": "1\n"])
        #expect(try cgroup.thaw())
        #expect(try content("inner/cgroup.freeze").hasPrefix("0"))
        #expect(try !cgroup.thaw())
    }

    @Test func controllersAreEnabledFromTheTopDown() throws {
        for place in ["fs/cgroup.subtree_control", "fs/quell/cgroup.subtree_control"] {
            try directory.write("", to: place)
        }
        #expect(try cgroup.create(.membership).isEmpty)
        // One at a time, each written over the one before in a plain file: the last is seen.
        let last = String(decoding: try File.read(directory("fs/quell/cgroup.subtree_control")), as: UTF8.self)
        #expect(last.hasPrefix("+io"))
        let other = Cgroup("/other/x", on: cgroup.host)
        #expect(try other.create(.membership) == [.cpu, .cpuset, .memory, .pids, .io])
    }
}

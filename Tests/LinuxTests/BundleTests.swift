import Lifecycle
import Linux
import TestKit
import Testing

/// The runtime, the bundle and the control groups together, as the shim will use them.
@Suite(.timeLimit(.minutes(1))) struct BundleTests {
    @Test func crunRunsABundleInBothKindsOfCgroups() throws {
        let group = try TestCgroup()
        let directory = try TemporaryDirectory("bundle")
        var bundle = TestBundle(script: "cat /proc/self/status; cat /proc/self/cgroup; exit 7")
        bundle.cgroupsPath = group.cgroup.path
        bundle.namespaces.remove(.cgroup)
        bundle.resources = #""memory":{"limit":67108864}"#
        try bundle.write(to: directory.path)
        let output = try Pipe()
        let doors = try group.cgroup.openProcs(.membership)
        var request = SpawnRequest(
            "crun", ["--root", directory("state"), "run", "--bundle", directory.path, "test-\(ProcessSelf.pid)"])
        request.environment = Command.plainEnvironment
        request.descriptors = [0, 1, 2].map { DescriptorMapping($0, from: output.writing.raw) }
        request.cgroups = doors.raws
        request.hiddenMounts = group.cgroup.host.hiddenFromRuntime
        let child = try Spawn.start(request)
        try output.writing.close()
        let bytes = try output.reading.readAll(limit: 1 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(30)) == .code(7), "\(text)")
        let status = try #require(ProcessStatus(parsing: bytes), "\(text)")
        #expect(status.masks.blocked == 0 && status.masks.ignored == 0)
        #expect(text.contains("0::\(group.cgroup.path)\n"))
        if group.cgroup.host.layout == .hybrid {
            #expect(text.contains("memory:\(group.cgroup.path)"), "\(text)")
        }
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

/// The runtime, the bundle and the control groups together, as the shim will use them.
@Suite(.timeLimit(.minutes(1))) struct BundleTests {
    private struct Container: ~Copyable {
        let runtime: SpawnedProcess
        let output: OwnedDescriptor
    }

    private func run(_ bundle: TestBundle, in group: TestCgroup, _ directory: TemporaryDirectory) throws -> Container {
        try bundle.write(to: directory.path)
        let output = try Pipe()
        let doors = try group.cgroup.openDoors(.membership)
        var request = SpawnRequest(
            "crun",
            [
                "--root", directory("state"), "run", "--bundle", directory.path, "--pid-file", directory("pid"),
                String(group.cgroup.path.dropFirst()),
            ])
        request.environment = Command.plainEnvironment
        request.descriptors = [0, 1, 2].map { DescriptorMapping($0, from: output.writing.raw) }
        request.cgroups = doors
        request.hiddenMounts = group.cgroup.host.hiddenFromRuntime
        return Container(runtime: try Spawn.start(request), output: output.reading)
    }

    @Test func crunRunsABundleInBothKindsOfCgroups() throws {
        let group = try TestCgroup()
        let directory = try TemporaryDirectory("bundle")
        var bundle = TestBundle(script: "cat /proc/self/status; cat /proc/self/cgroup; exit 7")
        bundle.cgroupsPath = group.cgroup.path
        bundle.resources = #""memory":{"limit":67108864}"#
        let container = try run(bundle, in: group, directory)
        let bytes = try container.output.readAll(limit: 1 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(try container.runtime.pidfd.reap(by: MonotonicClock.now() + .seconds(30)) == .code(7), "\(text)")
        let status = try #require(ProcessStatus(parsing: bytes), "\(text)")
        #expect(status.masks.blocked == 0 && status.masks.ignored == 0)
        #expect(text.contains("0::\(group.cgroup.path)\n"))
        if group.cgroup.host.layout == .hybrid {
            #expect(text.contains("memory:\(group.cgroup.path)"), "\(text)")
        }
    }

    /// LINUX.md 7: looking at init for D or Z misses the commonest case.
    @Test func anInitThatWaitsForAChildInDIsNoMemberAndNotGone() throws {
        let hung = try HungFileSystem()
        let group = try TestCgroup()
        let directory = try TemporaryDirectory("bundle")
        var bundle = TestBundle(script: "cat /hung/file & wait")
        bundle.cgroupsPath = group.cgroup.path
        bundle.binds = [TestBundle.Bind(hung.path, at: "/hung")]
        let container = try run(bundle, in: group, directory)
        try hung.waitUntilRead()
        let pid = try #require(Int32(String(decoding: try File.read(directory("pid")), as: UTF8.self)))
        let initial = try Pidfd(opening: pid)
        #expect(try Procfs.status(of: pid).isNamespaceInit)
        try initial.send(.kill)
        try eventually("only the reader is left") {
            let members = try group.cgroup.members()
            return try !members.contains(pid) && members.contains { try Procfs.status(of: $0).state == "D" }
        }
        #expect(try Procfs.status(of: pid).state == "S")
        #expect(try group.cgroup.isPopulated() && !initial.isGone())
        try hung.abort()
        let soon = MonotonicClock.now() + .seconds(20)
        #expect(try initial.isGone(by: soon))
        #expect(try container.runtime.pidfd.reap(by: soon) == .code(137))
    }
}

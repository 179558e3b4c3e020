import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// Load by stress-ng: what is slow for lack of memory, processors or a disk is said to be so, and never called stuck.
@Suite("Load", .serialized, .enabled(if: Load.isSupported), .timeLimit(.minutes(2))) struct LoadTests {
    private func subject(_ load: Load) -> Subject {
        Subject(.cgroup(load.group.cgroup.path), cgroups: [load.group.cgroup])
    }

    private func expectNothingStuck(_ load: Load, looks: Int = 5, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        for _ in 0..<looks {
            let explanation = explain(try Stage.collect(subject(load)))
            // This test reaps stress-ng only when it has looked: it is rightly blamed for that.
            let proven = explanation.causes.filter { $0.certainty == .proven && $0.reason != .unreapedChild }
            #expect(proven.isEmpty, "\(proven.map(\.summary))", sourceLocation: sourceLocation)
            #expect(explanation.evidence.elapsed < Stage.patience, sourceLocation: sourceLocation)
        }
    }

    /// More than its group may have, which it waits for: that is the reason, and KILL ends it.
    @Test func memoryOfALimitedGroup() throws {
        let load = try Load(["--vm", "1", "--vm-bytes", "96M", "--vm-keep"], memory: 32 << 20)
        let explanation = try Stage.explain(subject(load)) { $0.causes.contains { $0.reason == .memoryPressure } }
        let cause = try #require(explanation.causes.first { $0.reason == .memoryPressure })
        #expect(cause.certainty == .harmless && !explanation.isStuck, "\(explanation.causes)")
        #expect(cause.tasks.allSatisfy { $0.comm.hasPrefix("stress-ng") }, "\(cause)")
        try expectNothingStuck(load)
        let killed = MonotonicClock.now()
        try load.group.cgroup.kill()
        try eventually("all of it is gone") { try !load.group.cgroup.isPopulated() }
        #expect(MonotonicClock.now() - killed < .seconds(10))
    }

    @Test func processorsAreNotEnough() throws {
        let load = try Load(["--cpu", "8", "--switch", "4"])
        try expectNothingStuck(load)
        // LINUX 26: lateness that load explains is told from hanging.
        if try File.status(of: "/proc/pressure/cpu") != nil {
            let explanation = try Stage.explain(subject(load)) { !$0.pressure.isEmpty }
            #expect(explanation.pressure.contains { $0.contains("processor") }, "\(explanation.pressure)")
        }
        // What does hang is found all the same, and in time.
        let (hung, group) = (try HungFileSystem(), try TestCgroup())
        let reader = try OwnedProcess("/bin/busybox", ["cat", hung.file], in: group.cgroup)
        try hung.waitUntilRead()
        try reader.send(.kill)
        let found = try Stage.explain(Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])) { $0.isStuck }
        #expect(found.reason == .fuse && found.evidence.elapsed < Stage.patience, "\(found.evidence.elapsed)")
        try hung.abort()
        try reader.waitUntilEnded()
    }

    @Test(arguments: [
        ["--hdd", "2", "--hdd-bytes", "32M", "--hdd-opts", "fsync"], ["--vfork", "4"], ["--fork", "4", "--exec", "2"],
        ["--iomix", "1", "--iomix-bytes", "16M"],
    ])
    func workThatGoesOn(_ words: [String]) throws {
        let load = try Load(words)
        try expectNothingStuck(load)
        try load.group.cgroup.kill()
        try expectNothingStuck(load, looks: 2)
        try eventually("all of it is gone") { try !load.group.cgroup.isPopulated() }
    }
}

/// stress-ng in a control group of its own, in a directory of its own.
private final class Load: Sendable {
    let group: TestCgroup
    private let directory: TemporaryDirectory
    private let process: OwnedProcess

    static let isSupported = File.isExecutable("/usr/bin/stress-ng")

    /// `memory`: its group may have no more; who wants more waits.
    init(_ words: [String], memory: Int64? = nil) throws {
        let reach = memory == nil ? CgroupReach.membership : .everything
        group = try TestCgroup(reach)
        directory = try TemporaryDirectory("load")
        if let memory { try Load.limit(group.cgroup, memory) }
        let usual = ["--quiet", "--timeout", "100s", "--temp-path", try directory.makeDirectory("files")]
        process = try OwnedProcess("/usr/bin/stress-ng", usual + words, in: group.cgroup, reach)
        let cgroup = group.cgroup
        try eventually("its workers are there") { try cgroup.members().count > 1 }
    }

    deinit {
        do {
            try group.cgroup.kill()
            try process.kill()
        } catch { print("cannot end stress-ng: \(error)") }
    }

    /// v2 makes who is above `memory.high` wait; v1 whoever would be killed for it, when that is switched off.
    private static func limit(_ cgroup: Cgroup, _ memory: Int64) throws {
        if let directory = cgroup.directory(of: .memory), try File.status(of: directory + "/memory.oom_control") != nil
        {
            try File.overwrite(directory + "/memory.limit_in_bytes", with: "\(memory)")
            try File.overwrite(directory + "/memory.oom_control", with: "1")
        } else if let directory = cgroup.unifiedDirectory {
            try File.overwrite(directory + "/memory.high", with: "\(memory)")
        }
    }
}

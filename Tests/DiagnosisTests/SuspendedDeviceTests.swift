import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// A suspended device of device-mapper, where the kernel has it; `make test-v2` boots one that has.
@Suite(.serialized, .enabled(if: SuspendedDevice.isSupported), .timeLimit(.minutes(3)))
struct SuspendedDeviceTests {
    @Test func whoWritesIsExplainedAndFreedByResuming() throws {
        let device = try SuspendedDevice()
        let group = try TestCgroup()
        try device.suspend()
        let words = ["if=/dev/zero", "of=\(device.path)/log", "bs=64k", "count=4", "conv=fsync", "status=none"]
        let writer = try OwnedProcess("/bin/dd", words, in: group.cgroup)
        try eventually("the writer hangs") { try Procfs.status(of: writer.pid).state == "D" }
        try group.cgroup.kill()
        let subject = Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
        let explanation = try Stage.explain(subject) { $0.isStuck }
        #expect(explanation.reason == .suspendedDevice, "\(explanation.causes)")
        #expect(explanation.remedies.first == .resumeDevice(device.name), "\(explanation.remedies)")
        #expect(explanation.line.contains(device.name) && explanation.line.contains("suspended"), "\(explanation.line)")
        let untouched = try Stage.release(subject)
        #expect(untouched.outcome("resume-device") == .needsOption && untouched.isPopulated == true)
        let dry = try Stage.release(subject) { ($0.resumeDevice, $0.isDryRun) = (true, true) }
        #expect(dry.outcome("resume-device") == .wouldDo && !dry.hasActed)
        let done = try Stage.release(subject) { $0.resumeDevice = true }
        #expect(done.outcome("resume-device") == .done, "\(done.remedies)")
        #expect(done.isPopulated == false && done.held.isEmpty, "\(done)")
        #expect(try writer.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    @Test func deviceThatIsNotSuspendedIsLeftAlone() throws {
        let device = try SuspendedDevice()
        let group = try TestCgroup()
        let deadline = MonotonicClock.now() + .seconds(5)
        let remedying = try Stage.remedying(Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup]))
        #expect(remedying.perform(.resumeDevice(device.name), until: deadline).outcome == .nothingToDo)
        #expect(remedying.perform(.resumeDevice("no-such"), until: deadline).outcome == .refused)
    }
}

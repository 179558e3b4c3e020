import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// Block devices that complete nothing, on the real kernel: who waits for their I/O, or for a
/// driver. Nothing that an engine could do frees them; what is said has to be right all the same (LINUX 17, 25).
@Suite(.serialized, .enabled(if: StalledDevice.isSupported), .timeLimit(.minutes(3)))
struct StalledDeviceTests {
    private func subject(_ group: TestCgroup) -> Subject {
        Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
    }

    /// Writes and waits for the device.
    private func writer(_ device: StalledDevice, _ group: TestCgroup) throws -> OwnedProcess {
        let words = ["if=/dev/zero", "of=\(device.path)/log", "bs=64k", "count=4", "conv=fsync", "status=none"]
        let writer = try OwnedProcess("/bin/dd", words, in: group.cgroup)
        // On its way it also waits for what it reads, and that ends.
        try eventually("it has written") { try device.isWriting() }
        try eventually("the writer hangs") { try Procfs.status(of: writer.pid).state == "D" }
        return writer
    }

    @Test func writerIsExplainedByTheDevice() throws {
        let device = try StalledDevice()
        let group = try TestCgroup()
        try device.stall()
        let writer = try writer(device, group)
        try group.cgroup.kill()
        let explanation = try Stage.explain(subject(group)) { $0.isStuck }
        #expect(explanation.reason == .blockIO, "\(explanation.causes)")
        let cause = try #require(explanation.causes.first)
        guard case .device(let blocker)? = cause.blockers.first else { throw TestFailure("\(cause)") }
        #expect(blocker.name == device.name && blocker.inFlight > 0 && !blocker.hasProgressed)
        #expect(cause.summary.contains(device.name) && cause.summary.contains("completed nothing"), "\(cause.summary)")
        #expect(cause.tasks.first?.mount?.mountPoint == device.path)
        // No remedy is invented for it: its memory at most.
        #expect(explanation.remedies.allSatisfy { if case .releaseMemory = $0 { true } else { false } })
        try device.goOn()
        #expect(try writer.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }

    /// A request to the driver that waits until the device is idle.
    @Test func requestToTheDriverIsNamed() throws {
        let device = try StalledDevice()
        let (writers, group) = (try TestCgroup(), try TestCgroup())
        try device.stall()
        let writer = try writer(device, writers)
        let control = try OwnedProcess("/sbin/losetup", ["--direct-io=on", device.device], in: group.cgroup)
        try eventually("the request hangs") { try Procfs.status(of: control.pid).state == "D" }
        try group.cgroup.kill()
        let explanation = try Stage.explain(subject(group)) { $0.isStuck }
        #expect(explanation.reason == .driver, "\(explanation.causes)")
        guard case .driver(let function, let module)? = explanation.causes.first?.blockers.first else {
            throw TestFailure("\(explanation.causes)")
        }
        #expect(!function.isEmpty)
        // A module is named where the driver is one.
        let isModule = try File.status(of: "/sys/module/loop/initstate") != nil
        #expect(module == (isModule ? "loop" : nil), "\(function) \(module ?? "")")
        #expect(explanation.causes.first?.tasks.first?.file?.path == device.device)
        try device.goOn()
        try control.waitUntilEnded()
        try writer.waitUntilEnded()
    }

    /// Its last close comes when it has neither descriptors nor mounts any more (LINUX 25): those that were saved tell.
    @Test func lastCloseOfADyingProcessIsExplainedByTheSavedMounts() throws {
        let device = try StalledDevice()
        let orphan = try Misbehaviour.orphan(device.path + "/orphan").start()
        let (saves, pid) = (try TemporaryDirectory("saved"), orphan.pid)
        let saved = saves("mountinfo")
        try DurableFile.write(try File.read("/proc/\(pid)/mountinfo", limit: 1 << 20), to: saved)
        try device.stall()
        try orphan.process.say("go")
        try eventually("it has written") { try device.isWriting() }
        try orphan.process.send(.kill)
        try eventually("it hangs") { try Procfs.status(of: pid).state == "D" }
        var subject = subject(orphan.group)
        let without = try Stage.explain(subject) { $0.isStuck }
        #expect(without.causes.first?.tasks.first?.mount == nil)
        subject.savedMounts = saved
        let explanation = try Stage.explain(subject) { $0.isStuck && !($0.causes.first?.blockers.isEmpty ?? true) }
        #expect(explanation.reason == .blockIO, "\(explanation.causes)")
        #expect(explanation.line.contains(device.name), "\(explanation.line)")
        try device.goOn()
        try orphan.process.waitUntilEnded()
    }
}

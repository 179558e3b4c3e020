import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// LINUX 22: who holds the lock that a task waits for, as the kernel's own detector logs it (mutexes from 6.15, semaphores of
/// readers and writers from 6.17 on). It is set to look every second meanwhile.
@Suite(.serialized, .enabled(if: HungTaskDetector.namesOwners), .timeLimit(.minutes(2)))
struct LockOwnerTests {
    /// Who makes a file has the lock of its directory, while a server that does not answer is asked for it.
    @Test func ownerIsNamedFromTheKernelsLog() throws {
        let detector = try HungTaskDetector(everySecond: ())
        defer { detector.restore() }
        let hung = try HungFileSystem()
        let owner = try OwnedProcess("/bin/busybox", ["touch", hung.silent])
        try hung.waitUntilRead()
        let waiter = try OwnedProcess("/bin/busybox", ["touch", hung.path + "/other"])
        try eventually("it waits for the lock") { try Procfs.status(of: waiter.pid).state == "D" }
        let explanation = try Stage.explain(Subject(.process(waiter.pid), main: waiter.pid)) {
            !$0.evidence.lockOwners.isEmpty
        }
        let found = try #require(explanation.evidence.lockOwners.first)
        #expect(found.waiter == waiter.pid && found.owner.pid == owner.pid && found.owner.comm == "busybox", "\(found)")
        #expect(explanation.reason == .fuse && !explanation.isStuck, "\(explanation.causes)")
        #expect(explanation.causes.first?.blockers.contains(.lockOwner(found)) == true, "\(explanation.causes)")
        try hung.abort()
        try owner.waitUntilEnded()
        try waiter.waitUntilEnded()
    }

    /// Nothing that the waiter works on hangs, and its stack does not even name the lock: only the log tells.
    @Test func ownerIsAllThatIsKnownOfAWaiterForAPipe() throws {
        let detector = try HungTaskDetector(everySecond: ())
        defer { detector.restore() }
        let hung = try HungFileSystem()
        let directory = try TemporaryDirectory("pipe")
        let fifo = directory.path + "/fifo"
        try OwnedProcess("/bin/busybox", ["mkfifo", fifo]).waitUntilEnded()
        let owner = try Misbehaviour.holdPipe(fifo: fifo, file: hung.file).start()
        try hung.waitUntilRead()
        let waiter = try OwnedProcess("/bin/busybox", ["dd", "if=/dev/zero", "of=" + fifo, "bs=1", "count=1"])
        try eventually("it waits for the lock") { try Procfs.status(of: waiter.pid).state == "D" }
        try waiter.send(.kill)
        let explanation = try Stage.explain(Subject(.process(waiter.pid), main: waiter.pid)) {
            !$0.evidence.lockOwners.isEmpty && $0.isStuck
        }
        let found = LockOwner(
            waiter: waiter.pid, owner: ProcessName(pid: owner.pid, comm: "quell-misbehave"), lock: "mutex")
        #expect(explanation.reason == .unknown, "\(explanation.causes)")
        #expect(explanation.causes.first?.blockers == [.lockOwner(found)], "\(explanation.causes)")
        #expect(explanation.line.contains("waits for a mutex that quell-misbehave (pid \(owner.pid)) likely holds"))
        try hung.abort()
        #expect(try waiter.waitUntilEnded() == .signal(.kill, coreDumped: false))
    }
}

/// The settings of khungtaskd.
struct HungTaskDetector {
    private static let names = ["hung_task_timeout_secs", "hung_task_check_interval_secs", "hung_task_warnings"]
    private let before: [String]

    /// Kernels from 6.17 on.
    static let namesOwners: Bool = {
        do {
            let release = try Host.kernel().release.split(separator: ".").prefix(2).compactMap { Int($0) }
            return release.count == 2 && (release[0], release[1]) >= (6, 17)
                && Self.names.allSatisfy { File.isThere("/proc/sys/kernel/\($0)") }
        } catch { return false }
    }()

    init(everySecond: Void) throws {
        before = try Self.names.map { name in
            String(decoding: try File.read("/proc/sys/kernel/\(name)"), as: UTF8.self).filter { $0 != "\n" }
        }
        for (name, value) in zip(Self.names, ["1", "1", "-1"]) {
            try File.overwrite("/proc/sys/kernel/\(name)", with: value)
        }
    }

    func restore() {
        for (name, value) in zip(Self.names, before) {
            do { try File.overwrite("/proc/sys/kernel/\(name)", with: value) } catch {
                print("cannot set \(name): \(error)")
            }
        }
    }
}

extension File {
    fileprivate static func isThere(_ path: String) -> Bool {
        do { return try File.status(of: path) != nil } catch { return false }
    }
}

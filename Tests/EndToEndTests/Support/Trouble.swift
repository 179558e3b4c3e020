import Lifecycle
import Linux
import TestKit

/// A container that will not stop as it should, what is to be said of it, and what frees it.
final class Trouble {
    enum Kind: String, CaseIterable {
        case hungFUSE, oneThread, frozenFileSystem, stalledDevice, suspendedDevice, frozenAbove, stoppedTracer,
            lazyTracer
        case unreapedChild, vforkParent, ignoredTERM, forkBomb, shellInForeground, shellForm, memory, processors

        var isSupported: Bool {
            do {
                switch self {
                case .hungFUSE, .oneThread: return try File.status(of: "/dev/fuse") != nil
                case .frozenFileSystem: return FrozenFileSystem.isSupported
                case .stalledDevice: return StalledDevice.isSupported
                case .suspendedDevice: return SuspendedDevice.isSupported
                case .frozenAbove: return NestedFreezer.Version.v1.isSupported
                // Only there who has used up the memory of its group waits for good.
                case .memory: return try File.status(of: "/sys/fs/cgroup/memory/memory.oom_control") != nil
                case .stoppedTracer, .lazyTracer, .unreapedChild, .vforkParent, .ignoredTERM, .forkBomb,
                    .shellInForeground,
                    .shellForm, .processors:
                    return true
                }
            } catch { return false }
        }
    }

    let kind: Kind
    /// Of `quell run`.
    private(set) var options: [String] = []
    private(set) var command: [String] = []
    /// A KILL does not end it.
    private(set) var isStuck = true
    private(set) var reason: String?
    private(set) var expectation: String?
    /// The name of a task that hangs.
    private(set) var task: String?
    private(set) var remedy: String?
    /// Of `quell release`; nil: there is none.
    private(set) var option: [String]?
    /// Once it runs, given its main process.
    private var starts: (Int32) throws -> Void = { _ in }
    /// Takes it all back.
    private var ends: () throws -> Void = {}

    func begin(_ main: Int32) throws { try starts(main) }

    /// Once: what is over cannot be ended again.
    func end() throws {
        let last = ends
        ends = {}
        try last()
    }

    init(_ kind: Kind) throws {
        self.kind = kind
        switch kind {
        case .hungFUSE, .oneThread: try hang(threaded: kind == .oneThread)
        case .frozenFileSystem: try freezeFileSystem()
        case .stalledDevice: try stall()
        case .suspendedDevice: try suspend()
        case .frozenAbove: try freezeAbove()
        case .stoppedTracer, .lazyTracer: trace(stopped: kind == .stoppedTracer)
        case .unreapedChild: leaveUnreaped()
        case .vforkParent: try misbehave(.vforkParent, "vfork", task: "quell-misbehave")
        case .ignoredTERM: try misbehave(.ignoreTERM(3), expecting: "ignored")
        case .forkBomb:
            try misbehave(.forkBomb(most: 60), expecting: "unhandled")
            options += ["--pids-limit", "200"]
        case .shellInForeground: script(Scripts.foreground, expecting: "late")
        case .shellForm: script(Scripts.childHandles, expecting: "forwarded")
        case .memory:
            try misbehave(.grow(megabytes: 64), "memory-pressure", task: "quell-misbehave")
            options += ["-m", "16m", "--oom-kill-disable"]
        case .processors: try misbehave(.burn(4), expecting: "unhandled")
        }
    }

    // MARK: what ends by KILL

    private func script(_ text: String, expecting expectation: String) {
        (isStuck, command, self.expectation) = (false, ["sh", "-c", text], expectation)
    }

    private func misbehave(
        _ behaviour: Misbehaviour, _ reason: String? = nil, task: String? = nil, expecting expectation: String? = nil
    ) throws {
        options = ["-v", "\(try Misbehaviour.program()):/quell-misbehave:ro"]
        command = ["/quell-misbehave"] + behaviour.arguments
        (isStuck, self.reason, self.task, self.expectation) = (false, reason, task, expectation)
    }

    // MARK: what does not

    private func hang(threaded: Bool) throws {
        let hung = try HungFileSystem()
        if threaded {
            try misbehave(.threaded("/hung/file"), task: "hanging-thread")
        } else {
            (command, task) = (["sh", "-c", "cat /hung/file & wait"], "cat")
        }
        options += ["-v", hung.path + ":/hung"]
        (isStuck, reason, remedy, option) = (true, "fuse", "abort-fuse", ["--abort-fuse"])
        starts = { _ in try hung.waitUntilRead() }
        ends = { try hung.abort() }
    }

    private func freezeFileSystem() throws {
        let frozen = try FrozenFileSystem()
        options = ["-v", frozen.path + ":/data"]
        command = ["sh", "-c", "while :; do echo x >>/data/log; done"]
        (reason, task, remedy, option) = ("fs-frozen", "sh", "thaw-fs", ["--thaw-fs"])
        starts = { main in
            try frozen.freeze()
            try Trouble.awaitState("D", of: main)
        }
        ends = { try frozen.thaw() }
    }

    private static let write = ["busybox", "dd", "if=/dev/zero", "of=/data/log", "bs=64k", "count=4", "conv=fsync"]

    private func stall() throws {
        let device = try StalledDevice()
        try device.stall()
        (options, command) = (["-v", device.path + ":/data"], Trouble.write)
        (reason, task) = ("block-io", "busybox")
        starts = { main in
            try eventually("it has written") { try device.isWriting() }
            try Trouble.awaitState("D", of: main)
        }
        ends = { try device.goOn() }
    }

    private func suspend() throws {
        let device = try SuspendedDevice()
        try device.suspend()
        (options, command) = (["-v", device.path + ":/data"], Trouble.write)
        (reason, task, remedy, option) = ("dm-suspended", "busybox", "resume-device", ["--resume-dm"])
        starts = { try Trouble.awaitState("D", of: $0) }
        ends = { try device.resume() }
    }

    private func freezeAbove() throws {
        let freezer = try NestedFreezer(.v1)
        command = ["sleep", "3600"]
        (reason, task, remedy, option) = ("cgroup-frozen", "sleep", "thaw-cgroup", ["--thaw"])
        starts = { main in
            try freezer.take(main)
            try freezer.freeze(main)
        }
        ends = { try freezer.thaw() }
    }

    /// One that does not reap, be it because it is stopped, keeps a death to itself.
    private func trace(stopped: Bool) {
        (command, reason) = (["sleep", "3600"], "traced")
        remedy = stopped ? "detach-tracer" : "kill-tracer"
        starts = { [unowned self] main in
            let tracer = try (stopped ? Misbehaviour.traceStopped(main) : .traceLazily(main)).start()
            option = ["--\(remedy ?? "")", "\(tracer.pid)"]
            ends = { _ = try tracer.process.kill() }
        }
    }

    private func leaveUnreaped() {
        command = ["sleep", "3600"]
        (reason, task, remedy) = ("unreaped-child", "sleep", "kill-parent")
        starts = { [unowned self] main in
            let parent = try Misbehaviour.enterWithoutReaping(main, ["/bin/busybox", "sleep", "1000"]).start()
            option = ["--kill-parent", "\(parent.pid)"]
            ends = { _ = try parent.process.kill() }
        }
    }

    private static func awaitState(_ state: Character, of pid: Int32) throws {
        try eventually("process \(pid) is in \(state)") { try Procfs.status(of: pid).state == state }
    }
}

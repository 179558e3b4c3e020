internal import Linux

/// Why each task is held, and what follows for all of them together.
struct Holds {
    let evidence: Evidence

    /// One task, and what holds it. Those with the same reason and target are one cause.
    struct Hold {
        var reason: Reason
        var certainty: Cause.Certainty
        var target = ""
        var task: TaskEvidence
    }

    init(_ evidence: Evidence) { self.evidence = evidence }

    /// What was proven first; then what concerns most tasks.
    func causes() -> [Cause] {
        var holds = evidence.tasks.compactMap(hold)
        follow(&holds)
        var groups: [String: [Hold]] = [:]
        for hold in holds { groups["\(hold.reason.rawValue) \(hold.target)", default: []].append(hold) }
        let found = groups.values.map(cause) + [unreaped()].compactMap { $0 } + zombies()
        return found.sorted { one, other in
            let (left, right) = (one.certainty.rawValue, other.certainty.rawValue)
            if left != right { return left < right }
            if one.reason == .unknown || other.reason == .unknown {
                return other.reason == .unknown && one.reason != .unknown
            }
            if one.tasks.count != other.tasks.count { return one.tasks.count > other.tasks.count }
            return one.summary < other.summary
        }
    }

    // MARK: one task

    /// Nil: nothing holds it that a KILL would not end at once.
    private func hold(_ task: TaskEvidence) -> Hold? {
        switch task.state {
        case "D": return uninterruptible(task)
        case "S" where evidence.freezer(of: task) != nil: return frozen(task)
        case "S" where task.wchan == "request_wait_answer": return waiting(task, .fuse, connection(of: task))
        case "t": return evidence.process(task.pid)?.tracer.map { traced(task, by: $0) }
        default:
            // It runs, and yet its death would be told to nobody.
            guard let tracer = evidence.process(task.pid)?.tracer, tracer.isStopped, task.tid == task.pid else {
                return nil
            }
            return traced(task, by: tracer)
        }
    }

    /// KILL ends what a tracer holds. But it is dead to its parent only when the tracer has reaped it (LINUX 23), which one that is
    /// stopped does not.
    private func traced(_ task: TaskEvidence, by tracer: Outsider) -> Hold {
        let isStuck = task.state == "t" && task.isKillPending && task.isUnchanged
        return Hold(
            reason: .traced, certainty: isStuck ? .proven : tracer.isStopped ? .expected : .harmless,
            target: "\(task.pid)", task: task)
    }

    private func uninterruptible(_ task: TaskEvidence) -> Hold? {
        if evidence.isFrozenForGood(task) { return frozen(task) }
        if task.isVforkParent { return Hold(reason: .vfork, certainty: .harmless, target: "\(task.tid)", task: task) }
        if task.touchesFuse { return waiting(task, .fuse, connection(of: task)) }
        if task.touchesNetwork { return waiting(task, .nfs, task.mountTarget) }
        if KernelFunctions.isFrozenFileSystem(task.stack) { return waiting(task, .frozenFileSystem, task.mountTarget) }
        if let device = device(of: task), device.isSuspended { return waiting(task, .suspendedDevice, device.name) }
        if evidence.freezer(of: task) != nil { return frozen(task) }
        if task.sleepsIn(KernelFunctions.reclaim) { return memory(task) }
        if task.sleepsIn(KernelFunctions.blockIO) { return blockIO(task) }
        // Whatever function it sleeps in: what it works on is on a device that completes nothing.
        if task.call?.isDeviceControl != true, device(of: task)?.isStalled == true { return blockIO(task) }
        // Newer kernels leave the functions of locks out of a stack: then their log tells that it waits for one.
        if task.sleepsIn(KernelFunctions.lock) || evidence.lockOwner(of: task) != nil {
            return waiting(task, .unknown, "lock")
        }
        if let driver = task.driver { return waiting(task, .driver, driver.module ?? driver.function) }
        return waiting(task, .unknown, task.wchan)
    }

    /// Proven when KILL is pending and it did not run between the samples; expected when it has slept for a second; else it
    /// just waits, as tasks do. Nil when it ran.
    private func waiting(_ task: TaskEvidence, _ reason: Reason, _ target: String) -> Hold? {
        guard task.isUnchanged else { return nil }
        var certainty = Cause.Certainty.harmless
        if task.isProvenStuck {
            certainty = .proven
        } else if let asleep = task.asleep, asleep >= Holds.longSleep {
            certainty = .expected
        }
        return Hold(reason: reason, certainty: certainty, target: target, task: task)
    }

    private static let longSleep = Duration.seconds(1)
    /// A device that completes requests may well let one wait for that long.
    private static let slowDevice = Duration.seconds(10)

    /// Who waits for memory wakes up for KILL, and gives it back.
    private func memory(_ task: TaskEvidence) -> Hold? {
        var hold = waiting(task, .memoryPressure, "")
        if hold?.certainty == .expected { hold?.certainty = .harmless }
        return hold
    }

    private func blockIO(_ task: TaskEvidence) -> Hold? {
        let device = device(of: task)
        var hold = waiting(task, .blockIO, device?.name ?? task.mountTarget)
        if device?.hasProgressed == true, task.asleep.map({ $0 < Holds.slowDevice }) ?? true {
            hold?.certainty = .harmless
        }
        return hold
    }

    /// In v1 KILL waits for the thaw. In v2 it does not; only handlers do.
    private func frozen(_ task: TaskEvidence) -> Hold {
        let groups = evidence.frozenGroups(.v1, holding: task.freezerPath)
        let isLegacy = task.state == "D"
        let top = (isLegacy ? groups : evidence.frozenGroups(.v2, holding: task.unifiedPath)).first
        var certainty = Cause.Certainty.harmless
        if isLegacy {
            let isThawed = groups.allSatisfy(evidence.isThawedByStop) && !groups.isEmpty
            certainty = task.isProvenStuck ? .proven : isThawed ? .harmless : .expected
        }
        return Hold(reason: .frozenCgroup, certainty: certainty, target: top?.directory ?? "", task: task)
    }

    // MARK: those that wait for others that are held

    /// Whoever waits for a lock that a held task has, is held by the same.
    private func follow(_ holds: inout [Hold]) {
        for index in holds.indices where holds[index].reason == .unknown && holds[index].target == "lock" {
            let waiter = holds[index].task
            let owner = evidence.lockOwner(of: waiter)?.owner.pid
            // Without the hung-task log: another thread of the same process is the likeliest to have its memory's lock.
            let known =
                holds.first { $0.reason != .unknown && $0.task.tid == owner }
                ?? holds.first { $0.reason != .unknown && $0.reason != .vfork && $0.task.pid == waiter.pid }
            guard let known else { continue }
            (holds[index].reason, holds[index].target) = (known.reason, known.target)
        }
    }

    // MARK: what tasks are concerned with

    func connection(of task: TaskEvidence) -> String {
        guard let mount = task.mount, FileSystemKind.isFuse(mount.type) else {
            return evidence.connections.count == 1 ? "\(evidence.connections[0].number)" : ""
        }
        return "\(mount.device.major << 20 | mount.device.minor)"
    }

    func device(of task: TaskEvidence) -> BlockDevice? {
        if let path = task.file?.path, path.hasPrefix("/dev/"),
            let named = evidence.devices.first(where: {
                path == "/dev/" + $0.name || path == "/dev/mapper/" + ($0.mapperName ?? "")
            })
        {
            return named
        }
        guard let mount = task.mount else {
            // At its very end a process has no descriptors any more: then it is the only one that it can be.
            let halted = evidence.devices.filter { $0.isSuspended || $0.isStalled }
            return task.isExiting && halted.count == 1 ? halted[0] : halted.first(where: \.isSuspended)
        }
        return evidence.devices.first { $0.number == mount.device || mount.source == "/dev/" + $0.name }
    }
}

extension TaskEvidence {
    func sleepsIn(_ functions: Set<String>) -> Bool {
        functions.contains(wchan) || stack.contains { functions.contains(KernelFunctions.plain($0)) }
    }

    var isVforkParent: Bool {
        sleepsIn(["wait_for_vfork_done"]) || (call?.isFork == true && sleepsIn(KernelFunctions.vfork))
    }

    var touchesFuse: Bool {
        stack.contains(where: KernelFunctions.isFuse) || mount.map { FileSystemKind.isFuse($0.type) } == true
    }

    var touchesNetwork: Bool {
        stack.contains(where: KernelFunctions.isNetworkFileSystem)
            || mount.map { FileSystemKind.isNetwork($0.type) } == true
    }

    var mountTarget: String { mount.map { "\($0.device.major):\($0.device.minor)" } ?? "" }

    /// A module on its stack, or a call on a device.
    var driver: (function: String, module: String?)? {
        if let found = KernelFunctions.module(stack) { return (found.function, found.module) }
        guard call?.isDeviceControl == true || file?.path.hasPrefix("/dev/") == true else { return nil }
        let outermost = stack.last { !$0.contains("syscall") && !$0.hasPrefix("entry_") && !$0.hasPrefix("__x64_sys") }
        return (outermost ?? wchan, nil)
    }
}

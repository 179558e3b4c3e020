internal import CLinux

/// Limits of a living control group. Nil leaves a value as it is; -1 takes a limit away.
public struct CgroupLimits: Hashable, Sendable {
    public var memoryBytes: Int64?
    /// Memory and swap together, as Docker counts it.
    public var memoryAndSwapBytes: Int64?
    /// Soft limit.
    public var memoryReservationBytes: Int64?
    /// Microseconds of processor time in each period; -1: all.
    public var quotaMicroseconds: Int64?
    public var periodMicroseconds: UInt64?
    /// 2 to 262144; 1024 is usual.
    public var shares: UInt64?
    /// `0-2,4`.
    public var processors: String?
    public var memoryNodes: String?
    /// Processes and threads.
    public var processes: Int64?
    public init() {}
}

extension Cgroup {
    /// Sets them now. The first failure is thrown; what was set before it stays. EBUSY: v1 cannot shrink below the use.
    public func apply(_ limits: CgroupLimits) throws(SystemError) {
        if host.layout == .unified, let directory = unifiedDirectory {
            try applyUnified(limits, directory)
        } else {
            try applyLegacy(limits)
        }
    }

    private func applyUnified(_ limits: CgroupLimits, _ directory: String) throws(SystemError) {
        func set(_ file: String, _ value: String?) throws(SystemError) {
            if let value { try File.overwrite("\(directory)/\(file)", with: value) }
        }
        if let total = limits.memoryAndSwapBytes {
            var memory = limits.memoryBytes
            if memory == nil { memory = try Cgroup.number(directory + "/memory.max").map { Int64(clamping: $0) } }
            try set("memory.swap.max", total < 0 ? "max" : "\(max(0, total - max(0, memory ?? 0)))")
        }
        try set("memory.max", limits.memoryBytes.map(Cgroup.maximum))
        try set("memory.low", limits.memoryReservationBytes.map { $0 < 0 ? "0" : "\($0)" })
        if limits.quotaMicroseconds != nil || limits.periodMicroseconds != nil {
            let now = try File.read(directory + "/cpu.max").words.map { $0.trimmed.text }
            let quota = limits.quotaMicroseconds.map(Cgroup.maximum) ?? now.first ?? "max"
            let period = limits.periodMicroseconds.map { "\($0)" } ?? (now.count > 1 ? now[1] : "100000")
            try set("cpu.max", "\(quota) \(period)")
        }
        try set("cpu.weight", limits.shares.map { "\(Cgroup.weight(ofShares: $0))" })
        try set("cpuset.cpus", limits.processors)
        try set("cpuset.mems", limits.memoryNodes)
        try set("pids.max", limits.processes.map(Cgroup.maximum))
    }

    /// runc's mapping of 2…262144 to 1…10000.
    static func weight(ofShares shares: UInt64) -> UInt64 {
        let bounded = min(max(shares, 2), 262144)
        return 1 + (bounded - 2) * 9999 / 262142
    }

    /// As v2's files and v1's pids.max want it: `max` for no limit.
    private static func maximum(_ value: Int64) -> String { value < 0 ? "max" : "\(value)" }

    private func applyLegacy(_ limits: CgroupLimits) throws(SystemError) {
        func set(_ controller: CgroupController, _ file: String, _ value: String?) throws(SystemError) {
            guard let value else { return }
            guard let directory = directory(of: controller) else {
                throw SystemError("set \(file) of", path, errno: CLinux.ENODEV)
            }
            try File.overwrite("\(directory)/\(file)", with: value)
        }
        // The kernel wants memory <= memory and swap at every step: which goes first depends on the direction.
        let memory = limits.memoryBytes.map { "\($0)" }
        let total = limits.memoryAndSwapBytes.map { "\($0)" }
        do throws(SystemError) {
            try set(.memory, "memory.limit_in_bytes", memory)
            try set(.memory, "memory.memsw.limit_in_bytes", total)
        } catch {
            guard error.errno == CLinux.EINVAL, memory != nil, total != nil else { throw error }
            try set(.memory, "memory.memsw.limit_in_bytes", total)
            try set(.memory, "memory.limit_in_bytes", memory)
        }
        try set(.memory, "memory.soft_limit_in_bytes", limits.memoryReservationBytes.map { "\($0)" })
        // So, too, quota and period: the kernel bounds their ratio by the parent's.
        let quota = limits.quotaMicroseconds.map { "\($0)" }
        let period = limits.periodMicroseconds.map { "\($0)" }
        do throws(SystemError) {
            try set(.cpu, "cpu.cfs_period_us", period)
            try set(.cpu, "cpu.cfs_quota_us", quota)
        } catch {
            guard error.errno == CLinux.EINVAL, quota != nil, period != nil else { throw error }
            try set(.cpu, "cpu.cfs_quota_us", quota)
            try set(.cpu, "cpu.cfs_period_us", period)
        }
        try set(.cpu, "cpu.shares", limits.shares.map { "\($0)" })
        try set(.cpuset, "cpuset.cpus", limits.processors)
        try set(.cpuset, "cpuset.mems", limits.memoryNodes)
        try set(.pids, "pids.max", limits.processes.map(Cgroup.maximum))
    }
}

/// What a control group has used. Counters are since its creation; what the host does not count is zero or nil.
public struct CgroupStatistics: Hashable, Sendable {
    public struct Processor: Hashable, Sendable {
        public var usageNanoseconds: UInt64 = 0
        public var userNanoseconds: UInt64 = 0
        public var systemNanoseconds: UInt64 = 0
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        public var throttledNanoseconds: UInt64 = 0
    }
    public struct Memory: Hashable, Sendable {
        public var usageBytes: UInt64 = 0
        /// Nil: no limit.
        public var limitBytes: UInt64?
        public var peakBytes: UInt64?
        /// Cached file content that can be dropped at once (inactive_file): `docker stats` subtracts it.
        public var cacheBytes: UInt64 = 0
        /// memory.stat, as the kernel names it.
        public var details: [String: UInt64] = [:]
        public var oomKills: UInt64 = 0
    }
    public struct Processes: Hashable, Sendable {
        /// Processes and threads.
        public var current: UInt64 = 0
        /// Nil: no limit.
        public var limit: UInt64?
    }
    public struct Transfer: Hashable, Sendable {
        public var device: DeviceNumber
        public var readBytes: UInt64 = 0
        public var writtenBytes: UInt64 = 0
        public var reads: UInt64 = 0
        public var writes: UInt64 = 0
    }
    public var processor = Processor()
    public var memory = Memory()
    public var processes = Processes()
    /// By device.
    public var transfers: [Transfer] = []
    public init() {}
}

extension Cgroup {
    /// A group that is not there has used nothing.
    public func statistics() throws(SystemError) -> CgroupStatistics {
        host.layout == .unified ? try unifiedStatistics() : try legacyStatistics()
    }

    /// How often the kernel killed a process of the group for want of memory; 0 when that is not known.
    public func oomKills() throws(SystemError) -> UInt64 {
        if host.layout == .unified, let directory = unifiedDirectory {
            return try Cgroup.read(directory + "/memory.events").map(flatKeyed)?["oom_kill"] ?? 0
        }
        guard let directory = directory(of: .memory) else { return 0 }
        return try Cgroup.read(directory + "/memory.oom_control").map(flatKeyed)?["oom_kill"] ?? 0
    }

    private func unifiedStatistics() throws(SystemError) -> CgroupStatistics {
        var all = CgroupStatistics()
        guard let directory = unifiedDirectory else { return all }
        if let cpu = try Cgroup.read(directory + "/cpu.stat").map(flatKeyed) {
            all.processor.usageNanoseconds = (cpu["usage_usec"] ?? 0) &* 1000
            all.processor.userNanoseconds = (cpu["user_usec"] ?? 0) &* 1000
            all.processor.systemNanoseconds = (cpu["system_usec"] ?? 0) &* 1000
            all.processor.periods = cpu["nr_periods"] ?? 0
            all.processor.throttledPeriods = cpu["nr_throttled"] ?? 0
            all.processor.throttledNanoseconds = (cpu["throttled_usec"] ?? 0) &* 1000
        }
        all.memory.usageBytes = try Cgroup.number(directory + "/memory.current") ?? 0
        all.memory.limitBytes = try Cgroup.number(directory + "/memory.max")
        all.memory.peakBytes = try Cgroup.number(directory + "/memory.peak")
        all.memory.details = try Cgroup.read(directory + "/memory.stat").map(flatKeyed) ?? [:]
        all.memory.cacheBytes = all.memory.details["inactive_file"] ?? 0
        all.memory.oomKills = try oomKills()
        all.processes.current = try Cgroup.number(directory + "/pids.current") ?? 0
        all.processes.limit = try Cgroup.number(directory + "/pids.max")
        all.transfers = Cgroup.transfers(unified: try Cgroup.read(directory + "/io.stat") ?? [])
        return all
    }

    private func legacyStatistics() throws(SystemError) -> CgroupStatistics {
        var all = CgroupStatistics()
        if let directory = directory(of: .cpuacct) {
            all.processor.usageNanoseconds = try Cgroup.number(directory + "/cpuacct.usage") ?? 0
            let split = try Cgroup.read(directory + "/cpuacct.stat").map(flatKeyed) ?? [:]
            // Ticks of 1/100 s.
            all.processor.userNanoseconds = (split["user"] ?? 0) &* 10_000_000
            all.processor.systemNanoseconds = (split["system"] ?? 0) &* 10_000_000
        }
        if let directory = directory(of: .cpu) {
            let cpu = try Cgroup.read(directory + "/cpu.stat").map(flatKeyed) ?? [:]
            all.processor.periods = cpu["nr_periods"] ?? 0
            all.processor.throttledPeriods = cpu["nr_throttled"] ?? 0
            all.processor.throttledNanoseconds = cpu["throttled_time"] ?? 0
        }
        if let directory = directory(of: .memory) { all.memory = try legacyMemory(directory) }
        if let directory = directory(of: .pids) {
            all.processes.current = try Cgroup.number(directory + "/pids.current") ?? 0
            all.processes.limit = try Cgroup.number(directory + "/pids.max")
        }
        if let directory = directory(of: .blkio) {
            let bytes = try Cgroup.firstPresent(directory, "blkio.throttle.io_service_bytes")
            let counts = try Cgroup.firstPresent(directory, "blkio.throttle.io_serviced")
            all.transfers = Cgroup.transfers(legacyBytes: bytes, counts: counts)
        }
        return all
    }

    private func legacyMemory(_ directory: String) throws(SystemError) -> CgroupStatistics.Memory {
        var memory = CgroupStatistics.Memory()
        memory.usageBytes = try Cgroup.number(directory + "/memory.usage_in_bytes") ?? 0
        // No limit is written as the highest page-aligned number.
        memory.limitBytes = try Cgroup.number(directory + "/memory.limit_in_bytes").flatMap {
            $0 > UInt64(Int64.max) - 65536 ? nil : $0
        }
        memory.peakBytes = try Cgroup.number(directory + "/memory.max_usage_in_bytes")
        memory.details = try Cgroup.read(directory + "/memory.stat").map(flatKeyed) ?? [:]
        memory.cacheBytes = memory.details["total_inactive_file"] ?? memory.details["inactive_file"] ?? 0
        memory.oomKills = try oomKills()
        return memory
    }

    /// With descendants where the kernel counts them.
    private static func firstPresent(_ directory: String, _ file: String) throws(SystemError) -> [UInt8] {
        if let bytes = try read("\(directory)/\(file)_recursive") { return bytes }
        return try read("\(directory)/\(file)") ?? []
    }

    /// Nil for `max`, and when the file is not there.
    static func number(_ path: String) throws(SystemError) -> UInt64? {
        try read(path).flatMap { UInt64(decimal: $0.trimmed) }
    }

    /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
    static func transfers(unified bytes: [UInt8]) -> [CgroupStatistics.Transfer] {
        bytes.lines.compactMap { line in
            let words = line.words
            guard let device = words.first.flatMap({ DeviceNumber(colonSeparated: $0) }) else { return nil }
            var transfer = CgroupStatistics.Transfer(device: device)
            for word in words.dropFirst() {
                let halves = word.split(separator: 61)
                guard halves.count == 2, let value = UInt64(decimal: halves[1]) else { continue }
                if halves[0].equals("rbytes") { transfer.readBytes = value }
                if halves[0].equals("wbytes") { transfer.writtenBytes = value }
                if halves[0].equals("rios") { transfer.reads = value }
                if halves[0].equals("wios") { transfer.writes = value }
            }
            return transfer
        }
    }

    /// `8:0 Read 123`, and a line `Total` per device and for all.
    static func transfers(legacyBytes: [UInt8], counts: [UInt8]) -> [CgroupStatistics.Transfer] {
        var table: [DeviceNumber: CgroupStatistics.Transfer] = [:]
        func walk(
            _ text: [UInt8], _ read: WritableKeyPath<CgroupStatistics.Transfer, UInt64>,
            _ write: WritableKeyPath<CgroupStatistics.Transfer, UInt64>
        ) {
            for line in text.lines {
                let words = line.words
                guard words.count == 3, let device = DeviceNumber(colonSeparated: words[0]),
                    let value = UInt64(decimal: words[2])
                else { continue }
                if words[1].equals("Read") { table[device, default: .init(device: device)][keyPath: read] = value }
                if words[1].equals("Write") { table[device, default: .init(device: device)][keyPath: write] = value }
            }
        }
        walk(legacyBytes, \.readBytes, \.writtenBytes)
        walk(counts, \.reads, \.writes)
        return table.values.sorted { ($0.device.major, $0.device.minor) < ($1.device.major, $1.device.minor) }
    }
}

extension DeviceNumber {
    /// `8:16`.
    init?(colonSeparated bytes: some Collection<UInt8>) {
        let halves = bytes.split(separator: 58, omittingEmptySubsequences: false)
        guard halves.count == 2, let major = UInt32(decimal: halves[0]), let minor = UInt32(decimal: halves[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }
}

/// What a control group has used. Counters are since its creation; what the host does not count is zero or nil.
public struct CgroupStatistics: Hashable, Sendable {
    public struct Processor: Hashable, Sendable {
        public var usageNanoseconds: UInt64 = 0
        public var userNanoseconds: UInt64 = 0
        public var systemNanoseconds: UInt64 = 0
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        public var throttledNanoseconds: UInt64 = 0
        /// By processor; v1 alone counts so.
        public var perProcessorNanoseconds: [UInt64]?
    }
    public struct Memory: Hashable, Sendable {
        public var usageBytes: UInt64 = 0
        /// Nil: no limit.
        public var limitBytes: UInt64?
        public var peakBytes: UInt64?
        /// How often the limit was hit; v1 alone has this counter.
        public var limitHits: UInt64?
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
    /// One counter of one block device.
    public struct BlockCounter: Hashable, Sendable {
        public var device: DeviceNumber
        /// `Read`, `Sync`, `Total`, … on v1, as the kernel names it, empty where it does not; `read` and `write` on v2.
        public var operation: String
        public var value: UInt64
    }
    /// What v1 counts beside bytes; which of it there is depends on the I/O scheduler.
    public struct BlockRequests: Hashable, Sendable {
        public var serviced: [BlockCounter] = []
        public var queued: [BlockCounter] = []
        public var serviceTime: [BlockCounter] = []
        public var waitTime: [BlockCounter] = []
        public var merged: [BlockCounter] = []
        public var time: [BlockCounter] = []
        public var sectors: [BlockCounter] = []
    }
    public var processor = Processor()
    public var memory = Memory()
    public var processes = Processes()
    /// Bytes, by device and operation.
    public var blockBytes: [BlockCounter] = []
    /// Nil on v2, and of a group that is not there.
    public var blockRequests: BlockRequests?
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
        all.blockBytes = Cgroup.blockBytes(unified: try Cgroup.read(directory + "/io.stat") ?? [])
        return all
    }

    private func legacyStatistics() throws(SystemError) -> CgroupStatistics {
        var all = CgroupStatistics()
        if let directory = directory(of: .cpuacct) {
            all.processor.usageNanoseconds = try Cgroup.number(directory + "/cpuacct.usage") ?? 0
            let split = try Cgroup.read(directory + "/cpuacct.stat").map(flatKeyed) ?? [:]
            all.processor.perProcessorNanoseconds = try Cgroup.read(directory + "/cpuacct.usage_percpu").map { bytes in
                bytes.words.compactMap { UInt64(decimal: $0) }
            }
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
        if let directory = directory(of: .blkio), try File.status(of: directory) != nil {
            (all.blockBytes, all.blockRequests) = try Cgroup.blockCounters(legacy: directory)
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
        memory.limitHits = try Cgroup.number(directory + "/memory.failcnt")
        memory.details = try Cgroup.read(directory + "/memory.stat").map(flatKeyed) ?? [:]
        memory.cacheBytes = memory.details["total_inactive_file"] ?? memory.details["inactive_file"] ?? 0
        memory.oomKills = try oomKills()
        return memory
    }

    /// Nil for `max`, and when the file is not there.
    static func number(_ path: String) throws(SystemError) -> UInt64? {
        try read(path).flatMap { UInt64(decimal: $0.trimmed) }
    }

    /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
    static func blockBytes(unified bytes: [UInt8]) -> [CgroupStatistics.BlockCounter] {
        bytes.lines.flatMap { line -> [CgroupStatistics.BlockCounter] in
            let words = line.words
            guard let device = words.first.flatMap({ DeviceNumber(colonSeparated: $0) }) else { return [] }
            var (read, written) = (UInt64(0), UInt64(0))
            for word in words.dropFirst() {
                let halves = word.split(separator: 61)
                guard halves.count == 2, let value = UInt64(decimal: halves[1]) else { continue }
                if halves[0].equals("rbytes") { read = value }
                if halves[0].equals("wbytes") { written = value }
            }
            return [
                .init(device: device, operation: "read", value: read),
                .init(device: device, operation: "write", value: written),
            ]
        }
    }

    /// What the scheduler counts, where one does (CFQ, until Linux 5.0); else what the throttling layer counts for any, and
    /// bfq's own counters are the same once more. So does containerd.
    private static func blockCounters(legacy directory: String) throws(SystemError) -> (
        bytes: [CgroupStatistics.BlockCounter], requests: CgroupStatistics.BlockRequests
    ) {
        func counters(_ name: String) throws(SystemError) -> [CgroupStatistics.BlockCounter] {
            blockCounters(try read("\(directory)/blkio.\(name)") ?? [])
        }
        // With descendants where the kernel counts them.
        func throttled(_ name: String) throws(SystemError) -> [CgroupStatistics.BlockCounter] {
            if let bytes = try read("\(directory)/blkio.throttle.\(name)_recursive") { return blockCounters(bytes) }
            return blockCounters(try read("\(directory)/blkio.throttle.\(name)") ?? [])
        }
        var requests = CgroupStatistics.BlockRequests()
        let bytes = try counters("io_service_bytes_recursive")
        requests.serviced = try counters("io_serviced_recursive")
        guard bytes.isEmpty, requests.serviced.isEmpty else {
            requests.queued = try counters("io_queued_recursive")
            requests.serviceTime = try counters("io_service_time_recursive")
            requests.waitTime = try counters("io_wait_time_recursive")
            requests.merged = try counters("io_merged_recursive")
            requests.time = try counters("time_recursive")
            requests.sectors = try counters("sectors_recursive")
            return (bytes, requests)
        }
        requests.serviced = try throttled("io_serviced")
        return (try throttled("io_service_bytes"), requests)
    }

    /// `8:0 Read 123` or `8:0 123`, a line `Total` for each device, and one for all, which is left out.
    static func blockCounters(_ bytes: [UInt8]) -> [CgroupStatistics.BlockCounter] {
        bytes.lines.compactMap { line in
            let words = line.words
            guard let last = words.last, let device = words.first.flatMap({ DeviceNumber(colonSeparated: $0) }),
                (2...3).contains(words.count), let value = UInt64(decimal: last)
            else { return nil }
            return .init(device: device, operation: words.count == 3 ? words[1].text : "", value: value)
        }
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

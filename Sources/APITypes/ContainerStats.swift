/// What a container uses. Counters grow; `pre…` is the sample before.
public struct ContainerStats: DockerObject, Hashable {
    public var name: String = ""
    public var id: String = ""
    public var read: String = ""
    public var preread: String = ""
    public var pidsStats: PidsStats = PidsStats()
    public var blkioStats: BlkioStats = BlkioStats()
    public var numProcs: Int = 0
    public var cpuStats: CPUStats = CPUStats()
    public var precpuStats: CPUStats = CPUStats()
    public var memoryStats: MemoryStats = MemoryStats()
    public var networks: [String: NetworkStats]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name
        case id
        case read
        case preread
        case pidsStats = "pids_stats"
        case blkioStats = "blkio_stats"
        case numProcs = "num_procs"
        case cpuStats = "cpu_stats"
        case precpuStats = "precpu_stats"
        case memoryStats = "memory_stats"
        case networks
    }
}

/// Tasks and their limit.
public struct PidsStats: DockerObject, Hashable {
    public var current: UInt64?
    public var limit: UInt64?

    public init() {}
}

/// Block I/O by device.
public struct BlkioStats: DockerObject, Hashable {
    public var ioServiceBytesRecursive: [BlkioEntry]?
    public var ioServicedRecursive: [BlkioEntry]?
    public var ioQueueRecursive: [BlkioEntry]?
    public var ioServiceTimeRecursive: [BlkioEntry]?
    public var ioWaitTimeRecursive: [BlkioEntry]?
    public var ioMergedRecursive: [BlkioEntry]?
    public var ioTimeRecursive: [BlkioEntry]?
    public var sectorsRecursive: [BlkioEntry]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case ioServiceBytesRecursive = "io_service_bytes_recursive"
        case ioServicedRecursive = "io_serviced_recursive"
        case ioQueueRecursive = "io_queue_recursive"
        case ioServiceTimeRecursive = "io_service_time_recursive"
        case ioWaitTimeRecursive = "io_wait_time_recursive"
        case ioMergedRecursive = "io_merged_recursive"
        case ioTimeRecursive = "io_time_recursive"
        case sectorsRecursive = "sectors_recursive"
    }
}

/// One counter of one device.
public struct BlkioEntry: DockerObject, Hashable {
    public var major: UInt64 = 0
    public var minor: UInt64 = 0
    public var op: String = ""
    public var value: UInt64 = 0

    public init() {}
}

/// Processor time in nanoseconds.
public struct CPUStats: DockerObject, Hashable {
    public var cpuUsage: CPUUsage = CPUUsage()
    public var systemCPUUsage: UInt64?
    public var onlineCPUs: Int?
    public var throttlingData: ThrottlingData = ThrottlingData()

    public init() {}

    enum CodingKeys: String, CodingKey {
        case cpuUsage = "cpu_usage"
        case systemCPUUsage = "system_cpu_usage"
        case onlineCPUs = "online_cpus"
        case throttlingData = "throttling_data"
    }
}

/// Processor time in nanoseconds.
public struct CPUUsage: DockerObject, Hashable {
    public var totalUsage: UInt64 = 0
    public var percpuUsage: [UInt64]?
    public var usageInKernelmode: UInt64 = 0
    public var usageInUsermode: UInt64 = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case totalUsage = "total_usage"
        case percpuUsage = "percpu_usage"
        case usageInKernelmode = "usage_in_kernelmode"
        case usageInUsermode = "usage_in_usermode"
    }
}

/// How often the processor quota was used up.
public struct ThrottlingData: DockerObject, Hashable {
    public var periods: UInt64 = 0
    public var throttledPeriods: UInt64 = 0
    public var throttledTime: UInt64 = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case periods
        case throttledPeriods = "throttled_periods"
        case throttledTime = "throttled_time"
    }
}

/// Memory in bytes.
public struct MemoryStats: DockerObject, Hashable {
    public var usage: UInt64?
    public var maxUsage: UInt64?
    public var stats: [String: UInt64]?
    public var failcnt: UInt64?
    public var limit: UInt64?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case usage
        case maxUsage = "max_usage"
        case stats
        case failcnt
        case limit
    }
}

/// Traffic of one interface.
public struct NetworkStats: DockerObject, Hashable {
    public var rxBytes: UInt64 = 0
    public var rxPackets: UInt64 = 0
    public var rxErrors: UInt64 = 0
    public var rxDropped: UInt64 = 0
    public var txBytes: UInt64 = 0
    public var txPackets: UInt64 = 0
    public var txErrors: UInt64 = 0
    public var txDropped: UInt64 = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case rxBytes = "rx_bytes"
        case rxPackets = "rx_packets"
        case rxErrors = "rx_errors"
        case rxDropped = "rx_dropped"
        case txBytes = "tx_bytes"
        case txPackets = "tx_packets"
        case txErrors = "tx_errors"
        case txDropped = "tx_dropped"
    }
}

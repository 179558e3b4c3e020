/// Limits to change on a container; nil, and as in Docker 0, leave one as it is.
public struct ContainerUpdateRequest: DockerObject, Hashable {
    public var cpuShares: Int?
    public var memory: Int?
    public var nanoCpus: Int?
    public var cgroupParent: String?
    public var blkioWeight: Int?
    public var cpuPeriod: Int?
    public var cpuQuota: Int?
    public var cpuRealtimePeriod: Int?
    public var cpuRealtimeRuntime: Int?
    public var cpusetCpus: String?
    public var cpusetMems: String?
    public var memoryReservation: Int?
    public var memorySwap: Int?
    public var oomKillDisable: Bool?
    public var pidsLimit: Int?
    public var restartPolicy: RestartPolicy?
    // What the document allows here and no update changes.
    public var blkioWeightDevice: [WeightDevice]?
    public var blkioDeviceReadBps: [ThrottleDevice]?
    public var blkioDeviceWriteBps: [ThrottleDevice]?
    public var blkioDeviceReadIOps: [ThrottleDevice]?
    public var blkioDeviceWriteIOps: [ThrottleDevice]?
    public var devices: [DeviceMapping]?
    public var deviceCgroupRules: [String]?
    public var deviceRequests: [DeviceRequest]?
    public var kernelMemoryTCP: Int?
    public var memorySwappiness: Int?
    public var initProcess: Bool?
    public var ulimits: [Ulimit]?
    public var cpuCount: Int?
    public var cpuPercent: Int?
    public var ioMaximumIOps: UInt64?
    public var ioMaximumBandwidth: UInt64?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case cpuShares = "CpuShares"
        case memory = "Memory"
        case nanoCpus = "NanoCpus"
        case cgroupParent = "CgroupParent"
        case blkioWeight = "BlkioWeight"
        case cpuPeriod = "CpuPeriod"
        case cpuQuota = "CpuQuota"
        case cpuRealtimePeriod = "CpuRealtimePeriod"
        case cpuRealtimeRuntime = "CpuRealtimeRuntime"
        case cpusetCpus = "CpusetCpus"
        case cpusetMems = "CpusetMems"
        case memoryReservation = "MemoryReservation"
        case memorySwap = "MemorySwap"
        case oomKillDisable = "OomKillDisable"
        case pidsLimit = "PidsLimit"
        case restartPolicy = "RestartPolicy"
        case blkioWeightDevice = "BlkioWeightDevice"
        case blkioDeviceReadBps = "BlkioDeviceReadBps"
        case blkioDeviceWriteBps = "BlkioDeviceWriteBps"
        case blkioDeviceReadIOps = "BlkioDeviceReadIOps"
        case blkioDeviceWriteIOps = "BlkioDeviceWriteIOps"
        case devices = "Devices"
        case deviceCgroupRules = "DeviceCgroupRules"
        case deviceRequests = "DeviceRequests"
        case kernelMemoryTCP = "KernelMemoryTCP"
        case memorySwappiness = "MemorySwappiness"
        case initProcess = "Init"
        case ulimits = "Ulimits"
        case cpuCount = "CpuCount"
        case cpuPercent = "CpuPercent"
        case ioMaximumIOps = "IOMaximumIOps"
        case ioMaximumBandwidth = "IOMaximumBandwidth"
    }
}

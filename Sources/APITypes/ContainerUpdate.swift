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
    }
}

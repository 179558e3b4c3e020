/// What `quelld` is and runs on.
public struct Version: DockerObject, Hashable {
    public var platform: PlatformName = PlatformName()
    public var components: [Component] = []
    public var version: String = ""
    public var apiVersion: String = ""
    public var minAPIVersion: String = ""
    public var gitCommit: String = ""
    public var goVersion: String = ""
    public var os: String = ""
    public var arch: String = ""
    public var kernelVersion: String = ""
    public var experimental: Bool?
    public var buildTime: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case platform = "Platform"
        case components = "Components"
        case version = "Version"
        case apiVersion = "ApiVersion"
        case minAPIVersion = "MinAPIVersion"
        case gitCommit = "GitCommit"
        case goVersion = "GoVersion"
        case os = "Os"
        case arch = "Arch"
        case kernelVersion = "KernelVersion"
        case experimental = "Experimental"
        case buildTime = "BuildTime"
    }
}

/// The product.
public struct PlatformName: DockerObject, Hashable {
    public var name: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
    }
}

/// A part of the product with its version.
public struct Component: DockerObject, Hashable {
    public var name: String = ""
    public var version: String = ""
    public var details: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case version = "Version"
        case details = "Details"
    }
}

/// The engine and its host (`GET /info`).
public struct SystemInfo: DockerObject, Hashable {
    public var id: String = ""
    public var containers: Int = 0
    public var containersRunning: Int = 0
    public var containersPaused: Int = 0
    public var containersStopped: Int = 0
    /// Running to Docker, stuck to Quell.
    public var containersStuck: Int?
    public var images: Int = 0
    public var driver: String = ""
    public var driverStatus: [[String]] = []
    public var dockerRootDir: String = ""
    public var plugins: PluginsInfo = PluginsInfo()
    public var memoryLimit: Bool = false
    public var swapLimit: Bool = false
    public var cpuCfsPeriod: Bool = false
    public var cpuCfsQuota: Bool = false
    public var cpuShares: Bool = false
    public var cpuSet: Bool = false
    public var pidsLimit: Bool = false
    public var oomKillDisable: Bool = false
    public var ipv4Forwarding: Bool = false
    // Always false, and left out since 1.50.
    public var bridgeNfIptables: Bool?
    public var bridgeNfIp6tables: Bool?
    public var debug: Bool = false
    public var nFd: Int = 0
    public var nGoroutines: Int = 0
    public var systemTime: String = ""
    public var loggingDriver: String = ""
    public var cgroupDriver: String = ""
    /// `1` or `2`; a hybrid host counts as 1.
    public var cgroupVersion: String = ""
    public var nEventsListener: Int = 0
    public var kernelVersion: String = ""
    public var operatingSystem: String = ""
    public var osVersion: String = ""
    public var osType: String = ""
    public var architecture: String = ""
    public var ncpu: Int = 0
    public var memTotal: Int = 0
    public var indexServerAddress: String = ""
    public var registryConfig: RegistryServiceConfig = RegistryServiceConfig()
    public var kernelMemoryTCP: Bool = false
    /// Of a cluster.
    public var genericResources: [EmptyObject] = []
    public var httpProxy: String = ""
    public var httpsProxy: String = ""
    public var noProxy: String = ""
    public var name: String = ""
    public var labels: [String] = []
    public var experimentalBuild: Bool = false
    public var serverVersion: String = ""
    public var runtimes: [String: RuntimeInfo] = [:]
    public var defaultRuntime: String = ""
    public var swarm: SwarmInfo = SwarmInfo()
    public var liveRestoreEnabled: Bool = false
    public var isolation: String = ""
    public var initBinary: String = ""
    public var containerdCommit: CommitInfo = CommitInfo()
    public var runcCommit: CommitInfo = CommitInfo()
    public var initCommit: CommitInfo = CommitInfo()
    public var securityOptions: [String] = []
    public var cdiSpecDirs: [String]?
    public var warnings: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case containers = "Containers"
        case containersRunning = "ContainersRunning"
        case containersPaused = "ContainersPaused"
        case containersStopped = "ContainersStopped"
        case containersStuck = "QuellContainersStuck"
        case images = "Images"
        case driver = "Driver"
        case driverStatus = "DriverStatus"
        case dockerRootDir = "DockerRootDir"
        case plugins = "Plugins"
        case memoryLimit = "MemoryLimit"
        case swapLimit = "SwapLimit"
        case cpuCfsPeriod = "CpuCfsPeriod"
        case cpuCfsQuota = "CpuCfsQuota"
        case cpuShares = "CPUShares"
        case cpuSet = "CPUSet"
        case pidsLimit = "PidsLimit"
        case oomKillDisable = "OomKillDisable"
        case ipv4Forwarding = "IPv4Forwarding"
        case bridgeNfIptables = "BridgeNfIptables"
        case bridgeNfIp6tables = "BridgeNfIp6tables"
        case debug = "Debug"
        case nFd = "NFd"
        case nGoroutines = "NGoroutines"
        case systemTime = "SystemTime"
        case loggingDriver = "LoggingDriver"
        case cgroupDriver = "CgroupDriver"
        case cgroupVersion = "CgroupVersion"
        case nEventsListener = "NEventsListener"
        case kernelVersion = "KernelVersion"
        case operatingSystem = "OperatingSystem"
        case osVersion = "OSVersion"
        case osType = "OSType"
        case architecture = "Architecture"
        case ncpu = "NCPU"
        case memTotal = "MemTotal"
        case indexServerAddress = "IndexServerAddress"
        case registryConfig = "RegistryConfig"
        case kernelMemoryTCP = "KernelMemoryTCP"
        case genericResources = "GenericResources"
        case httpProxy = "HttpProxy"
        case httpsProxy = "HttpsProxy"
        case noProxy = "NoProxy"
        case name = "Name"
        case labels = "Labels"
        case experimentalBuild = "ExperimentalBuild"
        case serverVersion = "ServerVersion"
        case runtimes = "Runtimes"
        case defaultRuntime = "DefaultRuntime"
        case swarm = "Swarm"
        case liveRestoreEnabled = "LiveRestoreEnabled"
        case isolation = "Isolation"
        case initBinary = "InitBinary"
        case containerdCommit = "ContainerdCommit"
        case runcCommit = "RuncCommit"
        case initCommit = "InitCommit"
        case securityOptions = "SecurityOptions"
        case cdiSpecDirs = "CDISpecDirs"
        case warnings = "Warnings"
    }
}

/// Kinds of volumes, networks and log drivers there are.
public struct PluginsInfo: DockerObject, Hashable {
    public var volume: [String] = []
    public var network: [String] = []
    public var authorization: [String] = []
    public var log: [String] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case volume = "Volume"
        case network = "Network"
        case authorization = "Authorization"
        case log = "Log"
    }
}

/// How registries are reached.
public struct RegistryServiceConfig: DockerObject, Hashable {
    /// Networks whose registries need no TLS.
    public var insecureRegistryCIDRs: [String] = []
    public var indexConfigs: [String: IndexInfo] = [:]
    public var mirrors: [String] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case insecureRegistryCIDRs = "InsecureRegistryCIDRs"
        case indexConfigs = "IndexConfigs"
        case mirrors = "Mirrors"
    }
}

/// One registry.
public struct IndexInfo: DockerObject, Hashable {
    public var name: String = ""
    public var mirrors: [String] = []
    public var secure: Bool = false
    public var official: Bool = false

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case mirrors = "Mirrors"
        case secure = "Secure"
        case official = "Official"
    }
}

/// An OCI runtime.
public struct RuntimeInfo: DockerObject, Hashable {
    public var path: String?
    public var runtimeArgs: [String]?
    public var status: [String: String]?

    public init() {}
}

/// Always inactive: Quell is not a cluster.
public struct SwarmInfo: DockerObject, Hashable {
    public var nodeID: String = ""
    public var nodeAddr: String = ""
    public var localNodeState: String = ""
    public var controlAvailable: Bool = false
    public var error: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case nodeID = "NodeID"
        case nodeAddr = "NodeAddr"
        case localNodeState = "LocalNodeState"
        case controlAvailable = "ControlAvailable"
        case error = "Error"
    }
}

/// The version of a part as its makers name it.
public struct CommitInfo: DockerObject, Hashable {
    public var id: String = ""
    /// The same, before 1.49.
    public var expected: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case expected = "Expected"
    }
}

/// Something that happened (`GET /events`).
public struct EventMessage: DockerObject, Hashable {
    /// As older clients read it; the same as `action`.
    public var status: String?
    public var id: String?
    public var from: String?
    /// `container`, `image`, `volume`, `network`, `daemon`.
    public var type: String = ""
    public var action: String = ""
    public var actor: EventActor = EventActor()
    public var scope: String = ""
    /// Seconds since 1970.
    public var time: Int = 0
    public var timeNano: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case status
        case id
        case from
        case type = "Type"
        case action = "Action"
        case actor = "Actor"
        case scope
        case time
        case timeNano
    }
}

/// To what it happened.
public struct EventActor: DockerObject, Hashable {
    public var id: String = ""
    public var attributes: [String: String] = [:]

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case attributes = "Attributes"
    }
}

/// What takes the space (`GET /system/df`).
public struct DiskUsage: DockerObject, Hashable {
    public var layersSize: Int = 0
    public var images: [ImageSummary] = []
    public var containers: [ContainerSummary] = []
    public var volumes: [Volume] = []
    public var buildCache: [EmptyObject] = []
    /// Before 1.42: what the builder takes, which is not there.
    public var builderSize: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case layersSize = "LayersSize"
        case images = "Images"
        case containers = "Containers"
        case volumes = "Volumes"
        case buildCache = "BuildCache"
        case builderSize = "BuilderSize"
    }
}

/// What a prune took away; which list is filled depends on what was pruned.
public struct PruneReport: DockerObject, Hashable {
    public var containersDeleted: [String]?
    public var imagesDeleted: [ImageDeleteItem]?
    public var volumesDeleted: [String]?
    public var networksDeleted: [String]?
    public var spaceReclaimed: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case containersDeleted = "ContainersDeleted"
        case imagesDeleted = "ImagesDeleted"
        case volumesDeleted = "VolumesDeleted"
        case networksDeleted = "NetworksDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }
}

/// The body of every answer that reports an error.
public struct ErrorMessage: DockerObject, Hashable {
    public var message: String = ""

    public init() {}
}

/// A line of a progress stream (image load, import).
public struct ProgressLine: DockerObject, Hashable {
    public var stream: String?
    public var status: String?
    public var progressDetail: ProgressDetail?
    public var progress: String?
    public var id: String?
    public var error: String?
    public var errorDetail: ProgressError?
    public var aux: ProgressAux?

    public init() {}
}

/// How far it is, in bytes.
public struct ProgressDetail: DockerObject, Hashable {
    public var current: Int?
    public var total: Int?

    public init() {}
}

/// The error that ended a progress stream.
public struct ProgressError: DockerObject, Hashable {
    public var code: Int?
    public var message: String = ""

    public init() {}
}

/// A result inside a progress stream.
public struct ProgressAux: DockerObject, Hashable {
    public var id: String?
    public var tag: String?
    public var digest: String?
    public var size: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case tag = "Tag"
        case digest = "Digest"
        case size = "Size"
    }
}

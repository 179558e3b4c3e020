// Written after the Docker Engine API 1.51.

/// How a container meets its host: resources, namespaces, mounts, privileges. Bytes, nanoseconds and microseconds as Docker has them.
public struct HostConfig: DockerObject, Hashable {
    /// `source:target[:options]`
    public var binds: [String]?
    public var containerIDFile: String?
    public var logConfig: LogConfig?
    /// `none`, `host`, `container:NAME`; nil and `default` are the engine's default.
    public var networkMode: String?
    public var portBindings: [String: [PortBinding]?]?
    public var restartPolicy: RestartPolicy?
    public var autoRemove: Bool = false
    public var volumeDriver: String?
    public var volumesFrom: [String]?
    public var mounts: [Mount]?
    /// Rows and columns.
    public var consoleSize: [Int]?
    public var annotations: [String: String]?
    public var capAdd: [String]?
    public var capDrop: [String]?
    /// `private` or `host`.
    public var cgroupnsMode: String?
    public var dns: [String]?
    public var dnsOptions: [String]?
    public var dnsSearch: [String]?
    /// `name:address`
    public var extraHosts: [String]?
    public var groupAdd: [String]?
    /// `none`, `private`, `shareable`, `container:NAME`, `host`.
    public var ipcMode: String?
    public var cgroup: String?
    public var links: [String]?
    public var oomScoreAdj: Int = 0
    /// empty, `container:NAME`, `host`.
    public var pidMode: String?
    public var privileged: Bool = false
    public var publishAllPorts: Bool = false
    public var readonlyRootfs: Bool = false
    public var securityOpt: [String]?
    public var storageOpt: [String: String]?
    public var tmpfs: [String: String]?
    public var utsMode: String?
    public var usernsMode: String?
    /// Bytes.
    public var shmSize: Int?
    public var sysctls: [String: String]?
    public var runtime: String?
    public var isolation: String?
    /// nil is Docker's default list, empty masks nothing.
    public var maskedPaths: [String]?
    public var readonlyPaths: [String]?
    /// Runs a small init as PID 1.
    public var initProcess: Bool?
    public var cpuShares: Int?
    /// Bytes; 0 is no limit.
    public var memory: Int?
    /// 10⁻⁹ processors.
    public var nanoCpus: Int?
    public var cgroupParent: String?
    public var blkioWeight: Int?
    public var blkioWeightDevice: [WeightDevice]?
    public var blkioDeviceReadBps: [ThrottleDevice]?
    public var blkioDeviceWriteBps: [ThrottleDevice]?
    public var blkioDeviceReadIOps: [ThrottleDevice]?
    public var blkioDeviceWriteIOps: [ThrottleDevice]?
    /// Microseconds.
    public var cpuPeriod: Int?
    /// Microseconds.
    public var cpuQuota: Int?
    public var cpuRealtimePeriod: Int?
    public var cpuRealtimeRuntime: Int?
    public var cpusetCpus: String?
    public var cpusetMems: String?
    public var devices: [DeviceMapping]?
    public var deviceCgroupRules: [String]?
    public var deviceRequests: [DeviceRequest]?
    public var kernelMemoryTCP: Int?
    public var memoryReservation: Int?
    /// Memory plus swap in bytes; -1 is unlimited swap.
    public var memorySwap: Int?
    public var memorySwappiness: Int?
    public var oomKillDisable: Bool?
    /// 0, -1 and nil are no limit.
    public var pidsLimit: Int?
    public var ulimits: [Ulimit]?
    // Of Windows alone, to refuse them by name.
    public var cpuCount: Int?
    public var cpuPercent: Int?
    public var ioMaximumIOps: UInt64?
    public var ioMaximumBandwidth: UInt64?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case binds = "Binds"
        case containerIDFile = "ContainerIDFile"
        case logConfig = "LogConfig"
        case networkMode = "NetworkMode"
        case portBindings = "PortBindings"
        case restartPolicy = "RestartPolicy"
        case autoRemove = "AutoRemove"
        case volumeDriver = "VolumeDriver"
        case volumesFrom = "VolumesFrom"
        case mounts = "Mounts"
        case consoleSize = "ConsoleSize"
        case annotations = "Annotations"
        case capAdd = "CapAdd"
        case capDrop = "CapDrop"
        case cgroupnsMode = "CgroupnsMode"
        case dns = "Dns"
        case dnsOptions = "DnsOptions"
        case dnsSearch = "DnsSearch"
        case extraHosts = "ExtraHosts"
        case groupAdd = "GroupAdd"
        case ipcMode = "IpcMode"
        case cgroup = "Cgroup"
        case links = "Links"
        case oomScoreAdj = "OomScoreAdj"
        case pidMode = "PidMode"
        case privileged = "Privileged"
        case publishAllPorts = "PublishAllPorts"
        case readonlyRootfs = "ReadonlyRootfs"
        case securityOpt = "SecurityOpt"
        case storageOpt = "StorageOpt"
        case tmpfs = "Tmpfs"
        case utsMode = "UTSMode"
        case usernsMode = "UsernsMode"
        case shmSize = "ShmSize"
        case sysctls = "Sysctls"
        case runtime = "Runtime"
        case isolation = "Isolation"
        case maskedPaths = "MaskedPaths"
        case readonlyPaths = "ReadonlyPaths"
        case initProcess = "Init"
        case cpuShares = "CpuShares"
        case memory = "Memory"
        case nanoCpus = "NanoCpus"
        case cgroupParent = "CgroupParent"
        case blkioWeight = "BlkioWeight"
        case blkioWeightDevice = "BlkioWeightDevice"
        case blkioDeviceReadBps = "BlkioDeviceReadBps"
        case blkioDeviceWriteBps = "BlkioDeviceWriteBps"
        case blkioDeviceReadIOps = "BlkioDeviceReadIOps"
        case blkioDeviceWriteIOps = "BlkioDeviceWriteIOps"
        case cpuPeriod = "CpuPeriod"
        case cpuQuota = "CpuQuota"
        case cpuRealtimePeriod = "CpuRealtimePeriod"
        case cpuRealtimeRuntime = "CpuRealtimeRuntime"
        case cpusetCpus = "CpusetCpus"
        case cpusetMems = "CpusetMems"
        case devices = "Devices"
        case deviceCgroupRules = "DeviceCgroupRules"
        case deviceRequests = "DeviceRequests"
        case kernelMemoryTCP = "KernelMemoryTCP"
        case memoryReservation = "MemoryReservation"
        case memorySwap = "MemorySwap"
        case memorySwappiness = "MemorySwappiness"
        case oomKillDisable = "OomKillDisable"
        case pidsLimit = "PidsLimit"
        case ulimits = "Ulimits"
        case cpuCount = "CpuCount"
        case cpuPercent = "CpuPercent"
        case ioMaximumIOps = "IOMaximumIOps"
        case ioMaximumBandwidth = "IOMaximumBandwidth"
    }
}

/// Where the output of a container goes.
public struct LogConfig: DockerObject, Hashable {
    public var type: String = ""
    public var config: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case type = "Type"
        case config = "Config"
    }
}

/// When a container that ended is started again.
public struct RestartPolicy: DockerObject, Hashable {
    /// Empty or `no`, `always`, `unless-stopped`, `on-failure`.
    public var name: String = ""
    /// For `on-failure`; 0 is no limit.
    public var maximumRetryCount: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case maximumRetryCount = "MaximumRetryCount"
    }
}

/// A port of the host.
public struct PortBinding: DockerObject, Hashable {
    public var hostIp: String?
    public var hostPort: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case hostIp = "HostIp"
        case hostPort = "HostPort"
    }
}

/// Block I/O weight of one device.
public struct WeightDevice: DockerObject, Hashable {
    public var path: String = ""
    public var weight: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case path = "Path"
        case weight = "Weight"
    }
}

/// A limit of one block device, in bytes or operations a second.
public struct ThrottleDevice: DockerObject, Hashable {
    public var path: String = ""
    public var rate: UInt64 = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case path = "Path"
        case rate = "Rate"
    }
}

/// A device of the host shown in a container.
public struct DeviceMapping: DockerObject, Hashable {
    public var pathOnHost: String = ""
    public var pathInContainer: String = ""
    /// Of `r`, `w`, `m`.
    public var cgroupPermissions: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case pathOnHost = "PathOnHost"
        case pathInContainer = "PathInContainer"
        case cgroupPermissions = "CgroupPermissions"
    }
}

/// Devices asked for through a driver.
public struct DeviceRequest: DockerObject, Hashable {
    public var driver: String?
    public var count: Int?
    public var deviceIDs: [String]?
    public var capabilities: [[String]]?
    public var options: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case driver = "Driver"
        case count = "Count"
        case deviceIDs = "DeviceIDs"
        case capabilities = "Capabilities"
        case options = "Options"
    }
}

/// A resource limit of the processes in a container.
public struct Ulimit: DockerObject, Hashable {
    public var name: String = ""
    public var soft: Int = 0
    public var hard: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case soft = "Soft"
        case hard = "Hard"
    }
}

/// A mount as asked for (`--mount`).
public struct Mount: DockerObject, Hashable {
    /// `bind`, `volume`, `tmpfs`, …
    public var type: String = ""
    public var source: String?
    public var target: String = ""
    public var readOnly: Bool = false
    public var consistency: String?
    public var bindOptions: BindOptions?
    public var volumeOptions: VolumeOptions?
    public var tmpfsOptions: TmpfsOptions?
    public var imageOptions: ImageMountOptions?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case type = "Type"
        case source = "Source"
        case target = "Target"
        case readOnly = "ReadOnly"
        case consistency = "Consistency"
        case bindOptions = "BindOptions"
        case volumeOptions = "VolumeOptions"
        case tmpfsOptions = "TmpfsOptions"
        case imageOptions = "ImageOptions"
    }
}

/// Options of a mounted image.
public struct ImageMountOptions: DockerObject, Hashable {
    public var subpath: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case subpath = "Subpath"
    }
}

/// Options of a bind mount.
public struct BindOptions: DockerObject, Hashable {
    public var propagation: String?
    public var nonRecursive: Bool?
    public var createMountpoint: Bool?
    public var readOnlyNonRecursive: Bool?
    public var readOnlyForceRecursive: Bool?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case propagation = "Propagation"
        case nonRecursive = "NonRecursive"
        case createMountpoint = "CreateMountpoint"
        case readOnlyNonRecursive = "ReadOnlyNonRecursive"
        case readOnlyForceRecursive = "ReadOnlyForceRecursive"
    }
}

/// Options of a volume mount.
public struct VolumeOptions: DockerObject, Hashable {
    public var noCopy: Bool?
    public var labels: [String: String]?
    public var driverConfig: DriverConfig?
    public var subpath: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case noCopy = "NoCopy"
        case labels = "Labels"
        case driverConfig = "DriverConfig"
        case subpath = "Subpath"
    }
}

/// A volume driver with its options.
public struct DriverConfig: DockerObject, Hashable {
    public var name: String?
    public var options: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case options = "Options"
    }
}

/// Options of a tmpfs mount.
public struct TmpfsOptions: DockerObject, Hashable {
    public var sizeBytes: Int?
    public var mode: Int?
    public var options: [[String]]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case sizeBytes = "SizeBytes"
        case mode = "Mode"
        case options = "Options"
    }
}

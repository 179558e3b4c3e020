/// Everything known of a container (`GET /containers/{id}/json`).
public struct ContainerInspect: DockerObject, Hashable {
    public var id: String = ""
    /// RFC 3339.
    public var created: String = ""
    public var path: String = ""
    public var args: [String] = []
    public var state: ContainerState = ContainerState()
    /// Digest of the image.
    public var image: String = ""
    public var resolvConfPath: String = ""
    public var hostnamePath: String = ""
    public var hostsPath: String = ""
    public var logPath: String = ""
    /// With a leading slash.
    public var name: String = ""
    public var restartCount: Int = 0
    public var driver: String = ""
    public var platform: String = ""
    public var mountLabel: String = ""
    public var processLabel: String = ""
    public var appArmorProfile: String = ""
    public var execIDs: [String]?
    public var hostConfig: HostConfig = HostConfig()
    public var graphDriver: GraphDriver = GraphDriver()
    public var sizeRw: Int?
    public var sizeRootFs: Int?
    public var mounts: [MountPoint] = []
    public var config: ContainerConfig = ContainerConfig()
    public var networkSettings: NetworkSettings = NetworkSettings()

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case created = "Created"
        case path = "Path"
        case args = "Args"
        case state = "State"
        case image = "Image"
        case resolvConfPath = "ResolvConfPath"
        case hostnamePath = "HostnamePath"
        case hostsPath = "HostsPath"
        case logPath = "LogPath"
        case name = "Name"
        case restartCount = "RestartCount"
        case driver = "Driver"
        case platform = "Platform"
        case mountLabel = "MountLabel"
        case processLabel = "ProcessLabel"
        case appArmorProfile = "AppArmorProfile"
        case execIDs = "ExecIDs"
        case hostConfig = "HostConfig"
        case graphDriver = "GraphDriver"
        case sizeRw = "SizeRw"
        case sizeRootFs = "SizeRootFs"
        case mounts = "Mounts"
        case config = "Config"
        case networkSettings = "NetworkSettings"
    }
}

/// The state of a container as Docker knows it, with Quell's own words beside it.
public struct ContainerState: DockerObject, Hashable {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    public var status: String = ""
    public var running: Bool = false
    public var paused: Bool = false
    public var restarting: Bool = false
    public var oomKilled: Bool = false
    public var dead: Bool = false
    public var pid: Int = 0
    public var exitCode: Int = 0
    public var error: String = ""
    /// RFC 3339; `0001-01-01T00:00:00Z` is never.
    public var startedAt: String = ""
    public var finishedAt: String = ""
    public var health: Health?
    /// Quell's state, which has more cases: `stopping`, `stuck`, `quarantined`…
    public var quellState: String?
    /// What a stop would meet, as `quell ps` shows it: `graceful`, `forwarded`, `default-action`, `unknown`…; of running ones.
    public var quellStop: String?
    /// The verdict line of the last stop.
    public var quellVerdict: String?
    /// False where nobody could see the exit code; `ExitCode` means nothing then.
    public var exitCodeObserved: Bool?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case running = "Running"
        case paused = "Paused"
        case restarting = "Restarting"
        case oomKilled = "OOMKilled"
        case dead = "Dead"
        case pid = "Pid"
        case exitCode = "ExitCode"
        case error = "Error"
        case startedAt = "StartedAt"
        case finishedAt = "FinishedAt"
        case health = "Health"
        case quellState = "QuellState"
        case quellStop = "QuellStop"
        case quellVerdict = "QuellVerdict"
        case exitCodeObserved = "ExitCodeObserved"
    }
}

/// The health of a container with the last results.
public struct Health: DockerObject, Hashable {
    /// `none`, `starting`, `healthy`, `unhealthy`.
    public var status: String = ""
    public var failingStreak: Int = 0
    public var log: [HealthcheckResult] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case failingStreak = "FailingStreak"
        case log = "Log"
    }
}

/// One run of a health check.
public struct HealthcheckResult: DockerObject, Hashable {
    public var start: String = ""
    public var end: String = ""
    public var exitCode: Int = 0
    public var output: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case start = "Start"
        case end = "End"
        case exitCode = "ExitCode"
        case output = "Output"
    }
}

/// How the root file system is put together.
public struct GraphDriver: DockerObject, Hashable {
    public var name: String = ""
    public var data: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case data = "Data"
    }
}

/// A mount as it is.
public struct MountPoint: DockerObject, Hashable {
    public var type: String = ""
    public var name: String?
    public var source: String = ""
    public var destination: String = ""
    public var driver: String?
    public var mode: String = ""
    public var rw: Bool = false
    public var propagation: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case type = "Type"
        case name = "Name"
        case source = "Source"
        case destination = "Destination"
        case driver = "Driver"
        case mode = "Mode"
        case rw = "RW"
        case propagation = "Propagation"
    }
}

/// The networks of a container.
public struct NetworkSettings: DockerObject, Hashable {
    public var bridge: String = ""
    public var sandboxID: String = ""
    public var sandboxKey: String = ""
    public var hairpinMode: Bool = false
    public var linkLocalIPv6Address: String = ""
    public var linkLocalIPv6PrefixLen: Int = 0
    public var ports: [String: [PortBinding]?] = [:]
    public var endpointID: String = ""
    public var gateway: String = ""
    public var globalIPv6Address: String = ""
    public var globalIPv6PrefixLen: Int = 0
    public var ipAddress: String = ""
    public var ipPrefixLen: Int = 0
    public var ipv6Gateway: String = ""
    public var macAddress: String = ""
    public var networks: [String: EndpointSettings] = [:]

    public init() {}

    enum CodingKeys: String, CodingKey {
        case bridge = "Bridge"
        case sandboxID = "SandboxID"
        case sandboxKey = "SandboxKey"
        case hairpinMode = "HairpinMode"
        case linkLocalIPv6Address = "LinkLocalIPv6Address"
        case linkLocalIPv6PrefixLen = "LinkLocalIPv6PrefixLen"
        case ports = "Ports"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
        case ipAddress = "IPAddress"
        case ipPrefixLen = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case macAddress = "MacAddress"
        case networks = "Networks"
    }
}

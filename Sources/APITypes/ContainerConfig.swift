/// An object without members; Docker uses maps to it as sets (`{"80/tcp": {}}`).
public struct EmptyObject: DockerObject, Hashable {
    public init() {}
}

/// What runs in a container, independent of the host (`Config` of Docker's create and inspect bodies).
public struct ContainerConfig: DockerObject, Hashable {
    /// Host name inside the container; nil means the first 12 digits of the id.
    public var hostname: String?
    public var domainname: String?
    /// `user[:group]`, names or numbers, looked up in the root file system of the container.
    public var user: String?
    public var attachStdin: Bool = false
    public var attachStdout: Bool = false
    public var attachStderr: Bool = false
    public var exposedPorts: [String: EmptyObject]?
    public var tty: Bool = false
    /// Keeps stdin open although nobody is attached.
    public var openStdin: Bool = false
    /// Closes stdin when the first attached client leaves.
    public var stdinOnce: Bool = false
    /// `NAME=value` entries; a bare `NAME` removes the variable.
    public var env: [String]?
    public var cmd: [String]?
    public var healthcheck: HealthConfig?
    public var argsEscaped: Bool?
    /// The image as the user named it.
    public var image: String = ""
    /// Mount points for which an anonymous volume is made.
    public var volumes: [String: EmptyObject]?
    public var workingDir: String?
    public var entrypoint: [String]?
    public var networkDisabled: Bool?
    public var macAddress: String?
    public var onBuild: [String]?
    public var labels: [String: String]?
    /// Name or number of the signal a stop begins with; nil means the image's, else `SIGTERM`.
    public var stopSignal: String?
    /// Grace period in seconds; -1 waits for ever, nil is the engine's default.
    public var stopTimeout: Int?
    public var shell: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case hostname = "Hostname"
        case domainname = "Domainname"
        case user = "User"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case exposedPorts = "ExposedPorts"
        case tty = "Tty"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case env = "Env"
        case cmd = "Cmd"
        case healthcheck = "Healthcheck"
        case argsEscaped = "ArgsEscaped"
        case image = "Image"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case entrypoint = "Entrypoint"
        case networkDisabled = "NetworkDisabled"
        case macAddress = "MacAddress"
        case onBuild = "OnBuild"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case stopTimeout = "StopTimeout"
        case shell = "Shell"
    }
}

/// How the health of a container is tested. Durations are nanoseconds; 0 inherits.
public struct HealthConfig: DockerObject, Hashable {
    /// `["NONE"]`, `["CMD", arg…]` or `["CMD-SHELL", command]`; empty inherits the image's.
    public var test: [String]?
    public var interval: Int?
    public var timeout: Int?
    public var retries: Int?
    public var startPeriod: Int?
    public var startInterval: Int?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case test = "Test"
        case interval = "Interval"
        case timeout = "Timeout"
        case retries = "Retries"
        case startPeriod = "StartPeriod"
        case startInterval = "StartInterval"
    }
}

/// The networks a container is to join at its creation.
public struct NetworkingConfig: DockerObject, Hashable {
    public var endpointsConfig: [String: EndpointSettings]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case endpointsConfig = "EndpointsConfig"
    }
}

/// The settings of a container in one network.
public struct EndpointSettings: DockerObject, Hashable {
    public var ipamConfig: EndpointIPAMConfig?
    public var links: [String]?
    public var macAddress: String?
    public var aliases: [String]?
    public var driverOpts: [String: String]?
    public var gwPriority: Int?
    public var networkID: String?
    public var endpointID: String?
    public var gateway: String?
    public var ipAddress: String?
    public var ipPrefixLen: Int?
    public var ipv6Gateway: String?
    public var globalIPv6Address: String?
    public var globalIPv6PrefixLen: Int?
    public var dnsNames: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case ipamConfig = "IPAMConfig"
        case links = "Links"
        case macAddress = "MacAddress"
        case aliases = "Aliases"
        case driverOpts = "DriverOpts"
        case gwPriority = "GwPriority"
        case networkID = "NetworkID"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case ipAddress = "IPAddress"
        case ipPrefixLen = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
        case dnsNames = "DNSNames"
    }
}

/// Addresses the user asked for.
public struct EndpointIPAMConfig: DockerObject, Hashable {
    public var ipv4Address: String?
    public var ipv6Address: String?
    public var linkLocalIPs: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case ipv4Address = "IPv4Address"
        case ipv6Address = "IPv6Address"
        case linkLocalIPs = "LinkLocalIPs"
    }
}

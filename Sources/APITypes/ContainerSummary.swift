/// A container in a list (`GET /containers/json`).
public struct ContainerSummary: DockerObject, Hashable {
    public var id: String = ""
    /// With leading slashes.
    public var names: [String] = []
    public var image: String = ""
    public var imageID: String = ""
    public var command: String = ""
    /// Seconds since 1970.
    public var created: Int = 0
    public var ports: [PortSummary] = []
    public var sizeRw: Int?
    public var sizeRootFs: Int?
    public var labels: [String: String] = [:]
    public var state: String = ""
    /// For people: `Up 3 minutes`, `Exited (0) 2 hours ago`.
    public var status: String = ""
    public var hostConfig: SummaryHostConfig = SummaryHostConfig()
    public var networkSettings: SummaryNetworkSettings = SummaryNetworkSettings()
    public var mounts: [MountPoint] = []
    /// Quell's state, verified when the list was made.
    public var quellState: String?
    /// How a running one would take a stop, as it was found within the last minute: `graceful`, `forwarded`, `late`,
    /// `ignored`, `default-action`, `kill`, `unknown`.
    public var quellStop: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case image = "Image"
        case imageID = "ImageID"
        case command = "Command"
        case created = "Created"
        case ports = "Ports"
        case sizeRw = "SizeRw"
        case sizeRootFs = "SizeRootFs"
        case labels = "Labels"
        case state = "State"
        case status = "Status"
        case hostConfig = "HostConfig"
        case networkSettings = "NetworkSettings"
        case mounts = "Mounts"
        case quellState = "QuellState"
        case quellStop = "QuellStop"
    }
}

/// A port in a list.
public struct PortSummary: DockerObject, Hashable {
    public var ip: String?
    public var privatePort: Int = 0
    public var publicPort: Int?
    public var type: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case ip = "IP"
        case privatePort = "PrivatePort"
        case publicPort = "PublicPort"
        case type = "Type"
    }
}

/// What a list shows of the host configuration.
public struct SummaryHostConfig: DockerObject, Hashable {
    public var networkMode: String = ""
    public var annotations: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case networkMode = "NetworkMode"
        case annotations = "Annotations"
    }
}

/// What a list shows of the networks.
public struct SummaryNetworkSettings: DockerObject, Hashable {
    public var networks: [String: EndpointSettings] = [:]

    public init() {}

    enum CodingKeys: String, CodingKey {
        case networks = "Networks"
    }
}

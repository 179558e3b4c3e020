/// A network, in a list or alone (inspect fills `containers`).
public struct NetworkSummary: DockerObject, Hashable {
    public var name: String = ""
    public var id: String = ""
    public var created: String = ""
    public var scope: String = ""
    public var driver: String = ""
    public var enableIPv4: Bool = false
    public var enableIPv6: Bool = false
    public var ipam: IPAM = IPAM()
    public var isInternal: Bool = false
    public var attachable: Bool = false
    public var ingress: Bool = false
    public var configFrom: ConfigReference = ConfigReference()
    public var configOnly: Bool = false
    public var containers: [String: NetworkContainer]?
    public var options: [String: String]?
    public var labels: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case id = "Id"
        case created = "Created"
        case scope = "Scope"
        case driver = "Driver"
        case enableIPv4 = "EnableIPv4"
        case enableIPv6 = "EnableIPv6"
        case ipam = "IPAM"
        case isInternal = "Internal"
        case attachable = "Attachable"
        case ingress = "Ingress"
        case configFrom = "ConfigFrom"
        case configOnly = "ConfigOnly"
        case containers = "Containers"
        case options = "Options"
        case labels = "Labels"
    }
}

/// How addresses are given.
public struct IPAM: DockerObject, Hashable {
    public var driver: String = ""
    public var options: [String: String]?
    public var config: [IPAMConfig]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case driver = "Driver"
        case options = "Options"
        case config = "Config"
    }
}

/// A range of addresses.
public struct IPAMConfig: DockerObject, Hashable {
    public var subnet: String?
    public var ipRange: String?
    public var gateway: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case subnet = "Subnet"
        case ipRange = "IPRange"
        case gateway = "Gateway"
    }
}

/// The network a configuration is taken from.
public struct ConfigReference: DockerObject, Hashable {
    public var network: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case network = "Network"
    }
}

/// A container in a network.
public struct NetworkContainer: DockerObject, Hashable {
    public var name: String = ""
    public var endpointID: String = ""
    public var macAddress: String = ""
    public var ipv4Address: String = ""
    public var ipv6Address: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case endpointID = "EndpointID"
        case macAddress = "MacAddress"
        case ipv4Address = "IPv4Address"
        case ipv6Address = "IPv6Address"
    }
}

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
    public var auxiliaryAddresses: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case subnet = "Subnet"
        case ipRange = "IPRange"
        case gateway = "Gateway"
        case auxiliaryAddresses = "AuxiliaryAddresses"
    }
}

/// `POST /networks/create`
public struct NetworkCreateRequest: DockerObject, Hashable {
    public var name: String = ""
    public var checkDuplicate: Bool?
    public var driver: String?
    public var scope: String?
    public var isInternal: Bool?
    public var attachable: Bool?
    public var ingress: Bool?
    public var configOnly: Bool?
    public var configFrom: ConfigReference?
    public var ipam: IPAM?
    public var enableIPv4: Bool?
    public var enableIPv6: Bool?
    public var options: [String: String]?
    public var labels: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case checkDuplicate = "CheckDuplicate"
        case driver = "Driver"
        case scope = "Scope"
        case isInternal = "Internal"
        case attachable = "Attachable"
        case ingress = "Ingress"
        case configOnly = "ConfigOnly"
        case configFrom = "ConfigFrom"
        case ipam = "IPAM"
        case enableIPv4 = "EnableIPv4"
        case enableIPv6 = "EnableIPv6"
        case options = "Options"
        case labels = "Labels"
    }
}

/// Its answer.
public struct NetworkCreateResponse: DockerObject, Hashable {
    public var id: String = ""
    public var warning: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case warning = "Warning"
    }
}

/// `POST /networks/{id}/connect`
public struct NetworkConnectRequest: DockerObject, Hashable {
    public var container: String = ""
    public var endpointConfig: EndpointSettings?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case endpointConfig = "EndpointConfig"
    }
}

/// `POST /networks/{id}/disconnect`
public struct NetworkDisconnectRequest: DockerObject, Hashable {
    public var container: String = ""
    public var force: Bool?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case force = "Force"
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

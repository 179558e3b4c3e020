/// A network that containers join, every default decided.
public struct NetworkDefinition: Codable, Hashable, Sendable {
    public enum Driver: String, Codable, Hashable, Sendable, CaseIterable { case bridge, macvlan, ipvlan }

    /// 64 hex digits.
    public var id: String
    public var name: String
    /// Nanoseconds since 1970.
    public var created: Int64
    public var driver: Driver
    /// Nothing leaves it, and nothing comes in.
    public var isInternal: Bool
    /// Accepted and shown; a matter of swarms.
    public var attachable: Bool
    public var enablesIPv6: Bool
    /// At most one of each family.
    public var pools: [AddressPool]
    /// As they were given.
    public var options: [String: String]
    public var labels: [String: String]
    /// The bridge's device on the host; for macvlan and ipvlan, the device they are put on.
    public var device: String

    public init(id: String, name: String, created: Int64, driver: Driver = .bridge, device: String) {
        (self.id, self.name, self.created, self.driver, self.device) = (id, name, created, driver, device)
        (isInternal, attachable, enablesIPv6, pools, options, labels) = (false, false, false, [], [:], [:])
    }

    /// Packets that leave by another device bear the host's address.
    public var masquerades: Bool {
        driver == .bridge && !isInternal && flag(.masquerade, default: true)
    }

    /// Its containers may speak with each other.
    public var connectsContainers: Bool { flag(.connectsContainers, default: true) }

    /// Nil: the kernel's default.
    public var mtu: Int? { options[Option.mtu.rawValue].flatMap { Int($0) } }

    /// Where ports are published that name no address.
    public var defaultHostAddress: IPAddress? {
        options[Option.hostAddress.rawValue].flatMap { IPAddress(parsing: $0) }
    }

    private func flag(_ option: Option, default value: Bool) -> Bool {
        options[option.rawValue].flatMap { Option.flag($0) } ?? value
    }

    /// The options of Docker's drivers that have an effect here.
    public enum Option: String, CaseIterable, Sendable {
        case deviceName = "com.docker.network.bridge.name"
        case masquerade = "com.docker.network.bridge.enable_ip_masquerade"
        case connectsContainers = "com.docker.network.bridge.enable_icc"
        case hostAddress = "com.docker.network.bridge.host_binding_ipv4"
        case mtu = "com.docker.network.driver.mtu"
        case isDefault = "com.docker.network.bridge.default_bridge"
        case parent
        case macvlanMode = "macvlan_mode"
        case ipvlanMode = "ipvlan_mode"

        /// As Go reads a boolean.
        static func flag(_ text: String) -> Bool? {
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": true
            case "0", "f", "F", "false", "FALSE", "False": false
            default: nil
            }
        }
    }
}

/// The addresses of a network, in one family.
public struct AddressPool: Codable, Hashable, Sendable {
    /// `10.1.0.0/16`
    public var subnet: Subnet
    /// Those that are given to containers which ask for none; nil: all.
    public var range: Subnet?
    /// The network's own address, which is its containers' way out.
    public var gateway: IPAddress
    /// Never given, by name: they belong to others.
    public var reserved: [String: IPAddress]
    /// Subnet and gateway were chosen by the engine.
    public var isChosen: Bool

    public init(
        subnet: Subnet, range: Subnet? = nil, gateway: IPAddress, reserved: [String: IPAddress] = [:],
        isChosen: Bool = false
    ) {
        (self.subnet, self.range, self.gateway) = (subnet, range, gateway)
        (self.reserved, self.isChosen) = (reserved, isChosen)
    }
}

extension IPAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = IPAddress(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no address")
        }
        self = address
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Subnet: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let subnet = Subnet(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no subnet")
        }
        self = subnet
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

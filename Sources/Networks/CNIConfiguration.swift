import FoundationEssentials

/// The call of one CNI plugin, for ADD, CHECK and DEL alike (the Container Network Interface, 1.0.0).
public struct CNICall: Hashable, Sendable {
    /// The plugin's program.
    public var plugin: String
    /// What it reads from its standard input.
    public var configuration: [UInt8]
}

/// How a container is put into a network: data for the plugins, which do it.
public struct EndpointPlan: Codable, Hashable, Sendable {
    public var network: NetworkDefinition
    /// In the container: `eth0`.
    public var interface: String
    /// Nil: one is made up.
    public var macAddress: String?
    /// That were asked for.
    public var addresses: [IPAddress]
    /// Published through this network; host ports chosen.
    public var ports: [PortMapping]
    /// It is being taken back: whoever finds it so goes on with that.
    public var isLeaving = false

    public init(
        network: NetworkDefinition, interface: String, macAddress: String? = nil, addresses: [IPAddress] = [],
        ports: [PortMapping] = []
    ) {
        (self.network, self.interface, self.macAddress) = (network, interface, macAddress)
        (self.addresses, self.ports) = (addresses, ports)
    }

    /// The device and its addresses. `leases`: the directory in which they are kept.
    public func device(leases: String) throws -> CNICall {
        var configuration = CNIConfiguration(network, type: network.driver.rawValue)
        configuration.mtu = network.mtu
        configuration.ipam = IPAMConfiguration(network, leases: leases, isFirst: interface == "eth0")
        configuration.runtimeConfig = RuntimeConfiguration(
            ips: addresses.isEmpty ? nil : addresses.map { "\($0)/\(length(of: $0))" }, mac: macAddress)
        switch network.driver {
        case .bridge:
            configuration.bridge = network.device
            (configuration.isGateway, configuration.hairpinMode) = (true, true)
            // Rules of the host are for whole networks, not for each container.
            configuration.ipMasq = false
        case .macvlan:
            configuration.master = network.device
            configuration.mode = network.options[NetworkDefinition.Option.macvlanMode.rawValue] ?? "bridge"
        case .ipvlan:
            configuration.master = network.device
            configuration.mode = network.options[NetworkDefinition.Option.ipvlanMode.rawValue] ?? "l2"
        }
        return CNICall(plugin: network.driver.rawValue, configuration: try configuration.bytes)
    }

    /// Its published ports; nil where there are none. The result is that of `device`; taking them back needs none.
    public func publication(after result: CNIResult?) throws -> CNICall? {
        if ports.isEmpty { return nil }
        var configuration = CNIConfiguration(network, type: "portmap")
        configuration.snat = true
        configuration.prevResult = result
        configuration.runtimeConfig = RuntimeConfiguration(
            portMappings: ports.map { port in
                CNIPort(
                    hostPort: port.host, containerPort: port.container, protocol: port.transport.rawValue,
                    hostIP: (port.address ?? network.defaultHostAddress).map { "\($0)" })
            })
        return CNICall(plugin: "portmap", configuration: try configuration.bytes)
    }

    private func length(of address: IPAddress) -> Int {
        network.pools.first { $0.subnet.contains(address) }?.subnet.length ?? address.width
    }
}

private struct CNIConfiguration: Encodable {
    var cniVersion = "1.0.0"
    var name: String
    var type: String
    var bridge: String?
    var master: String?
    var mode: String?
    var mtu: Int?
    var isGateway: Bool?
    var hairpinMode: Bool?
    var ipMasq: Bool?
    var snat: Bool?
    var ipam: IPAMConfiguration?
    var runtimeConfig: RuntimeConfiguration?
    var prevResult: CNIResult?

    /// By its id: two networks, one after the other, may have the same name.
    init(_ network: NetworkDefinition, type: String) { (name, self.type) = (network.id, type) }

    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return [UInt8](try encoder.encode(self))
        }
    }
}

private struct IPAMConfiguration: Encodable {
    struct Range: Encodable {
        var subnet: Subnet
        var rangeStart: IPAddress?
        var rangeEnd: IPAddress?
        var gateway: IPAddress
    }
    struct Route: Encodable { var dst: String }

    var type = "host-local"
    var dataDir: String
    var ranges: [[Range]]
    var routes: [Route]

    /// The first network is the way out.
    init(_ network: NetworkDefinition, leases: String, isFirst: Bool) {
        dataDir = leases
        ranges = network.pools.map { pool in
            let range = pool.range ?? pool.subnet
            // The subnet's own addresses, which the plugin leaves out by itself where no range is given.
            let start = pool.range.flatMap { $0.base == pool.subnet.base ? $0.firstHost : $0.base }
            let isLast = range.last == pool.subnet.last && range.family == .v4
            let end = pool.range.map { isLast ? IPAddress($0.family, $0.last.number - 1) : $0.last }
            return [Range(subnet: pool.subnet, rangeStart: start, rangeEnd: end, gateway: pool.gateway)]
        }
        let leaves = isFirst && !network.isInternal
        routes = leaves ? network.pools.map { Route(dst: $0.subnet.family == .v4 ? "0.0.0.0/0" : "::/0") } : []
    }
}

private struct RuntimeConfiguration: Encodable {
    var ips: [String]?
    var mac: String?
    var portMappings: [CNIPort]?
}

private struct CNIPort: Encodable {
    var hostPort: UInt16
    var containerPort: UInt16
    var `protocol`: String
    var hostIP: String?
}

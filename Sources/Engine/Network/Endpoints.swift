import APITypes
import Networks

/// A network that a container joins at each start, as it was asked for.
struct EndpointWish: Codable, Hashable, Sendable {
    /// The network's id.
    var network: String
    /// Its name, when it was asked for.
    var networkName: String
    var addresses: [IPAddress] = []
    var macAddress: String?
    var aliases: [String] = []
}

/// What a running container has in a network.
struct Endpoint: Codable, Hashable, Sendable {
    struct Address: Codable, Hashable, Sendable {
        var address: IPAddress
        var length: Int
        var gateway: IPAddress?
    }
    /// The network's id.
    var network: String
    var interface: String
    var macAddress: String?
    var addresses: [Address]
    /// Published through it.
    var ports: [PortMapping]

    init(_ plan: EndpointPlan, _ result: CNIResult) {
        (network, interface, ports) = (plan.network.id, plan.interface, plan.ports)
        macAddress = result.macAddress
        addresses = result.addresses.map { Address(address: $0.address, length: $0.subnet.length, gateway: $0.gateway) }
    }

    func address(_ family: IPAddress.Family) -> Address? { addresses.first { $0.address.family == family } }
}

/// Reads the networks and ports of a request.
struct EndpointRequest {
    let core: EngineCore
    let config: ContainerConfig
    let host: HostConfig
    let networking: NetworkingConfig?

    /// Names that stand for no network with devices.
    static func isPlain(_ mode: String) -> Bool {
        ["", "default", "none", "host"].contains(mode) || mode.hasPrefix("container:")
    }

    /// In the order in which they are joined: the network mode's first, then the others by name.
    func wishes() throws(EngineError) -> [EndpointWish] {
        let mode = host.networkMode ?? ""
        var settings = networking?.endpointsConfig ?? [:]
        if EndpointRequest.isPlain(mode) {
            if let other = settings.keys.sorted().first(where: { !EndpointRequest.isPlain($0) }) {
                throw .invalid(
                    "conflicting options: network \(other) and the network mode \(mode.isEmpty ? "none" : mode)")
            }
            return []
        }
        let first = try core.networks.find(mode)
        // Docker's clients name it as the user did.
        let own = [mode, first.name, first.id].compactMap { settings.removeValue(forKey: $0) }.first
        var wishes = [try EndpointRequest.wish(first, own ?? EndpointSettings(), macAddress: config.macAddress)]
        for (name, endpoint) in settings.sorted(by: { $0.key < $1.key }) {
            wishes.append(try EndpointRequest.wish(try core.networks.find(name), endpoint, macAddress: nil))
        }
        return wishes
    }

    /// `macAddress`: what holds where the endpoint's settings have none.
    static func wish(
        _ network: NetworkDefinition, _ endpoint: EndpointSettings, macAddress: String?
    ) throws(EngineError) -> EndpointWish {
        var wish = EndpointWish(network: network.id, networkName: network.name)
        let texts = [endpoint.ipamConfig?.ipv4Address, endpoint.ipamConfig?.ipv6Address].compactMap { $0 }
        for text in texts where !text.isEmpty {
            guard let address = IPAddress(parsing: text) else { throw .invalid("invalid IP address: \(text)") }
            guard network.name != NetworkTable.defaultName else {
                throw .invalid("user specified IP address is supported on user defined networks only")
            }
            guard network.pools.contains(where: { $0.subnet.contains(address) }) else {
                let subnets = network.pools.map(\.subnet.description).joined(separator: ", ")
                throw .invalid("invalid IP address \(text): network \(network.name) has \(subnets)")
            }
            wish.addresses.append(address)
        }
        wish.macAddress = try EndpointRequest.macAddress(endpoint.macAddress ?? macAddress)
        wish.aliases = endpoint.aliases ?? []
        if let option = (endpoint.driverOpts ?? [:]).keys.min() {
            throw .unsupported("option \(option) of a container in a network is not there")
        }
        guard (endpoint.ipamConfig?.linkLocalIPs ?? []).isEmpty else {
            throw .unsupported("LinkLocalIPs are not there")
        }
        guard (endpoint.links ?? []).isEmpty else {
            throw .unsupported("links are not there: containers of a network find each other by name")
        }
        return wish
    }

    private static func macAddress(_ text: String?) throws(EngineError) -> String? {
        guard let text, !text.isEmpty else { return nil }
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "-" })
        let bytes = parts.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard bytes.count == 6, parts.count == 6, bytes[0] & 1 == 0 else {
            throw .invalid("invalid MAC address: \(text) (expected one such as 02:42:ac:11:00:02)")
        }
        return text.lowercased()
    }

    /// The ports that are published at each start.
    func ports() throws(EngineError) -> [PortWish] {
        var wishes: [PortWish] = []
        do throws(NetworkFault) {
            let bindings = (host.portBindings ?? [:]).sorted { $0.key < $1.key }
            for (port, places) in bindings {
                for place in places ?? [] {
                    let (mapping, choices) = try PortMapping.mapping(
                        port, address: place.hostIp ?? "", hostPort: place.hostPort ?? "")
                    wishes.append(PortWish(mapping: mapping, first: choices?.lowerBound, last: choices?.upperBound))
                }
            }
            for port in (config.exposedPorts ?? [:]).keys.sorted() {
                let (number, transport) = try PortMapping.port(parsing: port)
                let isBound = wishes.contains { $0.mapping.container == number && $0.mapping.transport == transport }
                guard host.publishAllPorts, !isBound else { continue }
                wishes.append(PortWish(mapping: PortMapping(container: number, transport: transport)))
            }
        } catch { throw .invalid(error.description) }
        return wishes
    }
}

/// A network as it was asked for, and the checks that make a definition of it.
public struct NetworkPlan: Hashable, Sendable {
    public struct Pool: Hashable, Sendable {
        public var subnet: String?
        public var range: String?
        public var gateway: String?
        public var reserved: [String: String] = [:]
        public init() {}
    }

    public var name: String
    public var driver: String
    public var isInternal = false
    public var attachable = false
    public var enablesIPv6 = false
    public var pools: [Pool] = []
    public var options: [String: String] = [:]
    public var labels: [String: String] = [:]

    public init(name: String, driver: String) { (self.name, self.driver) = (name, driver) }

    /// Names that mean something else.
    public static let reservedNames: Set<String> = ["bridge", "host", "none", "default", "container"]

    /// `used`: the subnets of other networks by name, and those of the host by device. `device` is given to a bridge without
    /// one of its own.
    public func definition(
        id: String, created: Int64, device: String, used: [(subnet: Subnet, holder: String)],
        pool: SubnetPool = .docker
    ) throws(NetworkFault) -> NetworkDefinition {
        guard let kind = NetworkDefinition.Driver(rawValue: driver.isEmpty ? "bridge" : driver) else {
            let known = NetworkDefinition.Driver.allCases.map(\.rawValue).joined(separator: ", ")
            throw NetworkFault("could not find plugin \(driver) in v1 plugin registry: drivers are \(known)")
        }
        try checkOptions(of: kind)
        var definition = NetworkDefinition(id: id, name: name, created: created, driver: kind, device: device)
        (definition.isInternal, definition.attachable) = (isInternal, attachable)
        (definition.enablesIPv6, definition.options, definition.labels) = (enablesIPv6, options, labels)
        definition.device = try deviceName(for: kind) ?? device
        for asked in pools { definition.pools.append(try NetworkPlan.addressPool(asked, used, pool, definition.pools)) }
        if !definition.pools.contains(where: { $0.subnet.family == .v4 }) {
            definition.pools.insert(try NetworkPlan.chosen(try NetworkPlan.free(pool, used)), at: 0)
        }
        if enablesIPv6, !definition.pools.contains(where: { $0.subnet.family == .v6 }),
            let subnet = SubnetPool.v6(for: id)
        {
            definition.pools.append(try NetworkPlan.chosen(subnet))
        }
        if !enablesIPv6, let pool = definition.pools.first(where: { $0.subnet.family == .v6 }) {
            throw NetworkFault("subnet \(pool.subnet): IPv6 is not enabled for network \(name) (--ipv6 does)")
        }
        return definition
    }

    /// In place of one that was chosen before.
    public static func freePool(
        besides used: [(subnet: Subnet, holder: String)], pool: SubnetPool = .docker
    ) throws(NetworkFault) -> AddressPool { try chosen(try free(pool, used)) }

    private static func free(
        _ pool: SubnetPool, _ used: [(subnet: Subnet, holder: String)]
    ) throws(NetworkFault) -> Subnet {
        do throws(SubnetPool.Exhausted) { return try pool.free(besides: used.map(\.subnet)) } catch {
            throw NetworkFault(
                "all predefined address pools have been fully subnetted: remove a network, or name one with --subnet")
        }
    }

    private static func chosen(_ subnet: Subnet) throws(NetworkFault) -> AddressPool {
        guard let gateway = subnet.firstHost else { throw NetworkFault("subnet \(subnet) has no room for a container") }
        return AddressPool(subnet: subnet, gateway: gateway, isChosen: true)
    }

    private static func addressPool(
        _ asked: Pool, _ used: [(subnet: Subnet, holder: String)], _ pool: SubnetPool, _ others: [AddressPool]
    ) throws(NetworkFault) -> AddressPool {
        guard let text = asked.subnet, !text.isEmpty else {
            let rest = [asked.range, asked.gateway].compactMap { $0 }.filter { !$0.isEmpty }
            guard rest.isEmpty, asked.reserved.isEmpty else {
                throw NetworkFault("invalid IPAM configuration: \(rest.first ?? "an auxiliary address") needs a subnet")
            }
            return try chosen(try free(pool, used))
        }
        guard let subnet = Subnet(parsing: text) else {
            throw NetworkFault("invalid subnet \(text): expected an address and a length such as 10.1.0.0/16")
        }
        guard let first = subnet.firstHost else { throw NetworkFault("subnet \(subnet) has no room for a container") }
        if let other = others.first(where: { $0.subnet.family == subnet.family }) {
            throw NetworkFault("subnets \(other.subnet) and \(subnet): a network has one of each family")
        }
        if let other = used.first(where: { $0.subnet.overlaps(subnet) }) {
            throw NetworkFault(
                "Pool overlaps with other one on this address space: \(subnet) overlaps \(other.subnet) of \(other.holder)"
            )
        }
        let range = try asked.range.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(NetworkFault) in
            guard let range = Subnet(parsing: text), subnet.contains(range) else {
                throw NetworkFault("invalid ip-range \(text): expected a part of the subnet \(subnet)")
            }
            return range
        }
        let gateway = try asked.gateway.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(NetworkFault) in
            try address(text, "gateway", in: subnet)
        }
        var reserved: [String: IPAddress] = [:]
        for (name, text) in asked.reserved {
            reserved[name] = try address(text, "auxiliary address \(name)", in: subnet)
        }
        return AddressPool(subnet: subnet, range: range, gateway: gateway ?? first, reserved: reserved)
    }

    private static func address(_ text: String, _ what: String, in subnet: Subnet) throws(NetworkFault) -> IPAddress {
        guard let address = IPAddress(parsing: text), subnet.contains(address) else {
            throw NetworkFault("invalid \(what) \(text): expected an address of the subnet \(subnet)")
        }
        guard address != subnet.base, subnet.family == .v6 || address != subnet.last else {
            throw NetworkFault("invalid \(what) \(text): it is the subnet's own")
        }
        return address
    }

    /// An option without effect is refused, not overlooked.
    private func checkOptions(of driver: NetworkDefinition.Driver) throws(NetworkFault) {
        for (key, value) in options.sorted(by: { $0.key < $1.key }) {
            guard let option = NetworkDefinition.Option(rawValue: key) else {
                throw NetworkFault("network option \(key) is not there")
            }
            let fits: Bool =
                switch option {
                case .masquerade, .connectsContainers, .isDefault:
                    driver == .bridge && NetworkDefinition.Option.flag(value) != nil
                case .deviceName: driver == .bridge && NetworkPlan.isDevice(value)
                case .hostAddress: driver == .bridge && IPAddress(parsing: value)?.family == .v4
                case .mtu: Int(value).map { (68...65535).contains($0) } ?? false
                case .parent: driver != .bridge && NetworkPlan.isDevice(value)
                case .macvlanMode: driver == .macvlan && ["bridge", "private", "vepa", "passthru"].contains(value)
                case .ipvlanMode: driver == .ipvlan && ["l2", "l3", "l3s"].contains(value)
                }
            guard fits else {
                throw NetworkFault("invalid value \"\(value)\" of network option \(key) of driver \(driver)")
            }
        }
    }

    private func deviceName(for driver: NetworkDefinition.Driver) throws(NetworkFault) -> String? {
        if driver == .bridge { return options[NetworkDefinition.Option.deviceName.rawValue] }
        guard let parent = options[NetworkDefinition.Option.parent.rawValue] else {
            throw NetworkFault("a \(driver) network needs the device it is put on: -o parent=DEVICE")
        }
        return parent
    }

    /// As the kernel takes them (dev_valid_name).
    static func isDevice(_ name: String) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2f && $0 != 0x3a }
    }
}

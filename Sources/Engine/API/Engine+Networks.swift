public import APITypes
import Linux
import Networks

extension Engine {
    /// `.invalid` names what is wrong with the request, `.conflict` who has the name or the device.
    public func createNetwork(_ request: NetworkCreateRequest) async throws(EngineError) -> NetworkCreateResponse {
        try NetworkName.check(request.name)
        guard request.configOnly != true, (request.configFrom?.network ?? "").isEmpty, request.ingress != true else {
            throw .unsupported("ConfigOnly, ConfigFrom and Ingress are for swarms, which Quell does not offer")
        }
        if let scope = request.scope, !scope.isEmpty, scope != "local" {
            throw .invalid("invalid scope \(scope): only local")
        }
        if let driver = request.ipam?.driver, !driver.isEmpty, driver != "default" {
            throw .notFound(kind: "IPAM driver", name: driver)
        }
        if request.enableIPv4 == false { throw .unsupported("EnableIPv4=false: a network has addresses of version 4") }
        if let option = (request.ipam?.options ?? [:]).keys.min() {
            throw .invalid("IPAM option \(option) is not there")
        }
        var plan = NetworkPlan(name: request.name, driver: request.driver ?? "bridge")
        (plan.isInternal, plan.attachable) = (request.isInternal ?? false, request.attachable ?? false)
        (plan.options, plan.labels) = (request.options ?? [:], request.labels ?? [:])
        plan.pools = (request.ipam?.config ?? []).map { config in
            var pool = NetworkPlan.Pool()
            (pool.subnet, pool.range, pool.gateway) = (config.subnet, config.ipRange, config.gateway)
            pool.reserved = config.auxiliaryAddresses ?? [:]
            return pool
        }
        plan.enablesIPv6 = request.enableIPv6 ?? false
        let network = try await core.networks.create(plan, core)
        core.events.post(
            type: "network", action: "create", id: network.id,
            attributes: ["name": network.name, "type": network.driver.rawValue])
        var response = NetworkCreateResponse()
        response.id = network.id
        return response
    }

    /// Those with devices, and with all of the labels (`key`, `key=value`); host and none are for the API.
    public func listNetworks(labels: [String] = []) async -> [NetworkSummary] {
        core.networks.all.filter { network in labels.allSatisfy { Labels.match(network.labels, $0) } }
            .map { core.view($0, withMembers: false) }
    }

    /// `.notFound`, or `.invalid` for the beginning of several ids.
    public func inspectNetwork(_ reference: String) async throws(EngineError) -> NetworkSummary {
        core.view(try core.networks.find(reference), withMembers: true)
    }

    /// `.forbidden` for the default network, and while a container has an endpoint in it.
    public func removeNetwork(_ reference: String) async throws(EngineError) {
        let network = try core.networks.find(reference)
        guard network.name != NetworkTable.defaultName else {
            throw .forbidden("\(network.name) is a pre-defined network and cannot be removed")
        }
        let members = core.members(of: network).filter { $0.snapshot.isRunning }
        guard members.isEmpty else {
            let names = members.map { "name:\"\($0.snapshot.name)\" id:\"\($0.id.prefix(12))\"" }.sorted()
            throw .forbidden(
                "error while removing network: network \(network.name) has active endpoints (\(names.joined(separator: ", ")))"
            )
        }
        try await core.remove(network)
    }

    /// Those that no container names.
    public func pruneNetworks(_ filters: Filters) async throws(EngineError) -> [String] {
        try core.checkAllAreReadable(before: "network prune")
        let filter = try PruneFilter(filters)
        var removed: [String] = []
        for network in core.networks.all where network.name != NetworkTable.defaultName {
            guard core.members(of: network).isEmpty, filter.matches(created: network.created, labels: network.labels)
            else { continue }
            try await core.remove(network)
            removed.append(network.name)
        }
        core.notePrune("network", 0)
        return removed
    }

    /// A container names it, running or not.
    public func usesNetwork(_ id: String) async -> Bool {
        core.networks.withID(id).map { !core.members(of: $0).isEmpty } ?? false
    }

    public func connect(_ reference: String, _ request: NetworkConnectRequest) async throws(EngineError) {
        let network = try core.networks.find(reference)
        let container = try core.container(request.container)
        let wish = try EndpointRequest.wish(network, request.endpointConfig ?? EndpointSettings(), macAddress: nil)
        try await container.connect(to: network, wish)
    }

    public func disconnect(_ reference: String, _ request: NetworkDisconnectRequest) async throws(EngineError) {
        let network = try core.networks.find(reference)
        try await core.container(request.container).disconnect(from: network)
    }
}

enum NetworkName {
    static func check(_ name: String) throws(EngineError) {
        let isPlain = name.utf8.allSatisfy { byte in
            Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber
                || "_.-".utf8.contains(byte)
        }
        guard let first = name.utf8.first, isPlain, !"_.-".utf8.contains(first), name.utf8.allSatisfy({ $0 < 0x80 })
        else {
            throw .invalid(
                name.isEmpty
                    ? "network name cannot be empty"
                    : "invalid network name \"\(name)\": only [a-zA-Z0-9][a-zA-Z0-9_.-]* is allowed")
        }
        guard !NetworkPlan.reservedNames.contains(name) else {
            throw .forbidden("operation is not permitted on predefined \(name) network")
        }
    }
}

extension EngineCore {
    func members(of network: NetworkDefinition) -> [Container] {
        registry.all.filter { container in
            container.snapshot.document.endpoints?.contains { $0.network == network.id } == true
        }
    }

    fileprivate func remove(_ network: NetworkDefinition) async throws(EngineError) {
        try await networks.remove(network, self)
        events.post(
            type: "network", action: "destroy", id: network.id,
            attributes: ["name": network.name, "type": network.driver.rawValue])
    }

    func view(_ network: NetworkDefinition, withMembers: Bool) -> NetworkSummary {
        var view = NetworkSummary()
        (view.name, view.id, view.scope, view.driver) = (network.name, network.id, "local", network.driver.rawValue)
        view.created = Timestamp(nanosecondsSince1970: network.created).description
        (view.enableIPv4, view.enableIPv6) = (true, network.enablesIPv6)
        (view.isInternal, view.attachable) = (network.isInternal, network.attachable)
        (view.options, view.labels) = (network.options, network.labels)
        view.ipam.driver = "default"
        view.ipam.config = network.pools.map { pool in
            var config = IPAMConfig()
            (config.subnet, config.gateway) = (pool.subnet.description, pool.gateway.description)
            config.ipRange = pool.range?.description
            config.auxiliaryAddresses = pool.reserved.isEmpty ? nil : pool.reserved.mapValues(\.description)
            return config
        }
        view.containers = [:]
        if withMembers { view.containers = endpoints(in: network) }
        return view
    }

    /// Of those that run.
    private func endpoints(in network: NetworkDefinition) -> [String: NetworkContainer] {
        var members: [String: NetworkContainer] = [:]
        for container in self.members(of: network) {
            let snapshot = container.snapshot
            guard let endpoint = snapshot.state.endpoints?.first(where: { $0.network == network.id }) else { continue }
            var member = NetworkContainer()
            (member.name, member.endpointID) = (snapshot.name, endpoint.id(in: container.id))
            member.macAddress = endpoint.macAddress ?? ""
            member.ipv4Address = endpoint.address(.v4).map { "\($0.address)/\($0.length)" } ?? ""
            member.ipv6Address = endpoint.address(.v6).map { "\($0.address)/\($0.length)" } ?? ""
            members[container.id] = member
        }
        return members
    }
}

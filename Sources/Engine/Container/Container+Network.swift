import APITypes
import Linux
import Logging
import Networks

extension Container {
    /// It has a namespace of its own with a device in each of its networks, and its ports are published.
    func joinNetworks() async throws(EngineError) {
        let wishes = document.endpoints ?? []
        if wishes.isEmpty { return }
        // Of a run whose end could not be cleared away.
        await core.networks.leave(id, core)
        var plans: [EndpointPlan] = []
        for (index, wish) in wishes.enumerated() {
            guard let network = core.networks.withID(wish.network) else {
                throw .notFound(kind: "network", name: wish.networkName)
            }
            plans.append(
                EndpointPlan(
                    network: try await core.networks.settled(network, core), interface: "eth\(index)",
                    macAddress: wish.macAddress, addresses: wish.addresses))
        }
        state.endpoints = try await entered(plans)
        // Whoever finds it running after a crash knows what it has.
        try await core.store.save(state, of: id, durable: false)
        // Who looks for its neighbours sees this one from now on.
        publish()
        for endpoint in state.endpoints ?? [] {
            await core.publishNames(in: endpoint.network)
            postNetwork("connect", endpoint.network)
        }
    }

    /// What another container is giving back at this moment, as it has ended, may be what this one lacks: then it is tried once
    /// more.
    private func entered(_ plans: [EndpointPlan]) async throws(EngineError) -> [Endpoint] {
        let others = core.networks.changes(besides: id)
        do throws(EngineError) { return try await enteredOnce(plans) } catch {
            guard !others.isEmpty else { throw error }
            await core.networks.leave(id, core)
            for other in others { await other.value() }
            return try await enteredOnce(plans)
        }
    }

    private func enteredOnce(_ plans: [EndpointPlan]) async throws(EngineError) -> [Endpoint] {
        var plans = plans
        await core.networks.waitForLeavers(with: document.ports ?? [], besides: id)
        plans[0].ports = try core.networks.ports.take(document.ports ?? [], for: id) { core.name(of: $0) }
        let results = try await core.networks.join(plans, container: id, core)
        return zip(plans, results).map { Endpoint($0, $1) }
    }

    /// Found running by a new engine: a crash in the midst of `connect` or `disconnect` left it half in a network. What it does not
    /// name is taken back; what was being taken from it is taken.
    func settleNetworks() async {
        guard state.endpoints != nil else { return }
        do throws(EngineError) {
            let named = Set((document.endpoints ?? []).map(\.network))
            let present = try await core.networks.settle(id, naming: named, core)
            guard state.endpoints != nil, machine.isActive, present != named || state.endpoints?.count != present.count
            else { return }
            state.endpoints?.removeAll { !present.contains($0.network) }
            record()
            var changed = document
            changed.endpoints?.removeAll { !present.contains($0.network) }
            try await core.store.save(changed, insteadOf: document)
            document = changed
            publish()
        } catch { core.logger.error("container \(id): its networks are not what it names: \(error)") }
    }

    /// Found running by a new engine. Its ports lead to it, whether they can be held or not.
    func holdPortsAgain() {
        let wishes = (state.endpoints ?? []).flatMap(\.ports).map { PortWish(mapping: $0) }
        do throws(EngineError) { _ = try core.networks.ports.take(wishes, for: id) { core.name(of: $0) } } catch {
            core.logger.warning("container \(id): \(error)")
        }
    }

    /// Whatever it has of networks is free.
    func leaveNetworks() async {
        await core.networks.leave(id, core)
        guard let endpoints = state.endpoints else { return }
        state.endpoints = nil
        record()
        for endpoint in endpoints {
            await core.publishNames(in: endpoint.network)
            postNetwork("disconnect", endpoint.network)
        }
    }

    /// Joined now where it runs, and at each start from now on.
    func connect(to network: NetworkDefinition, _ wish: EndpointWish) async throws(EngineError) {
        try checkNotQuarantined(before: "connect")
        guard document.namespaces.network == .own else {
            throw .invalid(
                "container sharing network namespace with another container or host cannot be connected to any other network"
            )
        }
        guard document.endpoints?.contains(where: { $0.network == network.id }) != true else {
            throw .forbidden("endpoint with name \(name) already exists in network \(network.name)")
        }
        let joins = machine.isActive
        guard !joins || state.endpoints != nil else {
            throw .conflict("container \(name) runs without a network: it can be connected while it is stopped")
        }
        var changed = document
        changed.endpoints = (document.endpoints ?? []) + [wish]
        if changed.host.networkMode == "none" { changed.host.networkMode = network.name }
        if joins {
            let endpoint = try await core.networks.connect(network, wish, container: id, core)
            state.endpoints?.append(endpoint)
            record()
        }
        try await core.store.save(changed, insteadOf: document)
        document = changed
        publish()
        await core.publishNames(in: network.id)
        postNetwork("connect", network.id)
    }

    func disconnect(from network: NetworkDefinition) async throws(EngineError) {
        try checkNotQuarantined(before: "disconnect")
        guard document.endpoints?.contains(where: { $0.network == network.id }) == true else {
            throw .notFound(kind: "endpoint", name: "\(name) in network \(network.name)")
        }
        var changed = document
        changed.endpoints?.removeAll { $0.network == network.id }
        if changed.endpoints?.isEmpty == true { changed.host.networkMode = "none" }
        if machine.isActive, state.endpoints != nil {
            try await core.networks.disconnect(network.id, container: id, core)
            state.endpoints?.removeAll { $0.network == network.id }
            record()
        }
        try await core.store.save(changed, insteadOf: document)
        document = changed
        publish()
        await core.publishNames(in: network.id)
        postNetwork("disconnect", network.id)
    }

    private func postNetwork(_ action: String, _ network: String) {
        guard let definition = core.networks.withID(network) else { return }
        core.events.post(
            type: "network", action: action, id: network,
            attributes: ["container": id, "name": definition.name, "type": definition.driver.rawValue])
    }
}

extension EngineCore {
    /// Of a container, for messages.
    func name(of id: String) -> String { registry.withID(id)?.snapshot.name ?? String(id.prefix(12)) }
}

extension EngineCore {
    /// After a change of its members, or of their names.
    func publishNames(in id: String) async {
        guard let network = networks.withID(id) else { return }
        var known: [NameTable.Member] = []
        for container in members(of: network) {
            let snapshot = container.snapshot
            guard let endpoint = snapshot.state.endpoints?.first(where: { $0.network == id }) else { continue }
            let aliases = snapshot.document.endpoints?.first { $0.network == id }?.aliases ?? []
            let servers = (snapshot.document.host.dns ?? []).compactMap { IPAddress(parsing: $0) }
            known.append(
                NameTable.Member(
                    id: container.id, addresses: endpoint.addresses.map(\.address),
                    names: [snapshot.name] + aliases + [String(container.id.prefix(12))], servers: servers))
        }
        if known.isEmpty { return await networks.names.forget(network, self) }
        await networks.names.publish(NameTable(network, members: known), of: network, self)
    }
}

import APITypes
import Linux
import Logging
import Networks
import Synchronization

/// The networks that have devices and addresses, and what containers have of them.
final class NetworkTable: Sendable {
    /// By id.
    private let definitions = Mutex<[String: NetworkDefinition]>([:])
    let ports = PortTable()
    let plugins: CNIPlugins
    /// One creation after the other: two must not choose the same subnet.
    private let creating = Gate(limit: 1)
    private let filter = HostFilter()
    let names: NameServer
    private let paths: EnginePaths

    static let defaultName = "bridge"

    init(_ paths: EnginePaths, places: [String]) {
        (self.paths, plugins) = (paths, CNIPlugins(places: places))
        names = NameServer(directory: paths.names)
    }

    var all: [NetworkDefinition] { definitions.withLock { $0.values.sorted { $0.name < $1.name } } }

    /// Docker's order: the whole id, the name, then the beginning of an id that only one has.
    func find(_ reference: String) throws(EngineError) -> NetworkDefinition {
        let all = all
        if let network = all.first(where: { $0.id == reference }) ?? all.first(where: { $0.name == reference }) {
            return network
        }
        let matches = reference.isEmpty ? [] : all.filter { $0.id.hasPrefix(reference) }
        if matches.count > 1 {
            throw .invalid("network \(reference) is ambiguous (\(matches.count) matches found on ID prefix)")
        }
        guard let network = matches.first else { throw .notFound(kind: "network", name: reference) }
        return network
    }

    func withID(_ id: String) -> NetworkDefinition? { definitions.withLock { $0[id] } }

    func load(_ core: EngineCore) async throws(EngineError) {
        let found = try await core.store.networks()
        definitions.withLock { $0 = Dictionary(found.map { ($0.id, $0) }) { $1 } }
        guard !found.contains(where: { $0.name == NetworkTable.defaultName }) else { return }
        var plan = NetworkPlan(name: NetworkTable.defaultName, driver: "bridge")
        plan.options = [NetworkDefinition.Option.isDefault.rawValue: "true"]
        let device = paths.tag.map { "quell-\($0)" } ?? "quell0"
        // Without it everything else can be had.
        do throws(EngineError) { _ = try await create(plan, device: device, core) } catch {
            core.logger.warning("there is no default network: \(error)")
        }
    }

    func create(
        _ plan: NetworkPlan, device: String? = nil, _ core: EngineCore
    ) async throws(EngineError) -> NetworkDefinition {
        guard let place = await creating.enter(within: .seconds(20)) else {
            throw .timedOut("other networks are being created since 20s")
        }
        defer { place.leave() }
        if all.contains(where: { $0.name == plan.name }) {
            throw .conflict("network with name \(plan.name) already exists")
        }
        let id = Identifier.random()
        let used = try usedSubnets()
        let network: NetworkDefinition
        do throws(NetworkFault) {
            network = try plan.definition(
                id: id, created: WallTime.now().nanosecondsSince1970, device: device ?? "qn-\(id.prefix(12))",
                used: used)
        } catch { throw .invalid(error.description) }
        if network.driver == .bridge, let other = all.first(where: { $0.device == network.device }) {
            throw .conflict("device \(network.device) belongs to network \(other.name)")
        }
        try await core.store.insert(network)
        definitions.withLock { $0[id] = network }
        return network
    }

    private func usedSubnets(besides id: String = "") throws(EngineError) -> [(subnet: Subnet, holder: String)] {
        let all = all
        let ours = all.filter { $0.id != id }.flatMap { network in
            network.pools.map { ($0.subnet, "network \(network.name)") }
        }
        let text = try attempt("look at the routes of the host") { () throws(SystemError) in
            String(decoding: try File.readIfPresent("/proc/net/route") ?? [], as: UTF8.self)
        }
        let devices = Set(all.map { "device \($0.device)" })
        return ours + HostSubnets.parse(route: text).filter { !devices.contains($0.holder) }
    }

    /// It has no members any more.
    func remove(_ network: NetworkDefinition, _ core: EngineCore) async throws(EngineError) {
        try await core.store.deleteNetwork(network.id)
        definitions.withLock { $0[network.id] = nil }
        // What stays of it on the host harms nobody, and goes at the next change of rules or at the next boot.
        do throws(EngineError) {
            if hasRules { try await applyRules(core) }
            if network.driver == .bridge {
                let device = network.device
                try await Blocking.run { () throws(EngineError) in
                    try attempt { () throws(SystemError) in try NetworkNamespace.removeBridge(device) }
                }
            }
        } catch { core.logger.warning("network \(network.name): \(error)") }
        await names.forget(network, core)
        core.discard("\(paths.leases)/\(network.id)")
    }

    private let ruled = Mutex(false)
    private var hasRules: Bool { ruled.withLock { $0 } }

    private func applyRules(_ core: EngineCore) async throws(EngineError) {
        let chain = paths.tag.map { "QUELL-\($0)" } ?? "QUELL"
        try await filter.apply(HostRules(chain: chain, networks: all), core)
        ruled.withLock { $0 = true }
    }

    /// As it can be used now. Another engine, or the host's owner, may have taken the subnet that was chosen before there was a
    /// device; then another one is chosen. One that was asked for is an error.
    func settled(_ network: NetworkDefinition, _ core: EngineCore) async throws(EngineError) -> NetworkDefinition {
        guard network.driver == .bridge, !Recovery.exists("/sys/class/net/\(network.device)") else { return network }
        guard let place = await creating.enter(within: .seconds(20)) else {
            throw .timedOut("networks are being created since 20s")
        }
        defer { place.leave() }
        guard var settled = withID(network.id) else { throw .notFound(kind: "network", name: network.name) }
        let used = try usedSubnets(besides: network.id)
        for (index, pool) in settled.pools.enumerated() {
            guard let other = used.first(where: { $0.subnet.overlaps(pool.subnet) }) else { continue }
            guard pool.isChosen, pool.subnet.family == .v4 else {
                throw .conflict(
                    "subnet \(pool.subnet) of network \(network.name) overlaps \(other.subnet) of \(other.holder)")
            }
            do throws(NetworkFault) { settled.pools[index] = try NetworkPlan.freePool(besides: used) } catch {
                throw .conflict(error.description)
            }
        }
        if settled == network { return network }
        try await core.store.replace(settled)
        let definition = settled
        definitions.withLock { $0[definition.id] = definition }
        return definition
    }

    // MARK: members

    /// Of each container: the last change of its networks that goes on, or waits for those before it.
    private let turns = Mutex<[String: Promise<Void>]>([:])

    /// Changes of one container's networks come one after the other: what ends must not meet a network that is being added.
    private func inTurn<Value, Failure: Error>(
        _ id: String, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let done = Promise<Void>()
        let before = turns.withLock { turns in
            defer { turns[id] = done }
            return turns[id]
        }
        await before?.value()
        defer {
            done.resolve(())
            turns.withLock { if $0[id] === done { $0[id] = nil } }
        }
        return try await body()
    }

    /// Ports of those that have ended are free when their rules are gone.
    func waitForLeavers(with wishes: [PortWish], besides id: String) async {
        for holder in ports.holders(of: wishes, besides: id) {
            await turns.withLock { $0[holder] }?.value()
        }
    }

    /// Containers that are about to give something back, or to take it: what they had may be free when they are done.
    func changes(besides id: String) -> [Promise<Void>] {
        turns.withLock { turns in turns.filter { $0.key != id }.map(\.value) }
    }

    /// A namespace with a device in each network, in order. On failure what was done is taken back by `leave`.
    func join(
        _ plans: [EndpointPlan], container id: String, _ core: EngineCore
    ) async throws(EngineError) -> [CNIResult] {
        let (record, namespace) = (paths.networkRecord(id), paths.networkNamespace(id))
        let text = try NetworkTable.encode(plans)
        try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in
                // First: whoever finds it after a crash takes everything back.
                try Container.write(Array(text.utf8), to: record)
                try NetworkNamespace.make(at: namespace)
            }
        }
        if plans.contains(where: { $0.network.driver == .bridge }) { try await applyRules(core) }
        var results: [CNIResult] = []
        for plan in plans { results.append(try await add(plan, container: id, namespace, core)) }
        return results
    }

    private func add(
        _ plan: EndpointPlan, container id: String, _ namespace: String, _ core: EngineCore
    ) async throws(EngineError) -> CNIResult {
        try await keepReserved(plan.network)
        let device = try NetworkTable.call { try plan.device(leases: paths.leases) }
        let added: CNIResult?
        do throws(EngineError) {
            added = try await plugins.run(
                .add, device, container: id, interface: plan.interface, namespace: namespace,
                lock: paths.pluginLock(id), core)
        } catch { throw await explained(error, plan, core) }
        guard let result = added else { throw .system("network plugin \(device.plugin) gave no result") }
        if let ports = try NetworkTable.call({ try plan.publication(after: result) }) {
            try await plugins.run(
                .add, ports, container: id, interface: plan.interface, namespace: namespace,
                lock: paths.pluginLock(id), core)
        }
        return result
    }

    /// Who has the address that was asked for, or all of them: a file for each address names the container.
    private func explained(_ error: EngineError, _ plan: EndpointPlan, _ core: EngineCore) async -> EngineError {
        let directory = "\(paths.leases)/\(plan.network.id)"
        do throws(EngineError) {
            let held = try await Blocking.run { () throws(EngineError) in
                try attempt { () throws(SystemError) in try Leases.read(directory) }
            }
            return Leases.explain(error, plan, held: held) { core.name(of: $0) }
        } catch { return error }
    }

    /// The plugin gives no address that has a file in its directory.
    private func keepReserved(_ network: NetworkDefinition) async throws(EngineError) {
        let addresses = network.pools.flatMap(\.reserved.values)
        if addresses.isEmpty { return }
        let directory = "\(paths.leases)/\(network.id)"
        try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in
                try File.makeDirectories(directory, mode: 0o700)
                for address in addresses {
                    try Container.write(Array(Leases.reserved.utf8), to: "\(directory)/\(address)")
                }
            }
        }
    }

    /// Takes back whatever the container has: devices, addresses, published ports, the namespace. What fails stays on record, and
    /// is tried again by the next start of the container and of the engine.
    func leave(_ id: String, _ core: EngineCore) async {
        await inTurn(id) { await leaveNow(id, core) }
    }

    private func leaveNow(_ id: String, _ core: EngineCore) async {
        let (record, namespace) = (paths.networkRecord(id), paths.networkNamespace(id))
        guard Recovery.exists(record) else { return ports.release(id) }
        let lock = paths.pluginLock(id)
        do throws(EngineError) {
            try await waitForPlugins(of: id, core)
            let bytes = try attempt { () throws(SystemError) in try File.readIfPresent(record) } ?? []
            for plan in NetworkTable.plans(String(decoding: bytes, as: UTF8.self)).reversed() {
                try await delete(plan, container: id, namespace, core)
            }
            try await Blocking.run(.clearing) { () throws(EngineError) in
                try attempt { () throws(SystemError) in
                    try NetworkNamespace.remove(at: namespace)
                    try File.unlink(lock)
                    try File.unlink(record)
                }
            }
        } catch { core.logger.error("container \(id): its networks are not given back: \(error)") }
        ports.release(id)
    }

    /// Those of an engine that was killed, or killed for their slowness: what they still do would not be taken back.
    private func waitForPlugins(of id: String, _ core: EngineCore) async throws(EngineError) {
        let lock = paths.pluginLock(id)
        try await Blocking.run("waiting for network plugins that still run", within: .seconds(30), on: core.reactor) {
            () throws(EngineError) in
            try attempt { () throws(SystemError) in try FileLock.wait(for: lock) }
        }
    }

    private func delete(
        _ plan: EndpointPlan, container id: String, _ namespace: String, _ core: EngineCore
    ) async throws(EngineError) {
        if let call = try NetworkTable.call({ try plan.publication(after: nil) }) {
            try await plugins.run(
                .delete, call, container: id, interface: plan.interface, namespace: namespace,
                lock: paths.pluginLock(id), core)
        }
        let call = try NetworkTable.call { try plan.device(leases: paths.leases) }
        try await plugins.run(
            .delete, call, container: id, interface: plan.interface, namespace: namespace,
            lock: paths.pluginLock(id), core)
    }

    /// One network more for a container that runs.
    func connect(
        _ network: NetworkDefinition, _ wish: EndpointWish, container id: String, _ core: EngineCore
    ) async throws(EngineError) -> Endpoint {
        let (record, namespace) = (paths.networkRecord(id), paths.networkNamespace(id))
        return try await inTurn(id) { () async throws(EngineError) in
            guard var plans = try await recordedPlans(id) else {
                throw .conflict("container \(core.name(of: id)) has ended meanwhile")
            }
            let free =
                (0...plans.count).first { number in !plans.contains { $0.interface == "eth\(number)" } } ?? plans.count
            let plan = EndpointPlan(
                network: network, interface: "eth\(free)", macAddress: wish.macAddress, addresses: wish.addresses)
            plans.append(plan)
            try await write(plans, to: record)
            do throws(EngineError) {
                if network.driver == .bridge { try await applyRules(core) }
                return Endpoint(plan, try await add(plan, container: id, namespace, core))
            } catch {
                try await takeOut(network.id, container: id, core)
                throw error
            }
        }
    }

    /// Takes a container that runs out of one of its networks, by id.
    func disconnect(_ network: String, container id: String, _ core: EngineCore) async throws(EngineError) {
        try await inTurn(id) { () async throws(EngineError) in try await takeOut(network, container: id, core) }
    }

    private func takeOut(_ network: String, container id: String, _ core: EngineCore) async throws(EngineError) {
        // Else it has ended meanwhile: everything was given back.
        guard var plans = try await recordedPlans(id) else { return }
        for index in plans.indices where plans[index].network.id == network { plans[index].isLeaving = true }
        try await write(plans, to: paths.networkRecord(id))
        for plan in plans where plan.isLeaving {
            try await delete(plan, container: id, paths.networkNamespace(id), core)
        }
        plans.removeAll { $0.network.id == network }
        try await write(plans, to: paths.networkRecord(id))
    }

    /// Of a container that was found running: the networks it is in, by id. What a crash cut short is taken back: those that it does
    /// not name, in the midst of `connect`; those that were leaving, in the midst of `disconnect`.
    func settle(_ id: String, naming named: Set<String>, _ core: EngineCore) async throws(EngineError) -> Set<String> {
        try await inTurn(id) { () async throws(EngineError) in
            let plans = try await recordedPlans(id) ?? []
            let strange = plans.filter { $0.isLeaving || !named.contains($0.network.id) }.map(\.network.id)
            if !strange.isEmpty { try await waitForPlugins(of: id, core) }
            for network in strange { try await takeOut(network, container: id, core) }
            return Set(plans.map(\.network.id)).subtracting(strange)
        }
    }

    /// Nil: it has nothing of networks.
    private func recordedPlans(_ id: String) async throws(EngineError) -> [EndpointPlan]? {
        let path = paths.networkRecord(id)
        let bytes = try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in try File.readIfPresent(path) }
        }
        return bytes.map { NetworkTable.plans(String(decoding: $0, as: UTF8.self)) }
    }

    private func write(_ plans: [EndpointPlan], to record: String) async throws(EngineError) {
        let text = try NetworkTable.encode(plans)
        try await Blocking.run { () throws(EngineError) in
            // Whole or not at all: a crash must not lose those before.
            try attempt { () throws(SystemError) in try DurableFile.write(Array(text.utf8), to: record) }
        }
    }

    /// Containers that have something of a network, or had when a crash came.
    func recorded() throws(EngineError) -> [String] {
        try attempt { () throws(SystemError) in try Recovery.names(in: paths.networkRecords) }
    }

    /// Cut short by a crash before anything was done: nothing.
    private static func plans(_ text: String) -> [EndpointPlan] {
        do { return try Store.decode([EndpointPlan].self, text) } catch { return [] }
    }

    private static func encode(_ plans: [EndpointPlan]) throws(EngineError) -> String {
        do { return try Store.encode(plans) } catch { throw .system("\(error)") }
    }

    private static func call<Value>(_ body: () throws -> Value) throws(EngineError) -> Value {
        do { return try body() } catch { throw .system("\(error)") }
    }
}

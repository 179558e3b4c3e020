import APITypes
import Images
import Lifecycle
import Linux
import Logging
import Networks

/// The creation of a container.
struct Creation {
    private let core: EngineCore

    init(_ core: EngineCore) { self.core = core }

    func create(_ asked: ContainerCreateRequest, name: String?) async throws(EngineError) -> ContainerCreateResponse {
        let (request, warning) = core.namingNetwork(in: asked)
        try CreateChecks.refuseUnsupported(request)
        let wanted = try name.flatMap { $0.isEmpty ? nil : $0 }.map(ContainerName.check)
        let image = try image(request.config.image)
        var host = request.hostConfig ?? HostConfig()
        var config = try ConfigMerge.merged(request.config, image.configuration.config, host)
        let id = Identifier.random()
        let (command, namespaces) = (try ConfigMerge.command(config), try self.namespaces(host))
        normalise(&host, namespaces)
        if (config.hostname ?? "").isEmpty { config.hostname = try hostname(namespaces.network, id) }
        let mounts = try MountParsing.plans(
            config: config, host: host, inherited: try inherited(host.volumesFrom ?? []), newName: Identifier.random)
        let networks = EndpointRequest(core: core, config: config, host: host, networking: request.networkingConfig)
        var document = ContainerDocument(
            id: id, created: WallTime.now().nanosecondsSince1970, config: config, host: host,
            imageID: image.id.description, namespaces: namespaces, mounts: mounts, command: command)
        (document.endpoints, document.ports) = (try networks.wishes(), try networks.ports())
        try check(document)
        try await core.refuseHeld(mounts)
        for plan in mounts where plan.kind == .bind && !plan.createsSource {
            _ = try await BindSource.check(plan, core)
        }
        // Who wants its streams is about to start it.
        if request.config.attachStdin || request.config.attachStdout || request.config.attachStderr {
            core.expectMoves()
        }
        let taken = try reserve(wanted, for: id)
        do throws(EngineError) {
            try await establish(ContainerRow(id: id, name: taken, document: document, state: RunState()))
        } catch {
            core.registry.release(taken, of: id)
            throw error
        }
        var response = ContainerCreateResponse()
        (response.id, response.warnings) = (id, warnings(host) + (warning.map { [$0] } ?? []))
        return response
    }

    private func image(_ reference: String) throws(EngineError) -> Image {
        guard !reference.isEmpty else { throw .invalid("no image was named") }
        do throws(ImageError) { return try core.images.image(reference) } catch { throw EngineError(error) }
    }

    /// Everything that would make each start fail is refused now.
    private func check(_ document: ContainerDocument) throws(EngineError) {
        let (host, config) = (document.host, document.config)
        for driver in Set((document.endpoints ?? []).compactMap { core.networks.withID($0.network)?.driver }) {
            if let fault = core.fault(of: driver) { throw .system(fault) }
        }
        _ = try core.runtime(host.runtime)
        _ = try core.initPath(host)
        _ = try StopDefaults(config: config, engine: core.configuration)
        _ = try RestartRule(host.restartPolicy)
        _ = try SecurityOptions(host.securityOpt ?? [])
        _ = try Capabilities.effective(host, held: core.facts.capabilities)
        _ = try LogConfiguration.make(host.logConfig, path: "", defaults: core.configuration.logOptions)
        _ = try Spec.memory(host, core.facts)
        _ = try Spec.processor(host, core.facts)
        if let directory = config.workingDir, !directory.isEmpty, !directory.hasPrefix("/") {
            throw .invalid("the working directory '\(directory)' is invalid, it needs to be an absolute path")
        }
        if let name = config.hostname, name.utf8.count > 63 {
            throw .invalid("invalid hostname \(name): longer than 63 bytes")
        }
        let forced = (host.mounts ?? []).contains { $0.bindOptions?.readOnlyForceRecursive == true }
        guard !forced || core.facts.mountsReadOnlyRecursively else {
            throw .unsupported("ReadOnlyForceRecursive needs Linux 5.12; this is \(core.facts.kernelRelease)")
        }
        guard (-1000...1000).contains(host.oomScoreAdj) else {
            throw .invalid("Invalid value \(host.oomScoreAdj), range for oom score adj is [-1000, 1000]")
        }
    }

    private func reserve(_ wanted: String?, for id: String) throws(EngineError) -> String {
        if let wanted {
            let (taken, holder) = core.registry.reserve(wanted, for: id)
            if taken { return wanted }
            throw .conflict(
                "Conflict. The container name \"/\(wanted)\" is already in use by container \"\(holder)\". You have to remove (or rename) that container to be able to reuse that name."
            )
        }
        for attempt in 0..<100 {
            let name = ContainerName.random(attempt: attempt)
            if core.registry.reserve(name, for: id).taken { return name }
        }
        throw .system("no free name was found")
    }

    /// Volumes, row, directories: in this order, so that whatever a crash leaves is found by the next engine.
    private func establish(_ row: ContainerRow) async throws(EngineError) {
        for plan in row.document.mounts where plan.kind == .volume {
            try await core.volumes.ensure(plan, core)
        }
        let container = try Container(row, .created, core: core)
        try await core.store.insert(row, durable: !row.document.host.autoRemove)
        core.registry.add(container)
        do throws(EngineError) { try await container.makeDirectories() } catch {
            do throws(EngineError) { try await container.remove(force: true, volumes: true) } catch {
                core.logger.error("\(error)")
            }
            throw error
        }
        await container.post("create")
    }

    private func warnings(_ host: HostConfig) -> [String] {
        var list: [String] = []
        if (host.memory ?? 0) > 0, !core.facts.limitsSwap, (host.memorySwap ?? 0) != 0 {
            list.append(
                "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap."
            )
        }
        if host.oomKillDisable == true, core.facts.isUnified {
            list.append("The OOM killer cannot be disabled on cgroup v2; the option was ignored.")
        }
        return list
    }

    // MARK: namespaces and inherited mounts

    private func namespaces(_ host: HostConfig) throws(EngineError) -> NamespaceModes {
        var modes = NamespaceModes()
        let network = host.networkMode ?? ""
        // The others are networks by name.
        if EndpointRequest.isPlain(network) {
            modes.network = try mode(network, "network", known: ["", "default", "none", "host"])
        }
        modes.pid = try mode(host.pidMode, "PID", known: ["", "private", "host"])
        modes.ipc = try mode(host.ipcMode, "IPC", known: ["", "private", "shareable", "none", "host"])
        modes.uts = try mode(host.utsMode, "UTS", known: ["", "private", "host"])
        if case .shared = modes.uts { throw .invalid("invalid UTS mode: \(host.utsMode ?? "")") }
        modes.cgroup = try mode(
            host.cgroupnsMode.flatMap { $0.isEmpty ? nil : $0 }
                ?? (core.facts.isUnified && !host.privileged ? "private" : "host"),
            "cgroup namespace", known: ["private", "host"])
        return modes
    }

    private func mode(_ text: String?, _ kind: String, known: [String]) throws(EngineError) -> NamespaceModes.Mode {
        let text = text ?? ""
        if text == "host" { return .host }
        if text == "none", kind == "IPC" { return .none }
        if known.contains(text) { return .own }
        guard text.hasPrefix("container:") else { throw .invalid("invalid \(kind) mode: \(text)") }
        let reference = String(text.dropFirst("container:".count))
        guard !reference.isEmpty else { throw .invalid("invalid \(kind) mode: \(text)") }
        return .shared(try core.container(reference).id)
    }

    /// As `inspect` shows it: modes with full ids, defaults by name.
    private func normalise(_ host: inout HostConfig, _ modes: NamespaceModes) {
        if let id = modes.network.sharedID { host.networkMode = "container:" + id }
        if let id = modes.pid.sharedID { host.pidMode = "container:" + id }
        if let id = modes.ipc.sharedID { host.ipcMode = "container:" + id }
        if (host.ipcMode ?? "").isEmpty { host.ipcMode = "private" }
        if let memory = host.memory, memory > 0, (host.memorySwap ?? 0) == 0 {
            host.memorySwap = memory.saturatingSum(memory)
        }
        if (host.runtime ?? "").isEmpty { host.runtime = core.configuration.defaultRuntime }
        if (host.logConfig?.type ?? "").isEmpty {
            var log = LogConfig()
            (log.type, log.config) = ("json-file", host.logConfig?.config)
            host.logConfig = log
        }
        if host.restartPolicy == nil || host.restartPolicy?.name == "" {
            var policy = RestartPolicy()
            policy.name = "no"
            host.restartPolicy = policy
        }
        if (host.shmSize ?? 0) <= 0 { host.shmSize = Int(core.configuration.shmSize) }
        if host.maskedPaths == nil, !host.privileged { host.maskedPaths = Spec.maskedPaths }
        if host.readonlyPaths == nil, !host.privileged { host.readonlyPaths = Spec.readonlyPaths }
    }

    /// Of one that was given none: with a network of somebody else's, his.
    private func hostname(_ network: NamespaceModes.Mode, _ id: String) throws(EngineError) -> String {
        switch network {
        case .own, .none: String(id.prefix(12))
        case .host: try attempt { () throws(SystemError) in try Host.kernel().hostname }
        case .shared(let other): Spec.hostname(of: try core.container(other).snapshot.document)
        }
    }

    private func inherited(_ from: [String]) throws(EngineError) -> [MountPlan] {
        var plans: [MountPlan] = []
        for text in from {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            let mode = parts.count == 2 ? parts[1] : "rw"
            guard let reference = parts.first, ["ro", "rw", "z", "Z"].contains(mode) else {
                throw .invalid("invalid volumes-from: \"\(text)\"")
            }
            for var plan in try core.container(reference).snapshot.document.mounts where plan.kind != .tmpfs {
                if mode == "ro" { plan.readOnly = true }
                // The volume is the other container's: it does not go with this one.
                plan.anonymous = false
                plans.append(plan)
            }
        }
        return plans
    }
}

extension Container {
    func makeDirectories() async throws(EngineError) {
        let paths = paths
        try await core.onDisk("make the container's directory") { () throws(SystemError) in
            try File.makeDirectories(paths.data, mode: 0o710)
        }
    }
}

import APITypes
import Lifecycle
import Linux

extension Container {
    func rename(to new: String) async throws(EngineError) {
        try checkNotQuarantined(before: "rename")
        guard machine.state != .removing else { throw .conflict("container \(name) is marked for removal") }
        guard new != name else { throw .invalid("Renaming a container with the same name as its current name") }
        // One after another: the last that is recorded must be the last that is known here.
        guard !isRenaming else { throw .conflict("container \(name) is just being renamed") }
        isRenaming = true
        defer { isRenaming = false }
        let (taken, holder) = core.registry.reserve(new, for: id)
        guard taken else {
            throw .conflict(
                "Conflict. The container name \"/\(new)\" is already in use by container \"\(holder)\". You have to remove (or rename) that container to be able to reuse that name."
            )
        }
        do throws(EngineError) { try await core.store.rename(id, from: name, to: new) } catch {
            core.registry.release(new, of: id)
            throw error
        }
        let old = name
        name = new
        core.registry.release(old, of: id)
        publish()
        post("rename", ["oldName": "/" + old])
        for endpoint in state.endpoints ?? [] { await core.publishNames(in: endpoint.network) }
    }

    /// Checks, applies to the living cgroup, then records.
    func update(_ update: ContainerUpdateRequest) async throws(EngineError) -> ContainerUpdateResponse {
        try checkNotQuarantined(before: "update")
        guard machine.state != .removing else { throw .conflict("container \(name) is marked for removal") }
        var changed = document
        changed.host = try UpdatedLimits.merge(update, into: document.host)
        _ = try Spec.memory(changed.host, core.facts)
        _ = try Spec.processor(changed.host, core.facts)
        let newRule = try RestartRule(changed.host.restartPolicy)
        if newRule.kind != .no, changed.host.autoRemove {
            throw .conflict("Restart policy cannot be updated because AutoRemove is enabled for the container")
        }
        if machine.isActive, machine.state != .starting { try await apply(UpdatedLimits.limits(update, changed.host)) }
        try await core.store.save(changed, insteadOf: document)
        (document, rule) = (changed, newRule)
        publish()
        post("update")
        return ContainerUpdateResponse()
    }

    private func apply(_ limits: CgroupLimits) async throws(EngineError) {
        let (cgroup, name) = (core.cgroup(id), name)
        try await Blocking.run { () throws(EngineError) in
            try attempt("Cannot update container \(name)") { () throws(SystemError) in try cgroup.apply(limits) }
        }
    }
}

/// `update` by Docker's rules: what is 0 or missing stays.
enum UpdatedLimits {
    static func merge(_ update: ContainerUpdateRequest, into old: HostConfig) throws(EngineError) -> HostConfig {
        try check(update)
        var host = old
        func pick(_ new: Int?, _ old: Int?) -> Int? { (new ?? 0) != 0 ? new : old }
        func pick(_ new: String?, _ old: String?) -> String? { (new ?? "").isEmpty ? old : new }
        host.memory = pick(update.memory, old.memory)
        host.memorySwap = pick(update.memorySwap, old.memorySwap)
        host.memoryReservation = pick(update.memoryReservation, old.memoryReservation)
        host.cpuShares = pick(update.cpuShares, old.cpuShares)
        host.cpuPeriod = pick(update.cpuPeriod, old.cpuPeriod)
        host.cpuQuota = pick(update.cpuQuota, old.cpuQuota)
        host.nanoCpus = pick(update.nanoCpus, old.nanoCpus)
        host.cpusetCpus = pick(update.cpusetCpus, old.cpusetCpus)
        host.cpusetMems = pick(update.cpusetMems, old.cpusetMems)
        host.pidsLimit = pick(update.pidsLimit, old.pidsLimit)
        if let policy = update.restartPolicy, !policy.name.isEmpty { host.restartPolicy = policy }
        if (update.cpuRealtimePeriod ?? 0) != 0 || (update.cpuRealtimeRuntime ?? 0) != 0 {
            throw .unsupported("--cpu-rt-period and --cpu-rt-runtime are not there")
        }
        try refuseFixed(update, old)
        return host
    }

    /// What the API allows in an update and Docker overlooks: it stays as it was at creation.
    private static func refuseFixed(_ update: ContainerUpdateRequest, _ old: HostConfig) throws(EngineError) {
        let throttles = [
            update.blkioDeviceReadBps, update.blkioDeviceWriteBps, update.blkioDeviceReadIOps,
            update.blkioDeviceWriteIOps,
        ]
        let given: [(String, Bool)] = [
            ("BlkioWeight", (update.blkioWeight ?? 0) != 0),
            ("BlkioWeightDevice and the limits by device", !(update.blkioWeightDevice ?? []).isEmpty),
            ("BlkioWeightDevice and the limits by device", throttles.contains { !($0 ?? []).isEmpty }),
            ("CgroupParent", !(update.cgroupParent ?? "").isEmpty),
            ("Devices", !(update.devices ?? []).isEmpty),
            ("DeviceCgroupRules", !(update.deviceCgroupRules ?? []).isEmpty),
            ("DeviceRequests", !(update.deviceRequests ?? []).isEmpty), ("Ulimits", !(update.ulimits ?? []).isEmpty),
            ("Init", update.initProcess.map { $0 != (old.initProcess ?? false) } ?? false),
            ("OomKillDisable", update.oomKillDisable.map { $0 != (old.oomKillDisable ?? false) } ?? false),
            ("MemorySwappiness", update.memorySwappiness.map { $0 != -1 && $0 != old.memorySwappiness } ?? false),
            ("KernelMemoryTCP", (update.kernelMemoryTCP ?? 0) > 0), ("CpuCount", (update.cpuCount ?? 0) != 0),
            ("CpuPercent", (update.cpuPercent ?? 0) != 0), ("IOMaximumIOps", (update.ioMaximumIOps ?? 0) != 0),
            ("IOMaximumBandwidth", (update.ioMaximumBandwidth ?? 0) != 0),
        ]
        if let (name, _) = given.first(where: \.1) {
            throw .unsupported("updating \(name) is not there: make a new container")
        }
    }

    private static func check(_ update: ContainerUpdateRequest) throws(EngineError) {
        var named = HostConfig()
        (named.memory, named.memorySwap) = (update.memory, update.memorySwap)
        (named.memoryReservation, named.cpuShares) = (update.memoryReservation, update.cpuShares)
        (named.cpuPeriod, named.cpuQuota, named.nanoCpus) = (update.cpuPeriod, update.cpuQuota, update.nanoCpus)
        try NumberChecks.check(named)
    }

    /// Of what the update names; values that only stay are not written again.
    static func limits(_ update: ContainerUpdateRequest, _ host: HostConfig) -> CgroupLimits {
        var limits = CgroupLimits()
        func named(_ value: Int?) -> Int64? { (value ?? 0) != 0 ? value.map { Int64($0) } : nil }
        limits.memoryBytes = named(update.memory)
        limits.memoryAndSwapBytes = named(update.memorySwap)
        limits.memoryReservationBytes = named(update.memoryReservation)
        limits.shares = named(update.cpuShares).map { UInt64(clamping: max(2, $0)) }
        limits.quotaMicroseconds = named(update.cpuQuota)
        limits.periodMicroseconds = named(update.cpuPeriod).map { UInt64(clamping: $0) }
        if let nano = named(update.nanoCpus) {
            (limits.periodMicroseconds, limits.quotaMicroseconds) = (100_000, nano / 10_000)
        }
        limits.processors = (update.cpusetCpus ?? "").isEmpty ? nil : update.cpusetCpus
        limits.memoryNodes = (update.cpusetMems ?? "").isEmpty ? nil : update.cpusetMems
        limits.processes = named(update.pidsLimit)
        return limits
    }
}

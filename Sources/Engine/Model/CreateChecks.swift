import APITypes

/// What this engine cannot do is refused by name at creation, not overlooked; so are numbers that make no sense.
enum CreateChecks {
    static func refuseUnsupported(_ request: ContainerCreateRequest) throws(EngineError) {
        try NumberChecks.check(request)
        let host = request.hostConfig ?? HostConfig()
        if let mode = host.usernsMode, !mode.isEmpty, mode != "host" {
            throw .unsupported("user namespaces are not there yet (--userns \(mode))")
        }
        if !(host.links ?? []).isEmpty {
            throw .unsupported("links are not there: containers of a network of their own find each other by name")
        }
        if !(host.deviceRequests ?? []).isEmpty {
            throw .unsupported("device requests (--gpus) are not there yet: use --device")
        }
        if let driver = host.volumeDriver, !(host.binds ?? []).isEmpty || !(request.config.volumes ?? [:]).isEmpty {
            try VolumeDriver.check(driver)
        }
        if !(host.storageOpt ?? [:]).isEmpty { throw .unsupported("--storage-opt is not there yet") }
        if let isolation = host.isolation, !isolation.isEmpty, isolation != "default" {
            throw .invalid("invalid isolation (\(isolation)): only default")
        }
        if let parent = host.cgroupParent, !parent.isEmpty {
            throw .unsupported("--cgroup-parent is not there yet: the engine's own is a setting of quelld")
        }
        if (host.kernelMemoryTCP ?? 0) > 0 { throw .unsupported("--kernel-memory-tcp is not there") }
        try refuseOtherSystems(host)
        if let group = host.cgroup, !group.isEmpty {
            throw .unsupported("Cgroup \"\(group)\": joining a control group is not there")
        }
        if request.config.networkDisabled == true, let mode = host.networkMode,
            mode == "host" || mode.hasPrefix("container:")
        {
            throw .invalid("NetworkDisabled contradicts the network mode \(mode)")
        }
        try checkNetworkConflicts(request.config, host)
        try checkExtraHosts(host)
        try checkBlockLimits(host)
        try refusePlainSettings(request)
        try checkLog(host.logConfig)
        if host.autoRemove, let policy = host.restartPolicy?.name, !policy.isEmpty, policy != "no" {
            throw .invalid("can't create 'AutoRemove' container with restart policy")
        }
    }

    /// What belongs to a network or its names cannot be asked for where these are another's.
    private static func checkNetworkConflicts(_ config: ContainerConfig, _ host: HostConfig) throws(EngineError) {
        let names = !(config.hostname ?? "").isEmpty
        if host.utsMode == "host", names { throw .invalid("conflicting options: hostname and the UTS mode") }
        guard let mode = host.networkMode, mode.hasPrefix("container:") else { return }
        if names { throw .invalid("conflicting options: hostname and the network mode") }
        if !(host.dns ?? []).isEmpty { throw .invalid("conflicting options: dns and the network mode") }
        if !(host.extraHosts ?? []).isEmpty {
            throw .invalid("conflicting options: custom host-to-IP mapping and the network mode")
        }
        if !(config.exposedPorts ?? [:]).isEmpty {
            throw .invalid("conflicting options: port exposing and the container type network mode")
        }
    }

    /// Docker on Linux overlooks them.
    private static func refuseOtherSystems(_ host: HostConfig) throws(EngineError) {
        let numbers = [
            ("CpuCount", host.cpuCount ?? 0), ("CpuPercent", host.cpuPercent ?? 0),
            ("IOMaximumIOps", Int(clamping: host.ioMaximumIOps ?? 0)),
            ("IOMaximumBandwidth", Int(clamping: host.ioMaximumBandwidth ?? 0)),
        ]
        for (name, number) in numbers where number != 0 {
            throw .unsupported("\(name): only Windows has it")
        }
    }

    /// `name:address`
    private static func checkExtraHosts(_ host: HostConfig) throws(EngineError) {
        for entry in host.extraHosts ?? [] {
            let parts = entry.split(separator: entry.contains("=") ? "=" : ":", maxSplits: 1)
            guard parts.count == 2 else { throw .invalid("bad format for add-host: \"\(entry)\"") }
            if parts[1] == "host-gateway" {
                throw .unsupported("--add-host \(entry): host-gateway needs a bridge network, which is not there yet")
            }
        }
    }

    private static func checkBlockLimits(_ host: HostConfig) throws(EngineError) {
        let lists = [
            host.blkioDeviceReadBps, host.blkioDeviceWriteBps, host.blkioDeviceReadIOps, host.blkioDeviceWriteIOps,
        ]
        for path in lists.flatMap({ ($0 ?? []).map(\.path) }) + (host.blkioWeightDevice ?? []).map(\.path)
        where !path.hasPrefix("/") || path.utf8.contains(0) {
            throw .invalid("bad device path: \"\(path)\" is not absolute")
        }
        for device in host.blkioWeightDevice ?? [] where !(10...1000).contains(device.weight) {
            throw .invalid("Range of blkio weight is from 10 to 1000: \(device.weight) of \(device.path)")
        }
        if (host.cpuRealtimePeriod ?? 0) != 0 || (host.cpuRealtimeRuntime ?? 0) != 0 {
            throw .unsupported("--cpu-rt-period and --cpu-rt-runtime are not there")
        }
    }

    /// Networks without a device of their own have nothing to set.
    private static func refusePlainSettings(_ request: ContainerCreateRequest) throws(EngineError) {
        let mode = request.hostConfig?.networkMode ?? ""
        guard EndpointRequest.isPlain(mode) else { return }
        for (name, endpoint) in request.networkingConfig?.endpointsConfig ?? [:] where EndpointRequest.isPlain(name) {
            try refuseSettings(endpoint, of: name)
        }
        let bound = (request.hostConfig?.portBindings ?? [:]).values.contains { !($0 ?? []).isEmpty }
        if bound || request.hostConfig?.publishAllPorts == true {
            // Docker drops them in silence.
            throw .invalid(
                "ports cannot be published with --network \(mode.isEmpty ? "none" : mode): use --network bridge")
        }
        if let address = request.config.macAddress, !address.isEmpty {
            throw .invalid("conflicting options: mac-address and the network mode \(mode.isEmpty ? "none" : mode)")
        }
    }

    private static func refuseSettings(_ endpoint: EndpointSettings, of network: String) throws(EngineError) {
        let ipam = endpoint.ipamConfig
        let addresses = [ipam?.ipv4Address, ipam?.ipv6Address, endpoint.ipAddress, endpoint.globalIPv6Address]
        guard addresses.allSatisfy({ ($0 ?? "").isEmpty }), (ipam?.linkLocalIPs ?? []).isEmpty else {
            throw .invalid("user specified IP address is supported on user defined networks only (\(network))")
        }
        guard (endpoint.aliases ?? []).isEmpty, (endpoint.links ?? []).isEmpty else {
            throw .invalid("network-scoped aliases are only supported for user-defined networks (\(network))")
        }
        guard (endpoint.macAddress ?? "").isEmpty, (endpoint.driverOpts ?? [:]).isEmpty else {
            throw .invalid("network \(network) has no device: MacAddress and DriverOpts need another")
        }
    }

    static let logOptions: Set<String> = [
        "max-size", "max-file", "mode", "labels", "labels-regex", "env", "env-regex", "tag", "compress",
        "max-buffer-size",
    ]

    private static func checkLog(_ log: LogConfig?) throws(EngineError) {
        let type = log?.type ?? ""
        guard ["", "json-file", "none"].contains(type) else {
            // Docker's words, which clients look for.
            throw .invalid("logger: no log driver named '\(type)' is registered")
        }
        for key in (log?.config ?? [:]).keys where !logOptions.contains(key) {
            throw .invalid("unknown log opt '\(key)' for json-file log driver")
        }
        if log?.config?["compress"] == "true" { throw .unsupported("log-opt compress is not there yet") }
    }
}

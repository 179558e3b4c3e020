import APITypes

// Docker answers with every member, set or not, and clients index them without looking.

extension ContainerInspect {
    func complete() -> ContainerInspect {
        var view = self
        (view.hostConfig, view.config) = (hostConfig.complete, config.complete)
        view.execIDs = execIDs ?? []
        for (name, endpoint) in networkSettings.networks {
            view.networkSettings.networks[name] = endpoint.complete(id: BuiltInNetwork(rawValue: name)?.id)
        }
        return view
    }
}

extension HostConfig {
    fileprivate var complete: HostConfig {
        var host = self
        host.completeLists()
        host.completeTexts()
        host.completeNumbers()
        return host
    }

    private mutating func completeLists() {
        fill(\.binds, \.volumesFrom, \.capAdd, \.capDrop, \.dns, \.dnsOptions, \.dnsSearch, \.extraHosts)
        fill(\.groupAdd, \.links, \.securityOpt, \.maskedPaths, \.readonlyPaths, \.deviceCgroupRules)
        portBindings = portBindings ?? [:]
        blkioWeightDevice = blkioWeightDevice ?? []
        for list in [
            \HostConfig.blkioDeviceReadBps, \.blkioDeviceWriteBps, \.blkioDeviceReadIOps, \.blkioDeviceWriteIOps,
        ] { self[keyPath: list] = self[keyPath: list] ?? [] }
        (devices, deviceRequests, ulimits) = (devices ?? [], deviceRequests ?? [], ulimits ?? [])
        consoleSize = consoleSize ?? [0, 0]
    }

    private mutating func completeTexts() {
        for text in [
            \HostConfig.containerIDFile, \.cgroup, \.cgroupnsMode, \.utsMode, \.usernsMode, \.volumeDriver, \.pidMode,
            \.isolation, \.cgroupParent, \.cpusetCpus, \.cpusetMems,
        ] { self[keyPath: text] = self[keyPath: text] ?? "" }
    }

    private mutating func completeNumbers() {
        for number in [
            \HostConfig.cpuShares, \.memory, \.nanoCpus, \.blkioWeight, \.cpuPeriod, \.cpuQuota, \.cpuRealtimePeriod,
            \.cpuRealtimeRuntime, \.memoryReservation, \.memorySwap, \.cpuCount, \.cpuPercent,
        ] { self[keyPath: number] = self[keyPath: number] ?? 0 }
        (ioMaximumIOps, ioMaximumBandwidth) = (ioMaximumIOps ?? 0, ioMaximumBandwidth ?? 0)
        oomKillDisable = oomKillDisable ?? false
        // No limit, and the kernel's own value: as if nobody had said so.
        if let limit = pidsLimit, limit <= 0 { pidsLimit = nil }
        if memorySwappiness == -1 { memorySwappiness = nil }
    }

    private mutating func fill(_ lists: WritableKeyPath<HostConfig, [String]?>...) {
        for list in lists { self[keyPath: list] = self[keyPath: list] ?? [] }
    }
}

extension ContainerConfig {
    fileprivate var complete: ContainerConfig {
        var config = self
        (config.domainname, config.user) = (domainname ?? "", user ?? "")
        (config.env, config.cmd, config.entrypoint) = (env ?? [], cmd ?? [], entrypoint ?? [])
        (config.volumes, config.labels) = (volumes ?? [:], labels ?? [:])
        (config.workingDir, config.onBuild) = (workingDir ?? "", onBuild ?? [])
        return config
    }
}

extension EndpointSettings {
    fileprivate func complete(id: String?) -> EndpointSettings {
        var settings = self
        settings.networkID = networkID ?? id
        for text in [
            \EndpointSettings.macAddress, \.endpointID, \.gateway, \.ipAddress, \.ipv6Gateway, \.globalIPv6Address,
        ] { settings[keyPath: text] = settings[keyPath: text] ?? "" }
        for number in [\EndpointSettings.gwPriority, \.ipPrefixLen, \.globalIPv6PrefixLen] {
            settings[keyPath: number] = settings[keyPath: number] ?? 0
        }
        (settings.links, settings.aliases, settings.dnsNames) = (links ?? [], aliases ?? [], dnsNames ?? [])
        settings.driverOpts = driverOpts ?? [:]
        return settings
    }
}

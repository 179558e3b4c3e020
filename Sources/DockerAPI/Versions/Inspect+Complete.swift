import APITypes

// Docker answers with every member, set or not, and clients index them without looking.

extension ContainerInspect {
    mutating func complete() {
        hostConfig.complete()
        config.complete()
        fill(&execIDs, [])
        for name in networkSettings.networks.keys {
            networkSettings.networks[name]?.complete(id: BuiltInNetwork(rawValue: name)?.id)
        }
    }
}

/// In place: a copy of a host configuration is a hundred references.
private func fill<Value>(_ member: inout Value?, _ missing: @autoclosure () -> Value) {
    if member == nil { member = missing() }
}

extension HostConfig {
    fileprivate mutating func complete() {
        completeLists()
        completeTexts()
        completeNumbers()
    }

    private mutating func completeLists() {
        fill(&binds, [])
        fill(&volumesFrom, [])
        fill(&capAdd, [])
        fill(&capDrop, [])
        fill(&dns, [])
        fill(&dnsOptions, [])
        fill(&dnsSearch, [])
        fill(&extraHosts, [])
        fill(&groupAdd, [])
        fill(&links, [])
        fill(&securityOpt, [])
        fill(&maskedPaths, [])
        fill(&readonlyPaths, [])
        fill(&deviceCgroupRules, [])
        fill(&portBindings, [:])
        fill(&blkioWeightDevice, [])
        fill(&blkioDeviceReadBps, [])
        fill(&blkioDeviceWriteBps, [])
        fill(&blkioDeviceReadIOps, [])
        fill(&blkioDeviceWriteIOps, [])
        fill(&devices, [])
        fill(&deviceRequests, [])
        fill(&ulimits, [])
        fill(&consoleSize, [0, 0])
    }

    private mutating func completeTexts() {
        fill(&containerIDFile, "")
        fill(&cgroup, "")
        fill(&cgroupnsMode, "")
        fill(&utsMode, "")
        fill(&usernsMode, "")
        fill(&volumeDriver, "")
        fill(&pidMode, "")
        fill(&isolation, "")
        fill(&cgroupParent, "")
        fill(&cpusetCpus, "")
        fill(&cpusetMems, "")
    }

    private mutating func completeNumbers() {
        fill(&cpuShares, 0)
        fill(&memory, 0)
        fill(&nanoCpus, 0)
        fill(&blkioWeight, 0)
        fill(&cpuPeriod, 0)
        fill(&cpuQuota, 0)
        fill(&cpuRealtimePeriod, 0)
        fill(&cpuRealtimeRuntime, 0)
        fill(&memoryReservation, 0)
        fill(&memorySwap, 0)
        fill(&cpuCount, 0)
        fill(&cpuPercent, 0)
        fill(&ioMaximumIOps, 0)
        fill(&ioMaximumBandwidth, 0)
        fill(&oomKillDisable, false)
        // No limit, and the kernel's own value: as if nobody had said so.
        if let limit = pidsLimit, limit <= 0 { pidsLimit = nil }
        if memorySwappiness == -1 { memorySwappiness = nil }
    }
}

extension ContainerConfig {
    fileprivate mutating func complete() {
        fill(&domainname, "")
        fill(&user, "")
        fill(&env, [])
        fill(&cmd, [])
        fill(&entrypoint, [])
        fill(&volumes, [:])
        fill(&labels, [:])
        fill(&workingDir, "")
        fill(&onBuild, [])
    }
}

extension EndpointSettings {
    fileprivate mutating func complete(id: String?) {
        if networkID == nil { networkID = id }
        fill(&macAddress, "")
        fill(&endpointID, "")
        fill(&gateway, "")
        fill(&ipAddress, "")
        fill(&ipv6Gateway, "")
        fill(&globalIPv6Address, "")
        fill(&gwPriority, 0)
        fill(&ipPrefixLen, 0)
        fill(&globalIPv6PrefixLen, 0)
        fill(&links, [])
        fill(&aliases, [])
        fill(&dnsNames, [])
        fill(&driverOpts, [:])
    }
}

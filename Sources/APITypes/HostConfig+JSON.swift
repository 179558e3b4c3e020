extension HostConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Annotations", ifThere: annotations)
        writer.member("AutoRemove", autoRemove)
        writer.member("Binds", ifThere: binds)
        writer.member("BlkioDeviceReadBps", ifThere: blkioDeviceReadBps)
        writer.member("BlkioDeviceReadIOps", ifThere: blkioDeviceReadIOps)
        writer.member("BlkioDeviceWriteBps", ifThere: blkioDeviceWriteBps)
        writer.member("BlkioDeviceWriteIOps", ifThere: blkioDeviceWriteIOps)
        writer.member("BlkioWeight", ifThere: blkioWeight)
        writer.member("BlkioWeightDevice", ifThere: blkioWeightDevice)
        writer.member("CapAdd", ifThere: capAdd)
        writer.member("CapDrop", ifThere: capDrop)
        writer.member("Cgroup", ifThere: cgroup)
        writer.member("CgroupParent", ifThere: cgroupParent)
        writer.member("CgroupnsMode", ifThere: cgroupnsMode)
        writer.member("ConsoleSize", ifThere: consoleSize)
        writer.member("ContainerIDFile", ifThere: containerIDFile)
        writer.member("CpuCount", ifThere: cpuCount)
        writer.member("CpuPercent", ifThere: cpuPercent)
        writer.member("CpuPeriod", ifThere: cpuPeriod)
        writer.member("CpuQuota", ifThere: cpuQuota)
        writer.member("CpuRealtimePeriod", ifThere: cpuRealtimePeriod)
        writer.member("CpuRealtimeRuntime", ifThere: cpuRealtimeRuntime)
        writer.member("CpuShares", ifThere: cpuShares)
        writer.member("CpusetCpus", ifThere: cpusetCpus)
        writer.member("CpusetMems", ifThere: cpusetMems)
        writer.member("DeviceCgroupRules", ifThere: deviceCgroupRules)
        writer.member("DeviceRequests", ifThere: deviceRequests)
        writer.member("Devices", ifThere: devices)
        writer.member("Dns", ifThere: dns)
        writer.member("DnsOptions", ifThere: dnsOptions)
        writer.member("DnsSearch", ifThere: dnsSearch)
        writer.member("ExtraHosts", ifThere: extraHosts)
        writer.member("GroupAdd", ifThere: groupAdd)
        writer.member("IOMaximumBandwidth", ifThere: ioMaximumBandwidth)
        writer.member("IOMaximumIOps", ifThere: ioMaximumIOps)
        writer.member("Init", ifThere: initProcess)
        writer.member("IpcMode", ifThere: ipcMode)
        writer.member("Isolation", ifThere: isolation)
        writer.member("KernelMemoryTCP", ifThere: kernelMemoryTCP)
        writer.member("Links", ifThere: links)
        writer.member("LogConfig", ifThere: logConfig)
        writer.member("MaskedPaths", ifThere: maskedPaths)
        writer.member("Memory", ifThere: memory)
        writer.member("MemoryReservation", ifThere: memoryReservation)
        writer.member("MemorySwap", ifThere: memorySwap)
        writer.member("MemorySwappiness", ifThere: memorySwappiness)
        writer.member("Mounts", ifThere: mounts)
        writer.member("NanoCpus", ifThere: nanoCpus)
        writer.member("NetworkMode", ifThere: networkMode)
        writer.member("OomKillDisable", ifThere: oomKillDisable)
        writer.member("OomScoreAdj", oomScoreAdj)
        writer.member("PidMode", ifThere: pidMode)
        writer.member("PidsLimit", ifThere: pidsLimit)
        writer.member("PortBindings", ifThere: portBindings)
        writer.member("Privileged", privileged)
        writer.member("PublishAllPorts", publishAllPorts)
        writer.member("ReadonlyPaths", ifThere: readonlyPaths)
        writer.member("ReadonlyRootfs", readonlyRootfs)
        writer.member("RestartPolicy", ifThere: restartPolicy)
        writer.member("Runtime", ifThere: runtime)
        writer.member("SecurityOpt", ifThere: securityOpt)
        writer.member("ShmSize", ifThere: shmSize)
        writer.member("StorageOpt", ifThere: storageOpt)
        writer.member("Sysctls", ifThere: sysctls)
        writer.member("Tmpfs", ifThere: tmpfs)
        writer.member("UTSMode", ifThere: utsMode)
        writer.member("Ulimits", ifThere: ulimits)
        writer.member("UsernsMode", ifThere: usernsMode)
        writer.member("VolumeDriver", ifThere: volumeDriver)
        writer.member("VolumesFrom", ifThere: volumesFrom)
    }
}

extension LogConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Config", ifThere: config)
        writer.member("Type", type)
    }
}

extension RestartPolicy: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("MaximumRetryCount", maximumRetryCount)
        writer.member("Name", name)
    }
}

extension PortBinding: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("HostIp", ifThere: hostIp)
        writer.member("HostPort", ifThere: hostPort)
    }
}

extension WeightDevice: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Path", path)
        writer.member("Weight", weight)
    }
}

extension ThrottleDevice: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Path", path)
        writer.member("Rate", rate)
    }
}

extension DeviceMapping: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("CgroupPermissions", cgroupPermissions)
        writer.member("PathInContainer", pathInContainer)
        writer.member("PathOnHost", pathOnHost)
    }
}

extension DeviceRequest: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Capabilities", ifThere: capabilities)
        writer.member("Count", ifThere: count)
        writer.member("DeviceIDs", ifThere: deviceIDs)
        writer.member("Driver", ifThere: driver)
        writer.member("Options", ifThere: options)
    }
}

extension Ulimit: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Hard", hard)
        writer.member("Name", name)
        writer.member("Soft", soft)
    }
}

extension Mount: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("BindOptions", ifThere: bindOptions)
        writer.member("Consistency", ifThere: consistency)
        writer.member("ImageOptions", ifThere: imageOptions)
        writer.member("ReadOnly", readOnly)
        writer.member("Source", ifThere: source)
        writer.member("Target", target)
        writer.member("TmpfsOptions", ifThere: tmpfsOptions)
        writer.member("Type", type)
        writer.member("VolumeOptions", ifThere: volumeOptions)
    }
}

extension ImageMountOptions: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Subpath", ifThere: subpath)
    }
}

extension BindOptions: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("CreateMountpoint", ifThere: createMountpoint)
        writer.member("NonRecursive", ifThere: nonRecursive)
        writer.member("Propagation", ifThere: propagation)
        writer.member("ReadOnlyForceRecursive", ifThere: readOnlyForceRecursive)
        writer.member("ReadOnlyNonRecursive", ifThere: readOnlyNonRecursive)
    }
}

extension VolumeOptions: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("DriverConfig", ifThere: driverConfig)
        writer.member("Labels", ifThere: labels)
        writer.member("NoCopy", ifThere: noCopy)
        writer.member("Subpath", ifThere: subpath)
    }
}

extension DriverConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Name", ifThere: name)
        writer.member("Options", ifThere: options)
    }
}

extension TmpfsOptions: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Mode", ifThere: mode)
        writer.member("Options", ifThere: options)
        writer.member("SizeBytes", ifThere: sizeBytes)
    }
}

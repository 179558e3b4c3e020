extension ContainerInspect: JSONWritable {
    /// As JSON with a newline behind it: the bytes that `DockerJSON.line` gives, in a tenth of its time.
    public var line: [UInt8] {
        var writer = JSONWriter(capacity: 8192)
        writer.object { writeMembers(to: &$0) }
        return writer.line()
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.member("AppArmorProfile", appArmorProfile)
        writer.member("Args", args)
        writer.member("Config", config)
        writer.member("Created", created)
        writer.member("Driver", driver)
        writer.member("ExecIDs", ifThere: execIDs)
        writer.member("GraphDriver", graphDriver)
        writer.member("HostConfig", hostConfig)
        writer.member("HostnamePath", hostnamePath)
        writer.member("HostsPath", hostsPath)
        writer.member("Id", id)
        writer.member("Image", image)
        writer.member("LogPath", logPath)
        writer.member("MountLabel", mountLabel)
        writer.member("Mounts", mounts)
        writer.member("Name", name)
        writer.member("NetworkSettings", networkSettings)
        writer.member("Path", path)
        writer.member("Platform", platform)
        writer.member("ProcessLabel", processLabel)
        writer.member("ResolvConfPath", resolvConfPath)
        writer.member("RestartCount", restartCount)
        writer.member("SizeRootFs", ifThere: sizeRootFs)
        writer.member("SizeRw", ifThere: sizeRw)
        writer.member("State", state)
    }
}

extension ContainerState: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Dead", dead)
        writer.member("Error", error)
        writer.member("ExitCode", exitCode)
        writer.member("ExitCodeObserved", ifThere: exitCodeObserved)
        writer.member("FinishedAt", finishedAt)
        writer.member("Health", ifThere: health)
        writer.member("OOMKilled", oomKilled)
        writer.member("Paused", paused)
        writer.member("Pid", pid)
        writer.member("QuellState", ifThere: quellState)
        writer.member("QuellStop", ifThere: quellStop)
        writer.member("QuellVerdict", ifThere: quellVerdict)
        writer.member("Restarting", restarting)
        writer.member("Running", running)
        writer.member("StartedAt", startedAt)
        writer.member("Status", status)
    }
}

extension Health: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("FailingStreak", failingStreak)
        writer.member("Log", log)
        writer.member("Status", status)
    }
}

extension HealthcheckResult: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("End", end)
        writer.member("ExitCode", exitCode)
        writer.member("Output", output)
        writer.member("Start", start)
    }
}

extension GraphDriver: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Data", ifThere: data)
        writer.member("Name", name)
    }
}

extension NetworkSettings: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Bridge", bridge)
        writer.member("EndpointID", endpointID)
        writer.member("Gateway", gateway)
        writer.member("GlobalIPv6Address", globalIPv6Address)
        writer.member("GlobalIPv6PrefixLen", globalIPv6PrefixLen)
        writer.member("HairpinMode", hairpinMode)
        writer.member("IPAddress", ipAddress)
        writer.member("IPPrefixLen", ipPrefixLen)
        writer.member("IPv6Gateway", ipv6Gateway)
        writer.member("LinkLocalIPv6Address", linkLocalIPv6Address)
        writer.member("LinkLocalIPv6PrefixLen", linkLocalIPv6PrefixLen)
        writer.member("MacAddress", macAddress)
        writer.member("Networks", networks)
        writer.member("Ports", ports)
        writer.member("SandboxID", sandboxID)
        writer.member("SandboxKey", sandboxKey)
    }
}

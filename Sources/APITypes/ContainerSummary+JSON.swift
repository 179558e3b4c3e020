extension ContainerSummary: JSONWritable {
    /// The list as JSON with a newline behind it: the bytes that `DockerJSON.line` gives, in a tenth of its time.
    public static func line(_ list: [ContainerSummary]) -> [UInt8] {
        var writer = JSONWriter(capacity: list.count * 1024 + 16)
        writer.array(list) { writer, summary in
            writer.object { summary.writeMembers(to: &$0) }
        }
        return writer.line()
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Command", command)
        writer.member("Created", created)
        writer.member("HostConfig", hostConfig)
        writer.member("Id", id)
        writer.member("Image", image)
        writer.member("ImageID", imageID)
        writer.member("Labels", labels)
        writer.member("Mounts", mounts)
        writer.member("Names", names)
        writer.member("NetworkSettings", networkSettings)
        writer.member("Ports", ports)
        writer.member("QuellState", ifThere: quellState)
        writer.member("QuellStop", ifThere: quellStop)
        writer.member("SizeRootFs", ifThere: sizeRootFs)
        writer.member("SizeRw", ifThere: sizeRw)
        writer.member("State", state)
        writer.member("Status", status)
    }
}

extension SummaryHostConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Annotations", ifThere: annotations)
        writer.member("NetworkMode", networkMode)
    }
}

extension SummaryNetworkSettings: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) { writer.member("Networks", networks) }
}

extension PortSummary: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("IP", ifThere: ip)
        writer.member("PrivatePort", privatePort)
        writer.member("PublicPort", ifThere: publicPort)
        writer.member("Type", type)
    }
}

extension MountPoint: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Destination", destination)
        writer.member("Driver", ifThere: driver)
        writer.member("Mode", mode)
        writer.member("Name", ifThere: name)
        writer.member("Propagation", propagation)
        writer.member("RW", rw)
        writer.member("Source", source)
        writer.member("Type", type)
    }
}

extension EndpointSettings: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("Aliases", ifThere: aliases)
        writer.member("DNSNames", ifThere: dnsNames)
        writer.member("DriverOpts", ifThere: driverOpts)
        writer.member("EndpointID", ifThere: endpointID)
        writer.member("Gateway", ifThere: gateway)
        writer.member("GlobalIPv6Address", ifThere: globalIPv6Address)
        writer.member("GlobalIPv6PrefixLen", ifThere: globalIPv6PrefixLen)
        writer.member("GwPriority", ifThere: gwPriority)
        writer.member("IPAMConfig", ifThere: ipamConfig)
        writer.member("IPAddress", ifThere: ipAddress)
        writer.member("IPPrefixLen", ifThere: ipPrefixLen)
        writer.member("IPv6Gateway", ifThere: ipv6Gateway)
        writer.member("Links", ifThere: links)
        writer.member("MacAddress", ifThere: macAddress)
        writer.member("NetworkID", ifThere: networkID)
    }
}

extension EndpointIPAMConfig: JSONWritable {
    func writeMembers(to writer: inout JSONWriter) {
        writer.member("IPv4Address", ifThere: ipv4Address)
        writer.member("IPv6Address", ifThere: ipv6Address)
        writer.member("LinkLocalIPs", ifThere: linkLocalIPs)
    }
}

extension ContainerSummary {
    /// The list as JSON with a newline behind it: the bytes that `DockerJSON.line` gives, in a tenth of its time.
    public static func line(_ list: [ContainerSummary]) -> [UInt8] {
        var writer = JSONWriter(capacity: list.count * 1024 + 16)
        writer.array(list) { writer, summary in
            writer.object { summary.writeMembers(to: &$0) }
        }
        return writer.bytes + [0x0A]
    }

    private func writeMembers(to writer: inout JSONWriter) {
        writer.member("Command", command)
        writer.member("Created", created)
        writer.name("HostConfig")
        writer.object {
            $0.member("Annotations", ifThere: hostConfig.annotations)
            $0.member("NetworkMode", hostConfig.networkMode)
        }
        writer.member("Id", id)
        writer.member("Image", image)
        writer.member("ImageID", imageID)
        writer.member("Labels", labels)
        writer.name("Mounts")
        writer.array(mounts) { writer, mount in
            writer.object { mount.writeMembers(to: &$0) }
        }
        writer.member("Names", names)
        writer.name("NetworkSettings")
        writer.object {
            $0.name("Networks")
            $0.object { writer in
                for (name, endpoint) in JSONWriter.sorted(networkSettings.networks) {
                    writer.name(name)
                    writer.object { endpoint.writeMembers(to: &$0) }
                }
            }
        }
        writer.name("Ports")
        writer.array(ports) { writer, port in
            writer.object { port.writeMembers(to: &$0) }
        }
        writer.member("QuellState", ifThere: quellState)
        writer.member("QuellStop", ifThere: quellStop)
        writer.member("SizeRootFs", ifThere: sizeRootFs)
        writer.member("SizeRw", ifThere: sizeRw)
        writer.member("State", state)
        writer.member("Status", status)
    }
}

extension MountPoint {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
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

extension PortSummary {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
        writer.member("IP", ifThere: ip)
        writer.member("PrivatePort", privatePort)
        writer.member("PublicPort", ifThere: publicPort)
        writer.member("Type", type)
    }
}

extension EndpointSettings {
    fileprivate func writeMembers(to writer: inout JSONWriter) {
        writer.member("Aliases", ifThere: aliases)
        writer.member("DNSNames", ifThere: dnsNames)
        writer.member("DriverOpts", ifThere: driverOpts)
        writer.member("EndpointID", ifThere: endpointID)
        writer.member("Gateway", ifThere: gateway)
        writer.member("GlobalIPv6Address", ifThere: globalIPv6Address)
        writer.member("GlobalIPv6PrefixLen", ifThere: globalIPv6PrefixLen)
        writer.member("GwPriority", ifThere: gwPriority)
        if let ipamConfig {
            writer.name("IPAMConfig")
            writer.object {
                $0.member("IPv4Address", ifThere: ipamConfig.ipv4Address)
                $0.member("IPv6Address", ifThere: ipamConfig.ipv6Address)
                $0.member("LinkLocalIPs", ifThere: ipamConfig.linkLocalIPs)
            }
        }
        writer.member("IPAddress", ifThere: ipAddress)
        writer.member("IPPrefixLen", ifThere: ipPrefixLen)
        writer.member("IPv6Gateway", ifThere: ipv6Gateway)
        writer.member("Links", ifThere: links)
        writer.member("MacAddress", ifThere: macAddress)
        writer.member("NetworkID", ifThere: networkID)
    }
}

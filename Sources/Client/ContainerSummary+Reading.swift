internal import APITypes

extension ContainerSummary: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "Id": try reader.read(&id)
        case "Names": try reader.read(&names)
        case "Image": try reader.read(&image)
        case "ImageID": try reader.read(&imageID)
        case "Command": try reader.read(&command)
        case "Created": try reader.read(&created)
        case "Ports": try reader.read(&ports)
        case "SizeRw": try reader.read(&sizeRw)
        case "SizeRootFs": try reader.read(&sizeRootFs)
        case "Labels": try reader.read(&labels)
        case "State": try reader.read(&state)
        case "Status": try reader.read(&status)
        case "HostConfig": try reader.read(&hostConfig)
        case "NetworkSettings": try reader.read(&networkSettings)
        case "Mounts": try reader.read(&mounts)
        case "QuellState": try reader.read(&quellState)
        case "QuellStop": try reader.read(&quellStop)
        default: try reader.skip()
        }
    }
}

extension PortSummary: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "IP": try reader.read(&ip)
        case "PrivatePort": try reader.read(&privatePort)
        case "PublicPort": try reader.read(&publicPort)
        case "Type": try reader.read(&type)
        default: try reader.skip()
        }
    }
}

extension SummaryHostConfig: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "NetworkMode": try reader.read(&networkMode)
        case "Annotations": try reader.read(&annotations)
        default: try reader.skip()
        }
    }
}

extension SummaryNetworkSettings: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        if key == "Networks" { try reader.read(&networks) } else { try reader.skip() }
    }
}

extension MountPoint: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "Type": try reader.read(&type)
        case "Name": try reader.read(&name)
        case "Source": try reader.read(&source)
        case "Destination": try reader.read(&destination)
        case "Driver": try reader.read(&driver)
        case "Mode": try reader.read(&mode)
        case "RW": try reader.read(&rw)
        case "Propagation": try reader.read(&propagation)
        default: try reader.skip()
        }
    }
}

extension EndpointSettings: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "IPAMConfig": try reader.read(&ipamConfig)
        case "Links": try reader.read(&links)
        case "MacAddress": try reader.read(&macAddress)
        case "Aliases": try reader.read(&aliases)
        case "DriverOpts": try reader.read(&driverOpts)
        case "GwPriority": try reader.read(&gwPriority)
        case "NetworkID": try reader.read(&networkID)
        case "EndpointID": try reader.read(&endpointID)
        case "Gateway": try reader.read(&gateway)
        case "IPAddress": try reader.read(&ipAddress)
        case "IPPrefixLen": try reader.read(&ipPrefixLen)
        case "IPv6Gateway": try reader.read(&ipv6Gateway)
        case "GlobalIPv6Address": try reader.read(&globalIPv6Address)
        case "GlobalIPv6PrefixLen": try reader.read(&globalIPv6PrefixLen)
        case "DNSNames": try reader.read(&dnsNames)
        default: try reader.skip()
        }
    }
}

extension EndpointIPAMConfig: JSONReadableObject {
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault) {
        switch key {
        case "IPv4Address": try reader.read(&ipv4Address)
        case "IPv6Address": try reader.read(&ipv6Address)
        case "LinkLocalIPs": try reader.read(&linkLocalIPs)
        default: try reader.skip()
        }
    }
}

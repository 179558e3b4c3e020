import APITypes
import Client

enum NetworkCreateCommand: Command {
    static let about = About(
        "create", "Make a network", usage: "NETWORK",
        examples: [
            ("quell network create app", "a bridge, with a subnet that is free"),
            ("quell network create --subnet 10.9.0.0/16 --internal db", "nothing leaves it"),
        ])
    static let driver = Option("driver", short: "d", "DRIVER", "bridge, macvlan or ipvlan")
    static let subnet = Repeated("subnet", "SUBNET", "Addresses, such as 10.9.0.0/16")
    static let gateway = Repeated("gateway", "ADDRESS", "The network's own address in a subnet")
    static let range = Repeated("ip-range", "SUBNET", "The part of a subnet that containers get")
    static let auxiliary = Repeated("aux-address", "NAME=ADDRESS", "Never given to a container") {
        (text) throws(ValueFault) in try KeyValue.setting(text)
    }
    static let isInternal = Flag("internal", "Nothing leaves it, and nothing comes in")
    static let attachable = Flag("attachable", "Accepted; a matter of swarms")
    static let ipv6 = Flag("ipv6", "With addresses of version 6")
    static let label = Repeated("label", "KEY[=VALUE]", "Label") { (text) throws(ValueFault) in try KeyValue.label(text)
    }
    static let option = Repeated("opt", short: "o", "KEY=VALUE", "Option of the driver") { (text) throws(ValueFault) in
        try KeyValue.setting(text)
    }
    static let options: [any OptionSpec] = [
        driver, subnet, gateway, range, auxiliary, isInternal, attachable, ipv6, label, option,
    ]
    static let operands = Operands(1...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var network = NetworkCreateRequest()
        (network.name, network.driver) = (arguments.operands[0], try arguments[driver] ?? "bridge")
        (network.isInternal, network.attachable) = (try arguments[isInternal], try arguments[attachable])
        network.enableIPv6 = try arguments[ipv6]
        (network.labels, network.options) = (try arguments[label].dictionary, try arguments[option].dictionary)
        let pools = try pools(arguments)
        if !pools.isEmpty {
            var ipam = IPAM()
            (ipam.driver, ipam.config) = ("default", pools)
            network.ipam = ipam
        }
        try session.print(try await session.client.createNetwork(network).id)
        return 0
    }

    /// As docker: the first gateway belongs to the first subnet, and so on.
    private static func pools(_ arguments: Arguments) throws -> [IPAMConfig] {
        let (subnets, gateways, ranges) = (try arguments[subnet], try arguments[gateway], try arguments[range])
        let auxiliary = try arguments[auxiliary].dictionary
        guard max(gateways.count, ranges.count) <= subnets.count, auxiliary == nil || !subnets.isEmpty else {
            throw UsageError("--gateway, --ip-range and --aux-address need a --subnet each that they belong to")
        }
        return subnets.enumerated().map { index, subnet in
            var config = IPAMConfig()
            config.subnet = subnet
            config.gateway = index < gateways.count ? gateways[index] : nil
            config.ipRange = index < ranges.count ? ranges[index] : nil
            config.auxiliaryAddresses = index == 0 ? auxiliary : nil
            return config
        }
    }
}

enum NetworkRmCommand: Command {
    static let about = About(
        "rm", aliases: ["remove"], "Remove networks", usage: "NETWORK [NETWORK...]",
        examples: [("quell network rm app", "no running container may be in it")])
    static let force = Flag("force", short: "f", "No error for a network that is not there")
    static let options: [any OptionSpec] = [force]
    static let operands = Operands.atLeast(1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (client, force) = (session.client, try arguments[force])
        return try await session.each(arguments.operands) { name in
            do { try await client.removeNetwork(name) } catch let error as ClientError {
                guard force, error.isNotFound else { throw error }
            }
            return name
        }
    }
}

enum NetworkPruneCommand: Command {
    static let about = About(
        "prune", "Remove networks that no container names", examples: [("quell network prune -f", "without asking")])
    static let options: [any OptionSpec] = [Shared.force, Shared.pruneFilter]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        guard try arguments[Shared.force] || session.confirm("This removes all networks that no container names.")
        else {
            return 0
        }
        let removed = try await session.client.pruneNetworks(filters: try arguments.filters(Shared.pruneFilter))
        if !removed.isEmpty {
            try session.out.write(("Deleted Networks:\n" + removed.map { $0 + "\n" }.joined()) + "\n")
        }
        return 0
    }
}

enum NetworkConnectCommand: Command {
    static let about = About(
        "connect", "Put a container into one network more", usage: "NETWORK CONTAINER",
        examples: [("quell network connect --ip 10.9.0.7 app web", "at once where it runs, and at each start")])
    static let ip = Option("ip", "ADDRESS", "Address of version 4")
    static let ip6 = Option("ip6", "ADDRESS", "Address of version 6")
    static let alias = Repeated("alias", "NAME", "Further name in this network")
    static let options: [any OptionSpec] = [ip, ip6, alias]
    static let operands = Operands(2...2, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var request = NetworkConnectRequest()
        request.container = arguments.operands[1]
        request.endpointConfig = EndpointSettings(
            ip: try arguments[ip], ip6: try arguments[ip6], aliases: try arguments[alias])
        try await session.client.connect(network: arguments.operands[0], request)
        return 0
    }
}

enum NetworkDisconnectCommand: Command {
    static let about = About(
        "disconnect", "Take a container out of a network", usage: "NETWORK CONTAINER",
        examples: [("quell network disconnect app web", "its other networks stay")])
    static let force = Flag("force", short: "f", "Accepted for docker's sake")
    static let options: [any OptionSpec] = [force]
    static let operands = Operands(2...2, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var request = NetworkDisconnectRequest()
        (request.container, request.force) = (arguments.operands[1], try arguments[force])
        try await session.client.disconnect(network: arguments.operands[0], request)
        return 0
    }
}

enum PortCommand: Command {
    static let about = About(
        "port", "Show where a container's ports are reached", usage: "CONTAINER [PORT[/PROTOCOL]]",
        examples: [("quell port web 80", "0.0.0.0:8080")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(1...2, .runningContainers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = arguments.operands[0]
        let ports = try await session.client.inspectContainer(name).networkSettings.ports
        let wanted = arguments.operands.dropFirst().first.map { $0.contains("/") ? $0 : $0 + "/tcp" }
        var lines: [String] = []
        for (port, places) in ports.sorted(by: { $0.key < $1.key }) where wanted == nil || wanted == port {
            for place in places ?? [] {
                let text = "\(place.hostIp ?? ""):\(place.hostPort ?? "")"
                lines.append(wanted == nil ? "\(port) -> \(text)" : text)
            }
        }
        if let wanted, lines.isEmpty { throw UsageError("no public port '\(wanted)' published for \(name)") }
        try session.out.write(lines.map { $0 + "\n" }.joined())
        return 0
    }
}

extension EndpointSettings {
    /// What the command line says of a container in a network.
    init(ip: String?, ip6: String?, aliases: [String], macAddress: String? = nil) {
        self.init()
        if ip != nil || ip6 != nil {
            var addresses = EndpointIPAMConfig()
            (addresses.ipv4Address, addresses.ipv6Address) = (ip, ip6)
            ipamConfig = addresses
        }
        self.aliases = aliases.isEmpty ? nil : aliases
        self.macAddress = macAddress
    }
}

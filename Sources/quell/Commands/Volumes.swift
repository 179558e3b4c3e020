import APITypes
import Client

enum VolumeCreateCommand: Command {
    static let about = About(
        "create", "Make a volume", usage: "[VOLUME]",
        examples: [
            ("quell volume create --label app=db data", "named data"),
            ("quell volume create", "with a name of its own"),
        ])
    static let driver = Option("driver", short: "d", "DRIVER", "local")
    static let label = Repeated("label", "KEY[=VALUE]", "Label") { (text) throws(ValueFault) in try KeyValue.label(text)
    }
    static let option = Repeated("opt", short: "o", "KEY=VALUE", "Option of the driver") { (text) throws(ValueFault) in
        try KeyValue.setting(text)
    }
    static let name = Option("name", "NAME", "Name; the same as the argument")
    static let options: [any OptionSpec] = [driver, label, option, name]
    static let operands = Operands(0...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var volume = VolumeCreateRequest()
        volume.name = try arguments.operands.first ?? arguments[name]
        volume.driver = try arguments[driver]
        volume.labels = try arguments[label].dictionary
        volume.driverOpts = try arguments[option].dictionary
        try session.print(try await session.client.createVolume(volume).name)
        return 0
    }
}

enum VolumeLsCommand: Command {
    static let about = About(
        "ls", aliases: ["list"], "List volumes",
        examples: [("quell volume ls --filter dangling=true -q", "names of those that no container uses")])
    static let quiet = Flag("quiet", short: "q", "Only names")
    static let options: [any OptionSpec] = [Shared.filter, Shared.format, Shared.noHeading, quiet]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let volumes = try await session.client.listVolumes(filters: try arguments.filters()).volumes
        if try arguments[quiet] {
            try session.out.write(volumes.map { $0.name + "\n" }.joined())
            return 0
        }
        let rows = volumes.map { volume in
            JSONValue.row([
                "Driver": volume.driver, "Labels": labelText(volume.labels), "Mountpoint": volume.mountpoint,
                "Name": volume.name, "Scope": volume.scope,
                "Size": volume.usageData.map { $0.size < 0 ? "N/A" : humanSize($0.size) } ?? "N/A",
            ])
        }
        try session.out.write(
            try Listing(
                headings: [
                    "Driver": "DRIVER", "Labels": "LABELS", "Mountpoint": "MOUNTPOINT", "Name": "VOLUME NAME",
                    "Scope": "SCOPE", "Size": "SIZE",
                ], columns: ["Driver", "Name"], rows: rows
            ).text(format, heading: try !arguments[Shared.noHeading]))
        return 0
    }
}

enum VolumeRmCommand: Command {
    static let about = About(
        "rm", aliases: ["remove"], "Remove volumes", usage: "VOLUME [VOLUME...]",
        examples: [("quell volume rm data", "with everything in it")])
    static let force = Flag("force", short: "f", "No error for a volume that is not there")
    static let options: [any OptionSpec] = [force]
    static let operands = Operands.atLeast(1, .volumes)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (client, force) = (session.client, try arguments[force])
        return try await session.each(arguments.operands) {
            try await client.removeVolume($0, force: force)
            return $0
        }
    }
}

enum VolumePruneCommand: Command {
    static let about = About(
        "prune", "Remove volumes that no container uses",
        examples: [("quell volume prune -af", "also those with a name")])
    static let all = Flag("all", short: "a", "Also volumes with a name")
    static let options: [any OptionSpec] = [all, Shared.force, Shared.pruneFilter]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let everything = try arguments[all]
        let what = everything ? "all volumes that no container uses." : "all anonymous volumes that no container uses."
        guard try arguments[Shared.force] || session.confirm("This removes \(what)") else { return 0 }
        var filters = try arguments.filters(Shared.pruneFilter)
        if everything { filters["all"] = ["true"] }
        let report = try await session.client.pruneVolumes(filters: filters)
        try session.out.write(
            pruneText("Deleted Volumes:", report.volumesDeleted ?? [], reclaimed: report.spaceReclaimed))
        return 0
    }
}

enum NetworkLsCommand: Command {
    static let about = About(
        "ls", aliases: ["list"], "List networks",
        examples: [("quell network ls --filter type=custom", "those that were made by hand")])
    static let options: [any OptionSpec] = [
        Shared.filter, Shared.format, Shared.noHeading, Shared.noTrunc, Shared.quiet,
    ]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let full = try arguments[Shared.noTrunc]
        let networks = try await session.client.listNetworks(filters: try arguments.filters())
        if try arguments[Shared.quiet] {
            try session.out.write(networks.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let rows = networks.map { network in
            JSONValue.row([
                "CreatedAt": network.created, "Driver": network.driver, "ID": shortID(network.id, full: full),
                "IPv4": "\(network.enableIPv4)", "IPv6": "\(network.enableIPv6)", "Internal": "\(network.isInternal)",
                "Labels": labelText(network.labels), "Name": network.name, "Scope": network.scope,
            ])
        }
        try session.out.write(
            try Listing(
                headings: [
                    "CreatedAt": "CREATED AT", "Driver": "DRIVER", "ID": "NETWORK ID", "IPv4": "IPV4", "IPv6": "IPV6",
                    "Internal": "INTERNAL", "Labels": "LABELS", "Name": "NAME", "Scope": "SCOPE",
                ], columns: ["ID", "Name", "Driver", "Scope"], rows: rows
            ).text(format, heading: try !arguments[Shared.noHeading]))
        return 0
    }
}

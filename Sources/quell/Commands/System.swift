import APITypes
import Client

enum VersionCommand: Command {
    static let about = About(
        "version", "Show the versions of this command and of quelld",
        examples: [("quell version --format '{{.Server.Version}}'", "only the daemon's")])
    static let format = Option("format", short: "f", "FORMAT", "Print with a template, or 'json'")
    static let options: [any OptionSpec] = [format]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try OutputFormat(parsing: try arguments[format])
        let server: Result<Version, any Error>
        do { server = .success(try await session.client.version()) } catch { server = .failure(error) }
        // A daemon that does not answer is told last, after what is known without it.
        let known = try? server.get()
        let document = JSONValue.object([
            .init("Client", .row(["Version": Quell.version])),
            .init("Server", try known.map { try JSONValue(encoding: $0) } ?? .null),
        ])
        do {
            switch format {
            case .table: try session.out.write(text(known, session.client.endpoint))
            case .json: try session.print(document.compact)
            case .template(let template), .tableTemplate(let template): try session.print(try template.render(document))
            }
        } catch let error as TemplateError {
            // A template that asks for what only the daemon knows.
            _ = try server.get()
            throw error
        }
        _ = try server.get()
        return 0
    }

    private static func text(_ server: Version?, _ endpoint: Endpoint) -> String {
        var rows = [("Client:", ""), (" Version:", Quell.version), (" Host:", "\(endpoint)")]
        if let server {
            rows += [
                ("", ""), ("Server: \(server.platform.name)", ""), (" Version:", server.version),
                (" API version:", "\(server.apiVersion) (minimum \(server.minAPIVersion))"),
                (" OS/Arch:", "\(server.os)/\(server.arch)"), (" Kernel:", server.kernelVersion),
            ]
            rows += server.components.dropFirst().map { (" \($0.name):", $0.version) }
        }
        return rows.map { name, value in
            (value.isEmpty ? name : name + String(repeating: " ", count: max(1, 20 - name.count)) + value) + "\n"
        }.joined()
    }
}

enum InfoCommand: Command {
    static let about = About(
        "info", "Show the engine and its host",
        examples: [("quell info --format '{{.CgroupVersion}} {{.DefaultRuntime}}'", "two facts")])
    static let options: [any OptionSpec] = [VersionCommand.format]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try OutputFormat(parsing: try arguments[VersionCommand.format])
        let info = try await session.client.info()
        switch format {
        case .table: try session.out.write(text(info))
        case .json: try session.print(try JSONValue(encoding: info).compact)
        case .template(let template), .tableTemplate(let template):
            try session.print(try template.render(try JSONValue(encoding: info)))
        }
        for warning in info.warnings ?? [] { try session.err.write("\(warning)\n") }
        return 0
    }

    private static func text(_ info: SystemInfo) -> String {
        var lines = [
            "Containers: \(info.containers)", " Running: \(info.containersRunning)",
            " Paused: \(info.containersPaused)",
            " Stopped: \(info.containersStopped)",
        ]
        if let stuck = info.containersStuck { lines.append(" Stuck: \(stuck)") }
        lines += ["Images: \(info.images)", "Server Version: \(info.serverVersion)", "Storage Driver: \(info.driver)"]
        lines += info.driverStatus.map { " " + $0.joined(separator: ": ") }
        lines += [
            "Logging Driver: \(info.loggingDriver)", "Cgroup Driver: \(info.cgroupDriver)",
            "Cgroup Version: \(info.cgroupVersion)", "Runtimes: \(info.runtimes.keys.sorted().joined(separator: " "))",
            "Default Runtime: \(info.defaultRuntime)", "Init Binary: \(info.initBinary)", "Security Options:",
        ]
        lines += info.securityOptions.map { "  \($0)" }
        lines += [
            "Kernel Version: \(info.kernelVersion)", "Operating System: \(info.operatingSystem)",
            "OSType: \(info.osType)",
            "Architecture: \(info.architecture)", "CPUs: \(info.ncpu)",
            "Total Memory: \(humanBinarySize(Double(info.memTotal)))", "Name: \(info.name)", "ID: \(info.id)",
            "Root Dir: \(info.dockerRootDir)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

enum SystemDfCommand: Command {
    static let about = About(
        "df", "Show what takes the space", examples: [("quell system df -v", "each image, container and volume")])
    static let verbose = Flag("verbose", short: "v", "Each thing by itself")
    static let options: [any OptionSpec] = [verbose, Shared.format]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let usage = try await session.client.diskUsage()
        if try arguments[verbose] {
            try session.out.write(try details(usage, format, session))
            return 0
        }
        try session.out.write(
            try Listing(
                headings: [
                    "Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE",
                    "Reclaimable": "RECLAIMABLE",
                ], columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"], rows: rows(usage)
            ).text(format))
        return 0
    }

    static func rows(_ usage: DiskUsage) -> [JSONValue] {
        let active = usage.images.filter { $0.containers > 0 }
        let used = active.reduce(0) { $0 + $1.size }
        let stopped = usage.containers.filter {
            $0.state != "running" && $0.state != "paused" && $0.state != "restarting"
        }
        let inUse = usage.volumes.filter { ($0.usageData?.refCount ?? 0) > 0 }
        let containers = usage.containers.reduce(0) { $0 + ($1.sizeRw ?? 0) }
        let volumes = usage.volumes.reduce(0) { $0 + max(0, $1.usageData?.size ?? 0) }
        return [
            row("Images", usage.images.count, active.count, usage.layersSize, max(0, usage.layersSize - used)),
            row(
                "Containers", usage.containers.count, usage.containers.count - stopped.count, containers,
                stopped.reduce(0) { $0 + ($1.sizeRw ?? 0) }),
            row(
                "Local Volumes", usage.volumes.count, inUse.count, volumes,
                volumes - inUse.reduce(0) { $0 + max(0, $1.usageData?.size ?? 0) }),
        ]
    }

    private static func row(_ type: String, _ total: Int, _ active: Int, _ size: Int, _ free: Int) -> JSONValue {
        let share = size > 0 ? " (\(free * 100 / size)%)" : ""
        return .row([
            "Type": type, "TotalCount": "\(total)", "Active": "\(active)", "Size": humanSize(size, digits: 4),
            "Reclaimable": humanSize(free, digits: 4) + share,
        ])
    }

    /// With a format: the whole document, not rows of a table.
    private static func details(_ usage: DiskUsage, _ format: OutputFormat, _ session: Session) throws -> String {
        switch format {
        case .table: return tables(usage, session)
        case .json: return try JSONValue(encoding: usage).compact + "\n"
        case .template(let template), .tableTemplate(let template):
            return try template.render(try JSONValue(encoding: usage)) + "\n"
        }
    }

    private static func tables(_ usage: DiskUsage, _ session: Session) -> String {
        let images = usage.images.flatMap { image in
            ImageLsCommand.rows(image, now: session.now, full: false).map { row in
                ["Repository", "Tag", "ID", "CreatedSince", "Size", "Containers"].map { row[$0]?.goText ?? "" }
            }
        }
        let containers = usage.containers.map { container -> [String] in
            ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"].map {
                PsCommand.field($0, of: container, now: session.now, full: false)
            }
        }
        let volumes = usage.volumes.map { volume in
            [volume.name, "\(volume.usageData?.refCount ?? 0)", humanSize(max(0, volume.usageData?.size ?? 0))]
        }
        return "Images space usage:\n\n"
            + Table.text([["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "CONTAINERS"]] + images)
            + "\nContainers space usage:\n\n"
            + Table.text(
                [["CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"]]
                    + containers)
            + "\nLocal Volumes space usage:\n\n" + Table.text([["VOLUME NAME", "LINKS", "SIZE"]] + volumes)
    }
}

enum SystemPruneCommand: Command {
    static let about = About(
        "prune", "Remove everything that is not used",
        examples: [("quell system prune -af --volumes", "containers, images and volumes, without asking")])
    static let all = Flag("all", short: "a", "Also images with a name")
    static let volumes = Flag("volumes", "Also anonymous volumes")
    static let options: [any OptionSpec] = [all, volumes, Shared.force, Shared.pruneFilter]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (client, everything, withVolumes) = (session.client, try arguments[all], try arguments[volumes])
        let what =
            "This removes:\n  - all stopped containers\n" + (withVolumes ? "  - all anonymous volumes not used\n" : "")
            + (everything ? "  - all images without a container" : "  - all images without a name")
        guard try arguments[Shared.force] || session.confirm(what) else { return 0 }
        let filters = try arguments.filters(Shared.pruneFilter)
        let containers = try await client.pruneContainers(filters: filters)
        let volumes = withVolumes ? try await client.pruneVolumes(filters: filters) : PruneReport()
        let images = try await client.pruneImages(filters: try ImagePruneCommand.filters(arguments, everything))
        let lists = [
            ("Deleted Containers:", containers.containersDeleted ?? []),
            ("Deleted Volumes:", volumes.volumesDeleted ?? []),
            ("Deleted Images:", (images.imagesDeleted ?? []).map { deletedLine($0, inList: true) }),
        ]
        for (title, names) in lists where !names.isEmpty {
            try session.print(([title] + names + [""]).joined(separator: "\n"))
        }
        let reclaimed = containers.spaceReclaimed + volumes.spaceReclaimed + images.spaceReclaimed
        try session.out.write(pruneText("", [], reclaimed: reclaimed))
        return 0
    }
}

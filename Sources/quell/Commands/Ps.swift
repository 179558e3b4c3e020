import APITypes
import Client

enum PsCommand: Command {
    static let about = About(
        "ps", "List containers, as they were found at this moment",
        examples: [
            ("quell ps -a", "all containers, also those that ended"),
            ("quell ps --filter label=app=web --format '{{.Names}}: {{.Status}}'", "names and states of some"),
        ])
    static let all = Flag("all", short: "a", "Also containers that do not run")
    static let last = Option("last", short: "n", "N", "The N newest, whatever their state", in: -1...Int.max)
    static let latest = Flag("latest", short: "l", "The newest one, whatever its state")
    static let size = Flag("size", short: "s", "Show sizes")
    static let options: [any OptionSpec] = [
        all, last, latest, size, Shared.filter, Shared.format, Shared.noTrunc, Shared.quiet,
    ]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let full = try arguments[Shared.noTrunc]
        let limit = try arguments[latest] ? 1 : arguments[last]
        let containers = try await session.client.listContainers(
            all: try arguments[all], limit: limit, size: try arguments[size], filters: try arguments.filters())
        if try arguments[Shared.quiet] {
            try session.out.write(containers.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let rows = containers.map { row($0, now: session.now, full: full) }
        try session.out.write(try listing(rows, size: try arguments[size]).text(format))
        return 0
    }

    static func listing(_ rows: [JSONValue], size: Bool) -> Listing {
        Listing(
            headings: [
                "Command": "COMMAND", "CreatedAt": "CREATED AT", "ID": "CONTAINER ID", "Image": "IMAGE",
                "Labels": "LABELS", "LocalVolumes": "LOCAL VOLUMES", "Mounts": "MOUNTS", "Names": "NAMES",
                "Networks": "NETWORKS", "Ports": "PORTS", "RunningFor": "CREATED", "Size": "SIZE", "State": "STATE",
                "Status": "STATUS", "QuellState": "QUELL STATE",
            ],
            columns: ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"] + (size ? ["Size"] : []),
            rows: rows)
    }

    static func row(_ container: ContainerSummary, now: Int, full: Bool) -> JSONValue {
        let command = full || container.command.count <= 20 ? container.command : container.command.prefix(19) + "…"
        let mounts = container.mounts.map { mount in
            let name = mount.name.flatMap { $0.isEmpty ? nil : $0 } ?? mount.source
            return full || name.count <= 15 ? name : name.prefix(14) + "…"
        }
        return .row([
            "Command": JSONValue.quoted(command), "CreatedAt": listTime(Timestamp(seconds: container.created)),
            "ID": shortID(container.id, full: full), "Image": image(container, full: full),
            "Labels": labelText(container.labels),
            "LocalVolumes": "\(container.mounts.filter { $0.type == "volume" }.count)",
            "Mounts": mounts.joined(separator: ","), "Names": container.names.map(withoutSlash).joined(separator: ","),
            "Networks": networks(container), "Ports": container.ports.map(portText).joined(separator: ", "),
            "RunningFor": humanDuration(seconds: now - container.created) + " ago", "Size": sizeText(container),
            "State": container.state, "Status": container.status, "QuellState": container.quellState ?? container.state,
        ])
    }

    private static func image(_ container: ContainerSummary, full: Bool) -> String {
        container.image.hasPrefix("sha256:") ? shortID(container.image, full: full) : container.image
    }

    private static func networks(_ container: ContainerSummary) -> String {
        let names = container.networkSettings.networks.keys.sorted()
        return names.isEmpty ? container.hostConfig.networkMode : names.joined(separator: ",")
    }

    private static func sizeText(_ container: ContainerSummary) -> String {
        humanSize(container.sizeRw ?? 0) + (container.sizeRootFs.map { " (virtual \(humanSize($0)))" } ?? "")
    }

    static func portText(_ port: PortSummary) -> String {
        guard let outer = port.publicPort, outer > 0 else { return "\(port.privatePort)/\(port.type)" }
        return "\(port.ip ?? "0.0.0.0"):\(outer)->\(port.privatePort)/\(port.type)"
    }
}

func withoutSlash(_ name: String) -> String { name.hasPrefix("/") ? String(name.dropFirst()) : name }

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
        if session.isPodman, case .json = format {
            try session.print(JSONValue.array(try containers.map(podmanRow)).indented())
            return 0
        }
        let (now, withSize) = (session.now, try arguments[size])
        let listing = Listing(
            headings: headings,
            columns: ["ID", "Image", "Command", "RunningFor", "Status", "Stop", "Ports", "Names"]
                + (withSize ? ["Size"] : []),
            items: containers
        ) { field($1, of: $0, now: now, full: full) }
        try session.out.write(try listing.text(format))
        return 0
    }

    /// podman's members of the same names, with what it has in them.
    private static func podmanRow(_ container: ContainerSummary) throws -> JSONValue {
        let labels = container.labels.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }
        let networks = container.networkSettings.networks.keys.sorted().map { JSONValue.string($0) }
        return .object([
            .init("Command", .array([.string(container.command)])), .init("Created", .number("\(container.created)")),
            .init("Exited", .bool(container.state == "exited")), .init("Id", .string(container.id)),
            .init("Image", .string(container.image)), .init("ImageID", .string(container.imageID)),
            .init("Labels", .object(labels)), .init("Names", .array(container.names.map { .string(withoutSlash($0)) })),
            .init("Networks", .array(networks)), .init("Pod", .string(container.labels[Pod.memberLabel] ?? "")),
            .init("State", .string(container.state)), .init("Status", .string(container.status)),
        ])
    }

    static let headings: KeyValuePairs<String, String> = [
        "Command": "COMMAND", "CreatedAt": "CREATED AT", "ID": "CONTAINER ID", "Image": "IMAGE", "Labels": "LABELS",
        "LocalVolumes": "LOCAL VOLUMES", "Mounts": "MOUNTS", "Names": "NAMES", "Networks": "NETWORKS",
        "Ports": "PORTS", "RunningFor": "CREATED", "Size": "SIZE", "State": "STATE", "Status": "STATUS",
        "QuellState": "QUELL STATE", "Stop": "STOP",
    ]

    static func field(_ name: String, of container: ContainerSummary, now: Int, full: Bool) -> String {
        switch name {
        case "Command": JSONValue.quoted(shortened(container.command, to: 20, full: full))
        case "CreatedAt": listTime(Timestamp(seconds: container.created))
        case "ID": shortID(container.id, full: full)
        case "Image": image(container, full: full)
        case "Labels": labelText(container.labels)
        case "LocalVolumes": "\(container.mounts.filter { $0.type == "volume" }.count)"
        case "Mounts": mounts(container, full: full)
        case "Names": container.names.map(withoutSlash).joined(separator: ",")
        case "Networks": networks(container)
        case "Ports": container.ports.map(portText).joined(separator: ", ")
        case "RunningFor": humanDuration(seconds: now - container.created) + " ago"
        case "Size": sizeText(container)
        case "State": container.state
        case "Status": container.status
        case "Stop": container.quellStop ?? "-"
        case "QuellState": container.quellState ?? container.state
        default: ""
        }
    }

    private static func shortened(_ text: String, to width: Int, full: Bool) -> String {
        full || text.count <= width ? text : text.prefix(width - 1) + "…"
    }

    private static func mounts(_ container: ContainerSummary, full: Bool) -> String {
        container.mounts.map { mount in
            let name = mount.name.flatMap { $0.isEmpty ? nil : $0 } ?? mount.source
            return shortened(name, to: 15, full: full)
        }.joined(separator: ",")
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

import Client

/// Prints objects as the daemon gave them, or through a template.
struct Inspection {
    typealias Source = @Sendable (String) async throws -> [UInt8]
    static let format = Option(
        "format", short: "f", "FORMAT", "Print with a template such as '{{.State.Status}}', or 'json'")

    let kind: String
    /// Asked in this order until one knows the name.
    let sources: [Source]

    func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try OutputFormat(parsing: try arguments[Inspection.format])
        var found: [JSONValue] = []
        var missing: [String] = []
        for name in arguments.operands {
            guard let bytes = try await look(name) else {
                missing.append(name)
                continue
            }
            found.append(try JSONValue(answer: bytes, about: name))
        }
        switch format {
        case .table: try session.print(JSONValue.array(found).indented())
        case .json: try session.print(JSONValue.array(found).compact)
        case .template(let template), .tableTemplate(let template):
            for value in found { try session.print(try template.render(value)) }
        }
        for name in missing { try session.warn("no such \(kind): \(name)") }
        return missing.isEmpty ? 0 : 1
    }

    private func look(_ name: String) async throws -> [UInt8]? {
        for source in sources {
            do { return try await source(name) } catch let error as ClientError where error.isNotFound { continue }
        }
        return nil
    }
}

enum InspectCommand: Command {
    static let about = About(
        "inspect", "Show everything about containers, images, volumes or networks", usage: "NAME [NAME...]",
        examples: [
            ("quell inspect web", "everything about it"),
            ("quell inspect -f '{{.State.ExitCode}}' web", "one fact"),
        ])
    static let size = Flag("size", short: "s", "Sizes of containers too")
    static let type = Option(
        "type", "TYPE", "container, image, volume or network",
        completion: .words(["container", "image", "volume", "network"])
    ) {
        (text) throws(ValueFault) in
        guard ["container", "image", "volume", "network"].contains(text) else {
            throw ValueFault("unknown type", expected: "container, image, volume or network")
        }
        return text
    }
    static let options: [any OptionSpec] = [Inspection.format, size, type]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        let size = try arguments[size]
        let sources: [(String, Inspection.Source)] = [
            ("container", { try await client.inspectContainerJSON($0, size: size) }),
            ("image", { try await client.inspectImageJSON($0) }),
            ("volume", { try await client.inspectVolumeJSON($0) }),
            ("network", { try await client.inspectNetworkJSON($0) }),
        ]
        let wanted = try arguments[type]
        let inspection = Inspection(
            kind: wanted ?? "object", sources: sources.filter { wanted == nil || $0.0 == wanted }.map(\.1))
        return try await inspection.run(arguments, session)
    }
}

/// `container inspect`, `image inspect` and their like: one kind, asked of one call.
protocol KindInspectCommand: Command {
    static var kind: String { get }
    static func source(_ arguments: Arguments, _ client: QuellClient) throws -> Inspection.Source
}

extension KindInspectCommand {
    static var options: [any OptionSpec] { [Inspection.format] }

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        try await Inspection(kind: kind, sources: [try source(arguments, session.client)]).run(arguments, session)
    }
}

enum ContainerInspectCommand: KindInspectCommand {
    static let about = About(
        "inspect", "Show everything about containers", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell container inspect -f '{{json .Mounts}}' web", "its mounts")])
    static let kind = "container"
    static let options: [any OptionSpec] = [Inspection.format, InspectCommand.size]
    static let operands = Operands.atLeast(1, .containers)

    static func source(_ arguments: Arguments, _ client: QuellClient) throws -> Inspection.Source {
        let size = try arguments[InspectCommand.size]
        return { try await client.inspectContainerJSON($0, size: size) }
    }
}

enum ImageInspectCommand: KindInspectCommand {
    static let about = About(
        "inspect", "Show everything about images", usage: "IMAGE [IMAGE...]",
        examples: [("quell image inspect -f '{{.Config.Cmd}}' busybox", "what it runs")])
    static let kind = "image"
    static let operands = Operands.atLeast(1, .images)

    static func source(_: Arguments, _ client: QuellClient) -> Inspection.Source {
        { try await client.inspectImageJSON($0) }
    }
}

enum VolumeInspectCommand: KindInspectCommand {
    static let about = About(
        "inspect", "Show everything about volumes", usage: "VOLUME [VOLUME...]",
        examples: [("quell volume inspect -f '{{.Mountpoint}}' data", "where it lies")])
    static let kind = "volume"
    static let operands = Operands.atLeast(1, .volumes)

    static func source(_: Arguments, _ client: QuellClient) -> Inspection.Source {
        { try await client.inspectVolumeJSON($0) }
    }
}

enum NetworkInspectCommand: KindInspectCommand {
    static let about = About(
        "inspect", "Show everything about networks", usage: "NETWORK [NETWORK...]",
        examples: [("quell network inspect host", "the network of the host")])
    static let kind = "network"
    static let operands = Operands.atLeast(1, .none)

    static func source(_: Arguments, _ client: QuellClient) -> Inspection.Source {
        { try await client.inspectNetworkJSON($0) }
    }
}

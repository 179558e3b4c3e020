import APITypes
import Client

enum QuarantineLsCommand: Command {
    static let about = About(
        "ls", aliases: ["list"], "List quarantined containers, and what is left of them at this moment",
        examples: [
            ("quell quarantine ls", "all of them, oldest first"),
            ("quell quarantine ls --format '{{.ID}} {{.FormerName}}: {{.Held}}'", "and what they keep from others"),
        ])
    static let options: [any OptionSpec] = [Shared.format, Shared.noTrunc, Shared.quiet]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (format, full) = (try arguments.format(), try arguments[Shared.noTrunc])
        let list = try await session.client.listQuarantine()
        if try arguments[Shared.quiet] {
            try session.out.write(list.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let now = session.now
        let listing = Listing(
            headings: headings, columns: ["ID", "FormerName", "Since", "Tasks", "Image"], items: list
        ) { field($1, of: $0, now: now, full: full) }
        try session.out.write(try listing.text(format))
        return 0
    }

    private static let headings: KeyValuePairs<String, String> = [
        "ID": "CONTAINER ID", "FormerName": "NAME", "Since": "SINCE", "Tasks": "TASKS", "Image": "IMAGE",
        "Held": "HANGS ON", "Supervised": "SUPERVISED", "CreatedAt": "QUARANTINED AT",
    ]

    private static func field(_ name: String, of container: QuarantinedContainer, now: Int, full: Bool) -> String {
        switch name {
        case "ID": shortID(container.id, full: full)
        case "FormerName": container.formerName
        case "Since":
            Timestamp(container.since).map { humanDuration(seconds: now - $0.seconds) + " ago" } ?? container.since
        case "CreatedAt": container.since
        case "Tasks": tasks(container.finding, full: full)
        case "Image": container.image.hasPrefix("sha256:") ? shortID(container.image, full: full) : container.image
        case "Held": container.held.map { "\($0.type) \($0.source)" }.joined(separator: ", ")
        case "Supervised": "\(container.supervised)"
        default: ""
        }
    }

    /// `2: cat D in request_wait_answer, sh S in do_wait`
    private static func tasks(_ finding: Finding, full: Bool) -> String {
        let count = finding.tasks.count
        guard count > 0 else { return "0" }
        let shown = finding.tasks.prefix(full ? count : 2).map { task in
            let place = task.wchan.flatMap { $0.isEmpty || $0 == "0" ? nil : " in \($0)" } ?? ""
            return "\(task.comm) \(task.state)\(place)"
        }
        return "\(count): " + shown.joined(separator: ", ") + (shown.count < count ? ", …" : "")
    }
}

enum QuarantineInspectCommand: KindInspectCommand {
    static let about = About(
        "inspect", "Show everything about quarantined containers", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell quarantine inspect -f '{{json .finding.tasks}}' 0123456789ab", "the tasks that are left")])
    static let kind = "quarantined container"
    static let operands = Operands.atLeast(1, .none)

    static func source(_: Arguments, _ client: QuellClient) -> Inspection.Source {
        { try await client.quarantinedContainerJSON($0) }
    }
}

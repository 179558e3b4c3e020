import APITypes
import Client

enum ImageLsCommand: Command {
    static let about = About(
        "ls", aliases: ["list"], "List images", usage: "[REPOSITORY[:TAG]]",
        examples: [("quell images --format '{{.Repository}}:{{.Tag}} {{.Size}}'", "names and sizes")])
    static let all = Flag("all", short: "a", "Also intermediate images")
    static let digests = Flag("digests", "Show digests")
    static let options: [any OptionSpec] = [all, digests, Shared.filter, Shared.format, Shared.noTrunc, Shared.quiet]
    static let operands = Operands(0...1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let full = try arguments[Shared.noTrunc]
        var filters = try arguments.filters()
        if let name = arguments.operands.first { filters["reference", default: []].append(name) }
        let images = try await session.client.listImages(all: try arguments[all], filters: filters)
        if try arguments[Shared.quiet] {
            try session.out.write(images.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let table = images.flatMap { rows($0, now: session.now, full: full) }
        try session.out.write(try listing(table, digests: try arguments[digests]).text(format))
        return 0
    }

    private static func listing(_ rows: [JSONValue], digests: Bool) -> Listing {
        Listing(
            headings: [
                "Containers": "CONTAINERS", "CreatedAt": "CREATED AT", "CreatedSince": "CREATED", "Digest": "DIGEST",
                "ID": "IMAGE ID", "Repository": "REPOSITORY", "SharedSize": "SHARED SIZE", "Size": "SIZE",
                "Tag": "TAG", "UniqueSize": "UNIQUE SIZE", "VirtualSize": "SIZE",
            ],
            columns: ["Repository", "Tag"] + (digests ? ["Digest"] : []) + ["ID", "CreatedSince", "Size"], rows: rows)
    }

    /// One row a tag.
    static func rows(_ image: ImageSummary, now: Int, full: Bool) -> [JSONValue] {
        let tags = image.repoTags.isEmpty ? ["<none>:<none>"] : image.repoTags
        return tags.map { tag in
            let name = ImageName(tag)
            let digest = image.repoDigests.first { $0.hasPrefix(name.repository + "@") }
            return .row([
                "Containers": image.containers < 0 ? "N/A" : "\(image.containers)",
                "CreatedAt": listTime(Timestamp(seconds: image.created)),
                "CreatedSince": image.created <= 0 ? "N/A" : humanDuration(seconds: now - image.created) + " ago",
                "Digest": digest.map { String($0.dropFirst(name.repository.count + 1)) } ?? "<none>",
                "ID": shortID(image.id, full: full), "Repository": name.repository,
                "SharedSize": image.sharedSize < 0 ? "N/A" : humanSize(image.sharedSize),
                "Size": humanSize(image.size), "Tag": name.tag ?? "<none>",
                "UniqueSize": image.sharedSize < 0 ? "N/A" : humanSize(image.size - image.sharedSize),
                "VirtualSize": humanSize(image.size),
            ])
        }
    }
}

enum ImageTagCommand: Command {
    static let about = About(
        "tag", "Give an image another name", usage: "IMAGE NAME[:TAG]",
        examples: [("quell tag busybox base:1", "both names stay")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(2...2, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = ImageName(arguments.operands[1])
        try await session.client.tagImage(
            arguments.operands[0], repository: name.repository, tag: name.tag ?? "latest")
        return 0
    }
}

enum ImageRmCommand: Command {
    static let about = About(
        "rm", aliases: ["remove"], "Remove images", usage: "IMAGE [IMAGE...]",
        examples: [("quell rmi base:1", "the name, and the image when it was its last")])
    static let force = Flag("force", short: "f", "Also when containers or other names use it")
    static let noPrune = Flag("no-prune", "Leave its parents")
    static let options: [any OptionSpec] = [force, noPrune]
    static let operands = Operands.atLeast(1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (client, force, noPrune) = (session.client, try arguments[force], try arguments[noPrune])
        // One after the other: names of one image depend on each other.
        return try await session.each(arguments.operands, width: 1) { name in
            try await client.removeImage(name, force: force, noPrune: noPrune).map { deletedLine($0) }.joined(
                separator: "\n")
        }
    }
}

/// In the list of a prune docker begins with a small letter.
func deletedLine(_ item: ImageDeleteItem, inList: Bool = false) -> String {
    item.untagged.map { (inList ? "untagged: " : "Untagged: ") + $0 }
        ?? (inList ? "deleted: " : "Deleted: ") + (item.deleted ?? "")
}

enum ImagePruneCommand: Command {
    static let about = About(
        "prune", "Remove images that nothing uses",
        examples: [("quell image prune -af", "every image without a container")])
    static let all = Flag("all", short: "a", "Also images with a name")
    static let options: [any OptionSpec] = [all, Shared.force, Shared.pruneFilter]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let everything = try arguments[all]
        let what = everything ? "all images without a container." : "all images without a name."
        guard try arguments[Shared.force] || session.confirm("This removes \(what)") else { return 0 }
        let report = try await session.client.pruneImages(filters: try filters(arguments, everything))
        try session.out.write(
            pruneText(
                "Deleted Images:", (report.imagesDeleted ?? []).map { deletedLine($0, inList: true) },
                reclaimed: report.spaceReclaimed))
        return 0
    }

    static func filters(_ arguments: Arguments, _ everything: Bool) throws -> Filters {
        var filters = try arguments.filters(Shared.pruneFilter)
        filters["dangling"] = [everything ? "false" : "true"]
        return filters
    }
}

enum ImageHistoryCommand: Command {
    static let about = About(
        "history", "Show how an image was made", usage: "IMAGE",
        examples: [("quell history --no-trunc busybox", "with whole commands")])
    static let human = Flag("human", short: "H", default: true, "Sizes and times for people")
    static let options: [any OptionSpec] = [human, Shared.format, Shared.noTrunc, Shared.quiet]
    static let operands = Operands(1...1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let (full, human) = (try arguments[Shared.noTrunc], try arguments[human])
        let steps = try await session.client.imageHistory(arguments.operands[0])
        if try arguments[Shared.quiet] {
            try session.out.write(steps.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let rows = steps.map { row($0, now: session.now, full: full, human: human) }
        try session.out.write(
            try Listing(
                headings: [
                    "Comment": "COMMENT", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY",
                    "CreatedSince": "CREATED", "ID": "IMAGE", "Size": "SIZE",
                ],
                columns: ["ID", human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"], rows: rows
            ).text(format))
        return 0
    }

    private static func row(_ step: ImageHistoryItem, now: Int, full: Bool, human: Bool) -> JSONValue {
        let made = step.createdBy.split(separator: "\t").joined(separator: " ")
        return .row([
            "Comment": step.comment, "CreatedAt": Timestamp(seconds: step.created).description,
            "CreatedBy": full || made.count <= 45 ? made : made.prefix(44) + "…",
            "CreatedSince": step.created <= 0 ? "N/A" : humanDuration(seconds: now - step.created) + " ago",
            "ID": shortID(step.id, full: full), "Size": human ? humanSize(step.size) : "\(step.size)",
        ])
    }
}

import APITypes
import Client

enum PullCommand: Command {
    static let about = About(
        "pull", "Fetch an image from its registry", usage: "NAME[:TAG|@DIGEST]",
        details: """
            A name without a registry is Docker Hub's. What is here already is not fetched again, and a pull that broke \
            off is continued. Credentials are those of 'quell login' and 'docker login'.
            """,
        examples: [
            ("quell pull busybox", "the tag latest, of Docker Hub"),
            ("quell pull localhost:5000/app:1.2", "from a registry on this machine"),
            ("quell pull --platform linux/arm64 alpine:3", "for another machine"),
        ])
    static let allTags = Flag("all-tags", short: "a", "Every tag of the repository")
    static let platform = Option("platform", "OS/ARCH", "For another machine, such as linux/arm64")
    static let quiet = Flag("quiet", short: "q", "Only the name, at the end")
    static let options: [any OptionSpec] = [allTags, platform, quiet]
    static let operands = Operands(1...1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = RemoteName(arguments.operands[0])
        let all = try arguments[allTags]
        if all, name.tag != nil { throw UsageError("tag can't be used with --all-tags/-a: give the name alone") }
        let quiet = try arguments[quiet]
        if !all, name.tag == nil, !quiet { try session.print("Using default tag: latest") }
        try await pull(
            name, tag: all ? nil : name.tag ?? "latest", platform: try arguments[platform], session, session.out,
            quiet: quiet)
        try session.print(name.canonical(tag: all ? nil : name.tag ?? "latest"))
        return 0
    }

    /// Shows progress on `output`.
    static func pull(
        _ name: RemoteName, tag: String?, platform: String?, _ session: Session, _ output: Output, quiet: Bool
    ) async throws {
        let auth = try CredentialStore(session).credentials(for: RegistryHost.key(ofImage: name.repository))
        var board = LayerBoard(output, quiet: quiet)
        do {
            try await session.client.pullImage(name.repository, tag: tag, platform: platform, auth: auth) {
                try board.show($0)
            }
        } catch {
            try board.settle()
            throw error
        }
        try board.settle()
    }
}

enum PushCommand: Command {
    static let about = About(
        "push", "Send an image to its registry", usage: "NAME[:TAG]",
        details: """
            What the registry has already is not sent again; layers of images that came from the same registry are taken \
            over there. The digest of an image that was pulled stays what it was.
            """,
        examples: [
            ("quell push localhost:5000/app:1.2", "a name that 'quell tag' gave it"),
            ("quell push -a registry.example/team/app", "every tag that is here"),
        ])
    static let allTags = Flag("all-tags", short: "a", "Every tag of the repository that is here")
    static let quiet = Flag("quiet", short: "q", "Only the name, at the end")
    static let options: [any OptionSpec] = [allTags, quiet]
    static let operands = Operands(1...1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = RemoteName(arguments.operands[0])
        let (all, quiet) = (try arguments[allTags], try arguments[quiet])
        if all, name.tag != nil { throw UsageError("tag can't be used with --all-tags/-a: give the name alone") }
        if name.isDigest { throw UsageError("cannot push a digest: push a tag") }
        if !all, name.tag == nil, !quiet { try session.print("Using default tag: latest") }
        let auth = try CredentialStore(session).credentials(for: RegistryHost.key(ofImage: name.repository))
        var board = LayerBoard(session.out, quiet: quiet)
        do {
            try await session.client.pushImage(name.repository, tag: all ? nil : name.tag ?? "latest", auth: auth) {
                try board.show($0)
            }
        } catch {
            try board.settle()
            throw error
        }
        try board.settle()
        if quiet { try session.print(name.canonical(tag: all ? nil : name.tag ?? "latest")) }
        return 0
    }
}

/// `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` taken apart.
struct RemoteName: Hashable {
    let repository: String
    /// A tag, or a digest; nil where none was given.
    let tag: String?

    init(_ text: String) {
        if let at = text.firstIndex(of: "@") {
            repository = ImageName(String(text[..<at])).repository
            tag = String(text[text.index(after: at)...])
        } else {
            let name = ImageName(text)
            (repository, tag) = (name.repository, name.tag)
        }
    }

    var isDigest: Bool { tag?.contains(":") ?? false }

    /// `docker.io/library/busybox:latest`, as docker prints at the end.
    func canonical(tag: String?) -> String {
        let isHub = RegistryHost.key(ofImage: repository) == RegistryHost.hubKey
        let official = isHub && !repository.contains("/") ? "docker.io/library/" : isHub ? "docker.io/" : ""
        let bare = isHub && repository.hasPrefix("docker.io/") ? String(repository.dropFirst(10)) : repository
        return official + bare + (tag.map { ($0.contains(":") ? "@" : ":") + $0 } ?? "")
    }
}

/// Whether an image is fetched before a container is made of it.
enum PullPolicy: String, CaseIterable {
    case always, missing, never

    static let option = Option(
        "pull", "WHEN", "Fetch the image: always, when it is missing (default), or never",
        completion: .words(PullPolicy.allCases.map(\.rawValue))
    ) { (text) throws(ValueFault) -> PullPolicy in
        guard let policy = PullPolicy(rawValue: text) else {
            throw ValueFault("it is no such word", expected: "always, missing or never")
        }
        return policy
    }
    static let platform = Option("platform", "OS/ARCH", "Fetch the image for another machine, such as linux/arm64")
    static let quiet = Flag("quiet", short: "q", "Do not show how the image is fetched")
}

import APITypes
import Client
import Linux

enum CreateCommand: Command {
    static let about = About(
        "create", "Make a container without starting it", usage: "IMAGE [COMMAND] [ARG...]",
        examples: [("quell create --name web -v data:/data busybox httpd -f", "make it now, start it later")])
    static let options = CreateOptions.all
    static let operands = Operands.atLeast(1, .images, stopsOptions: true)
    static let failureStatus: Int32 = 125

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (request, cidfile) = try prepare(arguments, session)
        try session.print(try await create(request, arguments, cidfile, session))
        return 0
    }

    /// The request, and the file for the id, which must not be there yet.
    static func prepare(
        _ arguments: Arguments, _ session: Session
    ) throws -> (ContainerCreateRequest, String?) {
        var builder = CreateRequestBuilder(arguments, session)
        let request = try builder.build()
        let cidfile = try arguments[CreateOptions.cidfile].map { absolutePath($0, in: session.workingDirectory) }
        if let cidfile, try File.status(of: cidfile) != nil {
            throw UsageError(
                "invalid value \"\(cidfile)\" for --cidfile: there is such a file already; expected a new one")
        }
        return (request, cidfile)
    }

    /// Makes the container; its id is printed by the caller.
    static func create(
        _ request: ContainerCreateRequest, _ arguments: Arguments, _ cidfile: String?, _ session: Session
    ) async throws -> String {
        var request = request
        if let pod = try arguments[CreateOptions.pod] { try await Pod.find(pod, session).take(&request, session) }
        for names in try arguments[CreateOptions.requires] {
            for name in names.split(separator: ",") { _ = try await session.client.inspectContainer(String(name)) }
        }
        let made = try await make(request, arguments, session)
        for warning in made.warnings { try session.err.write("WARNING: \(warning)\n") }
        if let cidfile {
            try File.open(cidfile, [.writeOnly, .create, .exclusive], mode: 0o644).writeAll(Array(made.id.utf8))
        }
        return made.id
    }

    /// As docker: the image is fetched when it is missing, and progress goes to standard error.
    private static func make(_ request: ContainerCreateRequest, _ arguments: Arguments, _ session: Session)
        async throws -> ContainerCreateResponse
    {
        let policy = try arguments[PullPolicy.option] ?? .missing
        let name = try arguments[CreateOptions.name]
        if policy == .always { try await pull(request.config.image, arguments, session) }
        do {
            return try await session.client.createContainer(request, name: name, unhandled: "kill")
        } catch let error as ClientError where policy == .missing && error.isMissingImage {
            try session.err.write("Unable to find image '\(request.config.image)' locally\n")
            try await pull(request.config.image, arguments, session)
            return try await session.client.createContainer(request, name: name, unhandled: "kill")
        }
    }

    private static func pull(_ image: String, _ arguments: Arguments, _ session: Session) async throws {
        let name = RemoteName(image)
        try await PullCommand.pull(
            name, tag: name.tag ?? "latest", platform: try arguments[PullPolicy.platform], session, session.err,
            quiet: try arguments[PullPolicy.quiet])
    }
}

extension ClientError {
    /// The container cannot be made because its image is not there.
    fileprivate var isMissingImage: Bool {
        guard case .api(404, let message) = self else { return false }
        return message.hasPrefix("No such image:")
    }
}

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
        let made = try await session.client.createContainer(
            request, name: try arguments[CreateOptions.name], unhandled: "kill")
        for warning in made.warnings { try session.err.write("WARNING: \(warning)\n") }
        if let cidfile {
            try File.open(cidfile, [.writeOnly, .create, .exclusive], mode: 0o644).writeAll(Array(made.id.utf8))
        }
        return made.id
    }
}

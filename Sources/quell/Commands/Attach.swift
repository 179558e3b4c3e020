import APITypes
import Client

enum AttachCommand: Command {
    static let about = About(
        "attach", "Tie our standard streams to those of a running container", usage: "CONTAINER",
        examples: [("quell attach web", "see what it prints; ctrl-p ctrl-q leaves it running")])
    static let noStdin = Flag("no-stdin", "Leave standard input alone")
    static let options: [any OptionSpec] = [noStdin, RunCommand.sigProxy, Shared.detachKeys]
    static let operands = Operands(1...1, .runningContainers)

    private struct Detached: Error {}

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let container = try await session.client.inspectContainer(arguments.operands[0])
        guard container.state.running else { throw Failure("\(arguments.operands[0]) does not run: start it first") }
        guard !container.state.paused else { throw Failure("\(arguments.operands[0]) is paused: unpause it first") }
        return try await attach(container, stdin: try !arguments[noStdin], arguments, session)
    }

    static func attach(
        _ container: ContainerInspect, stdin: Bool, _ arguments: Arguments, _ session: Session
    ) async throws -> Int32 {
        let (client, id) = (session.client, container.id)
        var query = AttachQuery()
        query.stdin = stdin && container.config.openStdin
        let tty = container.config.tty
        try Interaction.check(tty: tty, stdin: query.stdin)
        let keys = try arguments[Shared.detachKeys] ?? DetachKeys(parsing: DetachKeys.standard)
        if tty { query.detachKeys = keys.text }
        let stream = try await client.attachContainer(id, query)
        let interaction = Interaction(
            session: session, stream: stream, tty: tty, stdin: query.stdin, detachKeys: tty ? keys : nil,
            resize: { try await client.resizeContainer(id, rows: $0, columns: $1) },
            forward: client.signalForwarder(id, unless: try tty || !arguments[RunCommand.sigProxy]))
        do {
            return try exitStatus(
                try await client.waitContainer(id) {
                    if try await interaction.run() == .detached { throw Detached() }
                }, session)
        } catch is Detached {
            try session.err.write("read escape sequence\n")
            return 0
        }
    }
}

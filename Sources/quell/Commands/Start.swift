import APITypes
import Client

enum StartCommand: Command {
    static let about = About(
        "start", "Start containers that do not run", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell start web db", "both"), ("quell start -ai shell", "one, attached")])
    static let attach = Flag("attach", short: "a", "Attach standard output and error")
    static let interactive = Flag("interactive", short: "i", "Attach standard input")
    static let options: [any OptionSpec] = [attach, interactive, RunCommand.sigProxy, Shared.detachKeys]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        guard try arguments[attach] || arguments[interactive] else {
            return try await session.each(arguments.operands) {
                try await client.startContainer($0)
                return $0
            }
        }
        guard arguments.operands.count == 1 else { throw UsageError("only one container can be attached") }
        let container = try await client.inspectContainer(arguments.operands[0])
        if container.state.running {
            return try await AttachCommand.attach(container, stdin: try arguments[interactive], arguments, session)
        }
        var query = AttachQuery()
        query.stdin = try arguments[interactive] && container.config.openStdin
        try Interaction.check(tty: container.config.tty, stdin: query.stdin)
        return try await AttachedRun(
            session: session, id: container.id, query: query, tty: container.config.tty,
            removesItself: container.hostConfig.autoRemove,
            detachKeys: try arguments[Shared.detachKeys] ?? DetachKeys(parsing: DetachKeys.standard),
            proxiesSignals: try arguments[RunCommand.sigProxy]
        ).run()
    }
}

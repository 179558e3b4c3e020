import APITypes
import Client
import Lifecycle

enum RunCommand: Command {
    static let about = About(
        "run", "Make a container and start it", usage: "IMAGE [COMMAND] [ARG...]",
        details: """
            Exit status: the command's own, 128+n when signal n ended it, 125 when quell failed, 126 when the command \
            cannot be executed, 127 when there is no such command.
            """,
        examples: [
            ("quell run --rm -it busybox sh", "a shell that leaves nothing behind"),
            ("quell run -d --name web -m 256m busybox httpd -f", "a service in the background"),
            ("quell run --stop-ladder \"INT:5s, TERM:5s, KILL\" -d busybox sleep 1d", "with its own way to be stopped"),
        ])
    static let detach = Flag("detach", short: "d", "Leave it in the background and print its id")
    static let attach = Repeated(
        "attach", short: "a", "STREAM", "Attach only stdin, stdout or stderr",
        completion: .words(["stdin", "stdout", "stderr"])
    ) {
        (text) throws(ValueFault) in
        guard ["stdin", "stdout", "stderr"].contains(text.lowercased()) else {
            throw ValueFault("it is no standard stream", expected: "stdin, stdout or stderr")
        }
        return text.lowercased()
    }
    static let sigProxy = Flag("sig-proxy", default: true, "Pass our signals on to the command")
    static let options: [any OptionSpec] = CreateOptions.all + [detach, attach, sigProxy, Shared.detachKeys]
    static let operands = CreateCommand.operands
    static let failureStatus: Int32 = 125

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let detached = try arguments[detach]
        if detached && arguments.isGiven(attach) { throw UsageError.conflict("detach", "attach") }
        var (request, cidfile) = try CreateCommand.prepare(arguments, session)
        let query = try streams(arguments, request.config)
        if !detached {
            try Interaction.check(tty: request.config.tty, stdin: query.stdin)
            request.config.attachStdin = query.stdin
            request.config.attachStdout = query.stdout
            request.config.attachStderr = query.stderr
            request.config.stdinOnce = request.config.openStdin
            if request.config.tty { request.hostConfig?.consoleSize = session.consoleSize }
        }
        // While the container is made: the calls after that each take a connection of their own.
        async let ahead: Void = session.client.openAhead(detached ? 0 : 2)
        let id = try await CreateCommand.create(request, arguments, cidfile, session)
        await ahead
        let run = AttachedRun(
            session: session, id: id, query: query, tty: request.config.tty,
            removesItself: request.hostConfig?.autoRemove ?? false,
            detachKeys: try arguments[Shared.detachKeys] ?? DetachKeys(parsing: DetachKeys.standard),
            proxiesSignals: try arguments[sigProxy])
        if detached {
            try await run.start()
            try session.print(id)
            return 0
        }
        return try await run.run()
    }

    private static func streams(_ arguments: Arguments, _ config: ContainerConfig) throws -> AttachQuery {
        var query = AttachQuery()
        query.stdin = config.openStdin
        let wanted = try arguments[attach]
        if !wanted.isEmpty {
            query.stdin = wanted.contains("stdin")
            query.stdout = wanted.contains("stdout")
            query.stderr = wanted.contains("stderr")
        }
        return query
    }
}

/// Starts a container with our streams attached, and takes over its exit status.
struct AttachedRun: Sendable {
    let session: Session
    let id: String
    let query: AttachQuery
    let tty: Bool
    let removesItself: Bool
    let detachKeys: DetachKeys
    let proxiesSignals: Bool

    private struct Detached: Error {}

    /// The order matters: attached before the start no output is lost, watched before the start no exit. Of those two neither
    /// waits for the other.
    func run() async throws -> Int32 {
        let (client, id) = (session.client, self.id)
        var query = query
        if tty { query.detachKeys = detachKeys.text }
        let attaching = Task { [query] in try await client.attachContainer(id, query) }
        defer { attaching.cancel() }
        do {
            let ended = try await client.waitContainer(id, removesItself ? .removed : .nextExit) {
                let stream = try await attaching.value
                if try await interaction(stream).run(after: start) == .detached { throw Detached() }
            }
            return try exitStatus(ended, session)
        } catch is Detached {
            try session.err.write("read escape sequence\n")
            return 0
        }
    }

    private func interaction(_ stream: HijackedStream) -> Interaction {
        let (client, id) = (session.client, self.id)
        return Interaction(
            session: session, stream: stream, tty: tty, stdin: query.stdin, detachKeys: tty ? detachKeys : nil,
            resize: { try await client.resizeContainer(id, rows: $0, columns: $1) },
            forward: client.signalForwarder(id, unless: tty || !proxiesSignals))
    }

    /// - Throws: `Failure` with docker's status for a command that is missing (127) or not executable (126); a container
    ///   that removes itself has gone by then.
    func start() async throws {
        do {
            try await session.client.startContainer(id)
        } catch let error as ClientError {
            if case .api = error, removesItself { try await awaitRemoval() }
            throw Failure("\(error)", status: startFailureStatus(error))
        }
    }

    private func awaitRemoval() async throws {
        do {
            _ = try await session.client.waitContainer(id, .removed, within: .seconds(10))
        } catch let error as ClientError where error.isNotFound {
            // It had gone before it was asked for.
        } catch let error as ClientError {
            try session.warn("container \(shortID(id)) is not removed yet: \(error)")
        }
    }
}

/// The container's status as ours.
func exitStatus(_ ended: WaitResponse, _ session: Session) throws -> Int32 {
    if let error = ended.error, !error.message.isEmpty { throw Failure(error.message, status: 125) }
    return Int32(truncatingIfNeeded: ended.statusCode & 0xFF)
}

/// 127: no such command; 126: it cannot be executed; 125: everything else.
func startFailureStatus(_ error: ClientError) -> Int32 {
    // The daemon answers 400 where the command is at fault; the same words with another status are about something else.
    guard case .api(400, let message) = error else { return 125 }
    let text = message.lowercased()
    if ["executable file not found", "no such file or directory", "command not found"].contains(where: text.contains) {
        return 127
    }
    if ["permission denied", "not executable", "is a directory", "exec format error"].contains(where: text.contains) {
        return 126
    }
    return 125
}

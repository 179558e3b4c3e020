import APITypes
import Client

enum ExecCommand: Command {
    static let about = About(
        "exec", "Run a command in a running container", usage: "CONTAINER COMMAND [ARG...]",
        details: "Exit status: the command's own; 126 when it cannot be executed, 127 when there is no such command.",
        examples: [
            ("quell exec -it web sh", "a shell inside"),
            ("quell exec -e DEBUG=1 -w /srv web ./task", "with a variable and a directory"),
        ])
    static let detach = Flag("detach", short: "d", "Leave it in the background")
    static let interactive = Flag("interactive", short: "i", "Keep standard input open")
    static let tty = Flag("tty", short: "t", "Give it a terminal")
    static let privileged = Flag("privileged", "All capabilities")
    static let user = Option("user", short: "u", "USER[:GROUP]", "User and group")
    static let workdir = Option("workdir", short: "w", "DIR", "Working directory")
    static let options: [any OptionSpec] = [
        detach, interactive, tty, privileged, user, workdir, CreateOptions.env, CreateOptions.envFile,
        Shared.detachKeys,
    ]
    static let operands = Operands.atLeast(2, .runningContainers, stopsOptions: true)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        let request = try request(arguments, session)
        let id = try await client.createExec(arguments.operands[0], request)
        do {
            if try arguments[detach] {
                try await client.startExecDetached(id, tty: request.tty)
                return 0
            }
            let stream = try await client.startExec(id, tty: request.tty, consoleSize: request.consoleSize)
            return try await interact(id, stream, request, arguments, session)
        } catch let error as ClientError {
            let status = startFailureStatus(error)
            throw Failure("\(error)", status: status == 125 ? 1 : status)
        }
    }

    private static func request(_ arguments: Arguments, _ session: Session) throws -> ExecCreateRequest {
        var request = ExecCreateRequest()
        let detached = try arguments[detach]
        request.tty = try arguments[tty]
        request.attachStdin = try !detached && arguments[interactive]
        request.attachStdout = !detached
        request.attachStderr = !detached
        try Interaction.check(tty: request.tty, stdin: request.attachStdin)
        request.consoleSize = request.tty ? session.consoleSize : nil
        if request.tty { request.detachKeys = try keys(arguments).text }
        request.privileged = try arguments[privileged]
        request.user = try arguments[user]
        request.workingDir = try arguments[workdir]
        request.cmd = Array(arguments.operands.dropFirst())
        request.env = try arguments.environment(session)
        return request
    }

    private static func keys(_ arguments: Arguments) throws -> DetachKeys {
        try arguments[Shared.detachKeys] ?? DetachKeys(parsing: DetachKeys.standard)
    }

    private static func interact(
        _ id: String, _ stream: HijackedStream, _ request: ExecCreateRequest, _ arguments: Arguments, _ session: Session
    ) async throws -> Int32 {
        let client = session.client
        let keys = try keys(arguments)
        let ending = try await Interaction(
            session: session, stream: stream, tty: request.tty, stdin: request.attachStdin,
            detachKeys: request.tty ? keys : nil,
            resize: { try await client.resizeExec(id, rows: $0, columns: $1) }, forward: nil
        ).run()
        if ending == .detached {
            try session.err.write("read escape sequence\n")
            return 0
        }
        return try await exitStatus(of: id, session)
    }

    /// The output may end before the command does, and the API has no call that waits for an exec.
    private static func exitStatus(of id: String, _ session: Session) async throws -> Int32 {
        var pause = Duration.milliseconds(1)
        while true {
            let exec = try await session.client.inspectExec(id)
            if !exec.running {
                guard let code = exec.exitCode else { throw Failure("nobody saw the exit status of the command") }
                return Int32(truncatingIfNeeded: code & 0xFF)
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
    }
}

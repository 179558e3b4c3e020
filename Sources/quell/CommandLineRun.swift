import Client
import Lifecycle
import Linux

/// One command line, from its words to the exit status.
struct CommandLineRun {
    let words: [String]

    init(_ words: [String]) { self.words = words }

    /// What the words ask for.
    enum Request {
        case version
        case help(String)
        case command(any Command.Type, path: [String], Arguments, host: String?, deadline: Duration?)
    }

    func status() async -> Int32 {
        var failureStatus: Int32 = 125
        do {
            switch try parse() {
            case .version: try Output(1).write("quell version \(Quell.version)\n")
            case .help(let text): try Output(1).write(text)
            case .command(let command, _, let arguments, let host, let deadline):
                failureStatus = command.failureStatus
                let session = try makeSession(host: host)
                if let deadline { arm(deadline, session) }
                return try await command.run(arguments, session)
            }
            return 0
        } catch {
            return report(error, failureStatus)
        }
    }

    private func report(_ error: any Error, _ failureStatus: Int32) -> Int32 {
        RawMode.leave()
        switch error {
        case is BrokenPipe: return 128 + Signal.pipe.number
        case let error as UsageError:
            let (path, command) = named()
            Output.say("quell: \(error)\n" + "See 'quell \(path)--help'.")
            return command?.usageStatus ?? 125
        case let error as Failure:
            Output.say("quell: \(error)")
            return error.status ?? failureStatus
        case ClientError.daemonNotRunning:
            Output.say("quell: \(error). Start one with: quelld & (or: systemctl start quell)")
            return failureStatus
        default:
            Output.say("quell: \(error)")
            return failureStatus
        }
    }

    private func makeSession(host: String?) throws -> Session {
        let environment = try CommandLineRun.environment()
        let endpoint =
            try host.map { text throws(ClientError) in try Endpoint(parsing: text) }
            ?? Endpoint(environment: environment)
        return Session(
            environment: environment, workingDirectory: try File.readLink("/proc/self/cwd"), endpoint: endpoint,
            isPodman: CommandLine.arguments.first?.split(separator: "/").last == "podman")
    }

    /// The variables this program was started with.
    static func environment() throws(SystemError) -> [String: String] {
        let bytes = try File.read("/proc/self/environ", limit: 8 << 20)
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            let text = String(decoding: entry, as: UTF8.self)
            guard let cut = text.firstIndex(of: "=") else { continue }
            variables[String(text[..<cut])] = String(text[text.index(after: cut)...])
        }
        return variables
    }

    /// On the client's thread, so that nothing a command does can hold it up.
    private func arm(_ deadline: Duration, _ session: Session) {
        session.client.schedule(after: deadline) {
            RawMode.leave()
            Output.sayIfRoom(
                "quell: gave up after \(deadline.shortText) (--deadline); what was asked of quelld may still go on")
            Quell.leave(124)
        }
    }

    // MARK: the words

    func parse() throws(UsageError) -> Request {
        var globals = OptionReader(Global.options, stopsAtOperand: true)
        try globals.read(words)
        do {
            if try globals.arguments[Global.version] { return .version }
            let host = try globals.arguments[Global.host]
            let deadline = try globals.arguments[Global.deadline]
            let rest = globals.arguments.operands
            if globals.wantsHelp || rest.isEmpty || rest == ["help"] {
                return .help(Help.text(of: CommandTree.about, CommandTree.nodes, path: ["quell"]))
            }
            if rest[0] == "help" {
                return try find(
                    Array(rest.dropFirst()) + ["--help"], CommandTree.nodes, CommandTree.about, ["quell"], nil, nil)
            }
            return try find(rest, CommandTree.nodes, CommandTree.about, ["quell"], host, deadline)
        } catch let error as UsageError {
            throw error
        } catch {
            throw UsageError("\(error)")
        }
    }

    private func find(
        _ words: [String], _ nodes: [CommandNode], _ about: About, _ path: [String], _ host: String?,
        _ deadline: Duration?
    ) throws -> Request {
        guard let word = words.first, word != "--help", word != "-h" else {
            return .help(Help.text(of: about, nodes, path: path))
        }
        guard let node = nodes.first(where: { $0.isNamed(word) }) else { throw unknown(word, nodes, path) }
        let rest = Array(words.dropFirst())
        switch node {
        case .group(let about, let children):
            return try find(rest, children, about, path + [about.name], host, deadline)
        case .command(let command): return try read(command, rest, path + [command.about.name], host, deadline)
        case .alias(let name, let command): return try read(command, rest, path + [name], host, deadline)
        }
    }

    private func read(
        _ command: any Command.Type, _ words: [String], _ path: [String], _ host: String?, _ deadline: Duration?
    ) throws -> Request {
        var reader = OptionReader(command.options + [Global.deadline], stopsAtOperand: command.operands.stopsOptions)
        try reader.read(words)
        if reader.wantsHelp { return .help(Help.text(of: command, path: path)) }
        try command.operands.check(reader.arguments.operands.count, path.joined(separator: " "))
        let limit = try reader.arguments[Global.deadline] ?? deadline
        return .command(command, path: path, reader.arguments, host: host, deadline: limit)
    }

    /// What docker has and Quell does not have yet.
    private static let missing = [
        "search": "registries have no common way to be searched",
        "build": "images come from 'quell pull', 'quell image import' and 'quell load'",
        "compose": "use 'quell run' for each service",
    ]

    private func unknown(_ word: String, _ nodes: [CommandNode], _ path: [String]) -> UsageError {
        if let hint = CommandLineRun.missing[word] {
            return UsageError("\((path + [word]).joined(separator: " ")) is not there yet: \(hint)")
        }
        let near = nodes.map(\.name).filter { name in
            name.hasPrefix(word) || editDistance(name, word) * 2 < min(5, word.count)
        }
        let hint = near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?"
        return UsageError("unknown command \"\(word)\" for \"\(path.joined(separator: " "))\"\(hint)")
    }

    /// The command as far as the words name one, each word with a blank behind it for the hint at its help.
    private func named() -> (path: String, command: (any Command.Type)?) {
        var globals = OptionReader(Global.options, stopsAtOperand: true)
        do throws(UsageError) { try globals.read(words) } catch { return ("", nil) }
        var nodes = CommandTree.nodes
        var path = ""
        for word in globals.arguments.operands {
            guard let node = nodes.first(where: { $0.isNamed(word) }) else { break }
            path += word + " "
            switch node {
            case .group(_, let children): nodes = children
            case .command(let command), .alias(_, let command): return (path, command)
            }
        }
        return (path, nil)
    }
}

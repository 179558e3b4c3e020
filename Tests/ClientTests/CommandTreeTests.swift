import Testing

@testable import quell

@Suite struct CommandTreeTests {
    /// Every command by its path.
    private static let commands: [(path: [String], command: any Command.Type)] = walk(CommandTree.nodes, [])

    private static func walk(_ nodes: [CommandNode], _ path: [String]) -> [(path: [String], command: any Command.Type)]
    {
        nodes.flatMap { node -> [(path: [String], command: any Command.Type)] in
            switch node {
            case .command(let command), .alias(_, let command): [(path + [node.name], command)]
            case .group(_, let children): walk(children, path + [node.name])
            }
        }
    }

    @Test func everyCommandIsDescribed() {
        for (path, command) in Self.commands {
            let options = command.options + [Global.deadline]
            let names = options.flatMap { [$0.name] + $0.aliases }
            #expect(Set(names).count == names.count, "an option of \(path) twice")
            let letters = options.compactMap(\.short)
            #expect(Set(letters).count == letters.count, "a letter of \(path) twice")
            #expect(!command.about.examples.isEmpty && command.about.examples.allSatisfy { !$0.line.isEmpty })
            #expect(!command.about.summary.hasSuffix("."))
            let help = Help.text(of: command, path: ["quell"] + path)
            #expect(help.hasPrefix("Usage: quell \(path.joined(separator: " "))"))
            #expect(help.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(path)")
        }
    }

    @Test(arguments: [
        "run", "create", "start", "stop", "kill", "restart", "rm", "ps", "inspect", "logs", "exec", "attach", "wait",
        "pause", "unpause", "top", "stats", "rename", "update", "cp", "export", "diff", "events", "info", "version",
        "images", "pull", "push", "login", "logout", "rmi", "tag", "save", "load", "import", "history", "completion",
        "image import", "image load",
        "image save", "image ls", "image tag", "image inspect", "image rm", "image prune", "image history",
        "container ls", "container stop", "container prune", "volume create", "volume ls", "volume inspect",
        "volume rm", "volume prune", "network ls", "system df", "system prune", "system info", "system events",
    ])
    func verbsAreThere(_ path: String) throws {
        guard
            case .help(let text) = try CommandLineRun(path.split(separator: " ").map(String.init) + ["--help"]).parse()
        else {
            Issue.record("no help for \(path)")
            return
        }
        #expect(text.contains("Examples:"))
    }

    /// Each example of the help must be a command line that can be read.
    @Test func examplesParse() throws {
        for (_, command) in Self.commands {
            for line in command.about.examples.map(\.line) where line.hasPrefix("quell ") && !line.contains("|") {
                let words = shellWords(line.split(separator: " < ")[0].split(separator: " > ")[0])
                if case .help = try CommandLineRun(Array(words.dropFirst())).parse() {
                    Issue.record("\(line) is no command")
                }
            }
        }
    }

    private func shellWords(_ line: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for letter in line + " " {
            if letter == quote {
                quote = nil
            } else if quote != nil {
                word.append(letter)
            } else if "'\"".contains(letter) {
                quote = letter
            } else if letter == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(letter)
            }
        }
        return words
    }

    @Test(arguments: [
        (["nope"], #"unknown command "nope" for "quell""#),
        (["strat"], #"unknown command "strat" for "quell"; did you mean start, stats?"#),
        (["image", "nope"], #"unknown command "nope" for "quell image""#),
        (
            ["build"],
            "quell build is not there yet: images come from 'quell pull', 'quell image import' and 'quell load'"
        ),
        (["stop"], "quell stop needs at least 1 argument"),
        (["rename", "a"], "quell rename takes exactly 2 arguments"),
        (["ps", "x"], "quell ps takes no arguments"), (["exec", "web"], "quell exec needs at least 2 arguments"),
        (
            ["--deadline", "soon", "ps"],
            #"invalid value "soon" for --deadline: it is no duration; expected a duration such as 500ms, 10s or 1m30s"#
        ),
    ])
    func faultsAreNamed(_ words: [String], _ message: String) {
        #expect(throws: UsageError(message)) { _ = try CommandLineRun(words).parse() }
    }

    @Test func globalOptionsStandBefore() throws {
        guard
            case .command(let command, _, _, let host, let deadline) = try CommandLineRun([
                "-H", "/x", "--deadline=5s", "ps", "-a",
            ]).parse()
        else {
            Issue.record("no command")
            return
        }
        #expect(command.about.name == "ps" && host == "/x" && deadline == .seconds(5))
        guard case .command(_, _, _, _, let later) = try CommandLineRun(["ps", "--deadline", "2s"]).parse() else {
            return
        }
        #expect(later == .seconds(2))
    }

    @Test(arguments: [
        (["st"], ["start", "stats", "stop"]), (["image", "i"], ["import", "inspect"]), (["--ho"], ["--host"]),
        (["stop", "--unhandled", ""], ["kill", "wait"]), (["run", "--network", "h"], ["host"]),
        (["ps", "--no"], ["--no-trunc"]), (["completion", "b"], ["bash"]), (["ps", ""], []),
        (["-H", "x", "inf"], ["info"]),
    ])
    func wordsAreCompleted(_ words: [String], _ expected: [String]) {
        #expect(CompletionQuery(words).answer == .words(expected))
    }

    @Test(arguments: [
        (["run", "--restart=al"], "--restart=", ["always"]), (["stop", "--scope=a"], "--scope=", ["auto", "all"]),
        (["stop", "--scope", "i"], "", ["init"]), (["run", "--rm=", ""], "", []),
    ])
    func valuesAreCompletedBehindTheirOption(_ words: [String], _ lead: String, _ expected: [String]) {
        let query = CompletionQuery(words)
        #expect(query.lead == lead)
        if !expected.isEmpty { #expect(query.answer == .words(expected)) }
    }

    /// `stop` and `kill` end with 0, 1 or 3 and nothing else.
    @Test(
        arguments: [
            (["stop", "-s", "NOPE", "web"], 1), (["-H", "/nowhere", "container", "kill", "-s", "0", "web"], 1),
            (["stop"], 1), (["ps", "--nope"], 125), (["--nope", "stop"], 125), (["nope"], 125),
        ] as [([String], Int32)])
    func usageErrorsHaveAStatus(_ words: [String], _ expected: Int32) async {
        #expect(await CommandLineRun(words).status() == expected)
    }

    @Test(arguments: [
        (["stop", "w"], Completion.runningContainers, "w"), (["rm", "-f", ""], .containers, ""),
        (["run", "--rm", "-e", "A=1", "b"], .images, "b"), (["run", "img", "x"], .files, "x"),
        (["volume", "rm", "d"], .volumes, "d"), (["load", "-i", "f"], .files, "f"),
        (["exec", "-it", "w"], .runningContainers, "w"), (["cp", "we"], .copyPlaces, "we"),
        (["load", "--input=f"], .files, "f"),
    ])
    func namesAreCompleted(_ words: [String], _ kind: Completion, _ prefix: String) {
        #expect(CompletionQuery(words).answer == .names(kind, prefix: prefix))
    }
}

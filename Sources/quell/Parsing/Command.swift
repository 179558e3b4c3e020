/// What `--help` says of a command.
struct About: Sendable {
    let name: String
    let aliases: [String]
    let summary: String
    /// The operands, as help shows them: `CONTAINER [CONTAINER...]`.
    let usage: String
    /// More than one line's worth, where there is something to say.
    let details: String?
    /// Command lines with what they do.
    let examples: [(line: String, what: String)]

    init(
        _ name: String, aliases: [String] = [], _ summary: String, usage: String = "", details: String? = nil,
        examples: [(line: String, what: String)]
    ) {
        (self.name, self.aliases, self.summary) = (name, aliases, summary)
        (self.usage, self.details, self.examples) = (usage, details, examples)
    }
}

/// How many operands a command takes, and what they are.
struct Operands: Sendable {
    let count: ClosedRange<Int>
    let completion: Completion
    /// The first operand ends the options.
    let stopsOptions: Bool

    static let none = Operands(0...0, .none)

    init(_ count: ClosedRange<Int>, _ completion: Completion, stopsOptions: Bool = false) {
        (self.count, self.completion, self.stopsOptions) = (count, completion, stopsOptions)
    }

    static func atLeast(_ least: Int, _ completion: Completion, stopsOptions: Bool = false) -> Operands {
        Operands(least...Int.max, completion, stopsOptions: stopsOptions)
    }

    func check(_ count: Int, _ path: String) throws(UsageError) {
        if self.count.contains(count) { return }
        let bound = self.count.lowerBound
        let plural = bound == 1 ? "" : "s"
        if self.count.upperBound == 0 { throw UsageError("\(path) takes no arguments") }
        if self.count.lowerBound == self.count.upperBound {
            throw UsageError("\(path) takes exactly \(bound) argument\(plural)")
        }
        throw UsageError(
            count < bound
                ? "\(path) needs at least \(bound) argument\(plural)"
                : "\(path) takes at most \(self.count.upperBound) arguments")
    }
}

/// One verb of the command line.
protocol Command: Sendable {
    static var about: About { get }
    static var options: [any OptionSpec] { get }
    static var operands: Operands { get }
    /// The exit status of an error that no container caused.
    static var failureStatus: Int32 { get }
    /// The exit status of a command line that cannot be followed.
    static var usageStatus: Int32 { get }
    /// Returns the exit status.
    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32
}

extension Command {
    static var failureStatus: Int32 { 1 }
    static var usageStatus: Int32 { 125 }
}

/// A command, or a noun with its commands.
indirect enum CommandNode: Sendable {
    case command(any Command.Type)
    /// A command under another name: `rmi` for `image rm`.
    case alias(String, any Command.Type)
    case group(About, [CommandNode])

    var name: String {
        switch self {
        case .command(let command): command.about.name
        case .alias(let name, _): name
        case .group(let about, _): about.name
        }
    }

    var summary: String {
        switch self {
        case .command(let command), .alias(_, let command): command.about.summary
        case .group(let about, _): about.summary
        }
    }

    func isNamed(_ word: String) -> Bool {
        switch self {
        case .command(let command): command.about.name == word || command.about.aliases.contains(word)
        case .alias(let name, _): name == word
        case .group(let about, _): about.name == word || about.aliases.contains(word)
        }
    }
}

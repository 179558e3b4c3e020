/// A command line that cannot be followed. Exit status 125, as docker's, unless the command says otherwise.
struct UsageError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// `invalid value "x" for --memory: it is no number; expected a size such as 512m or 2g`
    init(option: some OptionSpec, text: String, fault: ValueFault) {
        self.init("invalid value \"\(text)\" for --\(option.name): \(fault.fault); expected \(fault.expected)")
    }

    static func conflict(_ first: String, _ second: String) -> UsageError {
        UsageError("--\(first) and --\(second) exclude each other")
    }
}

/// What a command line says: the options given, and what is left.
struct Arguments: Sendable {
    /// The texts of each option by its name, in the order given.
    private(set) var texts: [String: [String]] = [:]
    /// Everything that is no option.
    private(set) var operands: [String] = []

    mutating func add(_ text: String, to option: any OptionSpec) { texts[option.name, default: []].append(text) }
    mutating func add(operand: String) { operands.append(operand) }
    /// The same options with other operands.
    func with(operands: [String]) -> Arguments {
        var arguments = self
        arguments.operands = operands
        return arguments
    }

    mutating func add(operands rest: some Sequence<String>) { operands += rest }

    func isGiven(_ option: any OptionSpec) -> Bool { texts[option.name] != nil }

    subscript(flag: Flag) -> Bool {
        get throws { try texts[flag.name]?.last.map { text in try read(flag, text, Flag.parse) } ?? flag.standard }
    }

    subscript<Value>(option: Option<Value>) -> Value? {
        get throws { try texts[option.name]?.last.map { text in try read(option, text, option.parse) } }
    }

    subscript<Value>(option: Repeated<Value>) -> [Value] {
        get throws { try texts[option.name, default: []].map { text in try read(option, text, option.parse) } }
    }

    private func read<Value>(
        _ option: some OptionSpec, _ text: String, _ parse: (String) throws(ValueFault) -> Value
    ) throws(UsageError) -> Value {
        do throws(ValueFault) { return try parse(text) } catch {
            throw UsageError(option: option, text: text, fault: error)
        }
    }
}

/// Reads options as docker's commands do (pflag's rules): `--name value`, `--name=value`, `-n value`, `-nvalue`, clusters
/// such as `-dit`, and `--` for the end of options.
struct OptionReader {
    let options: [any OptionSpec]
    /// The first operand ends the options: what follows belongs to the command in the container.
    let stopsAtOperand: Bool
    private(set) var arguments = Arguments()
    /// `--help` was seen.
    private(set) var wantsHelp = false

    init(_ options: [any OptionSpec], stopsAtOperand: Bool = false) {
        (self.options, self.stopsAtOperand) = (options, stopsAtOperand)
    }

    mutating func read(_ words: some Collection<String>) throws(UsageError) {
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                arguments.add(operands: rest)
                return
            } else if word.hasPrefix("--") {
                try readLong(word, &rest)
            } else if word.hasPrefix("-") && word != "-" {
                try readCluster(word, &rest)
            } else {
                arguments.add(operand: word)
                guard !stopsAtOperand else {
                    arguments.add(operands: rest)
                    return
                }
            }
            if wantsHelp { return }
        }
    }

    private mutating func readLong(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let option = options.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
            if name == "help" {
                wantsHelp = true
                return
            }
            throw unknown(name)
        }
        if parts.count == 2 {
            try take(String(parts[1]), option)
        } else if option.placeholder == nil {
            try take("true", option)
        } else {
            try take(try value(of: "--\(name)", &rest), option)
        }
    }

    private mutating func readCluster(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = options.first(where: { $0.short == letter }) else {
                if letter == "h" {
                    wantsHelp = true
                    return
                }
                throw UsageError("unknown option -\(letter)" + (word.count > 2 ? " in \(word)" : ""))
            }
            if option.placeholder == nil {
                guard letters.first == "=" else {
                    try take("true", option)
                    continue
                }
                return try take(String(letters.dropFirst()), option)
            }
            if letters.isEmpty { return try take(try value(of: "-\(letter)", &rest), option) }
            return try take(String(letters.first == "=" ? letters.dropFirst() : letters), option)
        }
    }

    private func value(of name: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> String {
        guard let value = rest.popFirst() else { throw UsageError("option \(name) needs a value") }
        return value
    }

    private mutating func take(_ text: String, _ option: any OptionSpec) throws(UsageError) {
        do throws(ValueFault) { try option.check(text) } catch {
            throw UsageError(
                "invalid value \"\(text)\" for --\(option.name): \(error.fault); expected \(error.expected)")
        }
        arguments.add(text, to: option)
    }

    private func unknown(_ name: String) -> UsageError {
        let near = options.map(\.name).filter { $0.hasPrefix(name) || editDistance($0, name) <= 2 }
        return UsageError(
            "unknown option --\(name)" + (near.isEmpty ? "" : "; did you mean --\(near.joined(separator: ", --"))?"))
    }
}

/// How many letters have to be changed, added or taken away.
func editDistance(_ first: String, _ second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (i, letter) in first.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in second.enumerated() {
            let best = min(row[j], row[j + 1]) + 1
            (diagonal, row[j + 1]) = (row[j + 1], min(best, diagonal + (letter == other ? 0 : 1)))
        }
    }
    return row[second.count]
}

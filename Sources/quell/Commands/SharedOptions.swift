import APITypes
import Client
import Linux

/// Options that many commands have.
enum Shared {
    static let format = Option(
        "format", "FORMAT",
        "Print with a template: 'json', 'table', 'table TEMPLATE' or a TEMPLATE such as '{{.Names}}'")
    static let filter = Repeated("filter", short: "f", "KEY=VALUE", "Show only what matches") {
        (text) throws(ValueFault) in
        try KeyValue.setting(text)
    }
    static let quiet = Flag("quiet", short: "q", "Only ids")
    static let noTrunc = Flag("no-trunc", "Do not cut anything short")
    static let noHeading = Flag("noheading", "A table without its first line")
    static let force = Flag("force", short: "f", "Do not ask")
    static let pruneFilter = Repeated("filter", "KEY=VALUE", "Take only what matches, such as until=24h or label=x") {
        (text) throws(ValueFault) in try KeyValue.setting(text)
    }
    static let detachKeys = Option("detach-keys", "KEYS", "Keys that leave the container running (ctrl-p,ctrl-q)") {
        (text) throws(ValueFault) in try DetachKeys(parsing: text)
    }
}

extension Arguments {
    func filters(_ option: Repeated<KeyValue> = Shared.filter) throws -> Filters {
        try self[option].reduce(into: [:]) { $0[$1.key, default: []].append($1.value) }
    }

    /// The variables of --env-file, then those of --env; nil: none.
    func environment(_ session: Session) throws -> [String]? {
        var entries: [String] = []
        for path in try self[CreateOptions.envFile] {
            let bytes = try session.readFile(path, option: CreateOptions.envFile)
            entries += try EnvironmentEntry.parseFile(
                String(decoding: bytes, as: UTF8.self), path: path, environment: session.environment)
        }
        entries += try self[CreateOptions.env].map { EnvironmentEntry.resolve($0, from: session.environment) }
        return entries.isEmpty ? nil : entries
    }

    func format() throws -> OutputFormat { try OutputFormat(parsing: try self[Shared.format]) }
}

extension Session {
    var now: Int { Int(WallTime.now().seconds) }

    /// Asks on the terminal; without one the answer is no.
    func confirm(_ question: String) throws -> Bool {
        guard Terminal.isTerminal(0) else {
            throw Failure("\(question) Standard input is no terminal, so nobody can be asked: give --force")
        }
        try out.write("WARNING! \(question)\nContinue? [y/N] ")
        var buffer = [UInt8](repeating: 0, count: 256)
        guard case .bytes(let count) = try Descriptor.read(0, into: &buffer) else { return false }
        return ["y", "yes"].contains(
            String(decoding: buffer[..<count], as: UTF8.self).lowercased().filter { !$0.isWhitespace })
    }

    /// The content of a file the user named.
    func readFile(_ path: String, option: any OptionSpec) throws -> [UInt8] {
        do throws(SystemError) {
            return try File.read(absolutePath(path, in: workingDirectory), limit: 16 << 20)
        } catch {
            throw UsageError(
                "invalid value \"\(path)\" for --\(option.name): \(error); expected a file that can be read")
        }
    }
}

/// `2026-01-02 03:04:05 +0000 UTC`, as docker's lists show instants.
func listTime(_ timestamp: Timestamp) -> String {
    let text = Timestamp(seconds: timestamp.seconds).description
    return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " +0000 UTC"
}

func labelText(_ labels: [String: String]?) -> String {
    (labels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
}

/// `key=value`; the value may be missing only where `valueRequired` is false.
struct KeyValue: Hashable, Sendable {
    let key: String
    let value: String

    init(parsing text: String, valueRequired: Bool = true, expected: String) throws(ValueFault) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else { throw ValueFault("the name is missing", expected: expected) }
        guard parts.count == 2 || !valueRequired else { throw ValueFault("it has no \"=\"", expected: expected) }
        self.key = String(key)
        value = parts.count == 2 ? String(parts[1]) : ""
    }

    static func label(_ text: String) throws(ValueFault) -> KeyValue {
        try KeyValue(parsing: text, valueRequired: false, expected: "key=value or key")
    }

    static func setting(_ text: String) throws(ValueFault) -> KeyValue {
        try KeyValue(parsing: text, expected: "key=value")
    }
}

extension [KeyValue] {
    /// The last value of each key; nil when there is none.
    var dictionary: [String: String]? {
        isEmpty ? nil : reduce(into: [:]) { $0[$1.key] = $1.value }
    }
}

/// `NAME=value`, or `NAME` for the variable as it is here.
enum EnvironmentEntry {
    static func check(_ text: String) throws(ValueFault) -> String {
        guard !text.isEmpty, !text.hasPrefix("=") else {
            throw ValueFault("the name is missing", expected: "NAME=value, or NAME to pass on a variable")
        }
        return text
    }

    /// A bare name becomes `NAME=value` with the value it has here; unset here, it stays bare and unsets it there.
    static func resolve(_ entry: String, from environment: [String: String]) -> String {
        guard !entry.contains("="), let value = environment[entry] else { return entry }
        return "\(entry)=\(value)"
    }

    /// The entries of an environment file: one `NAME=value` a line; `#` begins a comment line; a bare name is passed on
    /// when it is set here.
    static func parseFile(
        _ content: String, path: String, environment: [String: String]
    ) throws(UsageError) -> [String] {
        var entries: [String] = []
        for (number, line) in content.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(
            Substring.init
        ).enumerated() {
            var text = line.drop { $0 == " " || $0 == "\t" }
            if text.last == "\r" { text.removeLast() }
            if text.isEmpty || text.hasPrefix("#") { continue }
            let name = text.prefix { $0 != "=" }
            guard !name.isEmpty, !name.contains(where: { $0 == " " || $0 == "\t" }) else {
                throw UsageError(
                    "\(path) line \(number + 1): \"\(name)\" is no name of a variable; expected NAME=value")
            }
            if text.contains("=") {
                entries.append(String(text))
            } else if let value = environment[String(name)] {
                entries.append("\(name)=\(value)")
            }
        }
        return entries
    }
}

/// One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1).
struct Challenge: Hashable {
    /// In small letters.
    let scheme: String
    /// Names in small letters.
    let parameters: [String: String]

    /// All challenges of all headers of that name; what cannot be read is left out.
    static func parse(_ headers: [String]) -> [Challenge] { headers.flatMap { ChallengeParser($0).challenges() } }
}

private struct ChallengeParser {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text.prefix(8192)).utf8 }

    consuming func challenges() -> [Challenge] {
        var found: [(scheme: String, parameters: [String: String])] = []
        while true {
            skip { $0 == UInt8(ascii: ",") || isSpace($0) }
            guard let word = token() else { break }
            skip(isSpace)
            guard rest.first == UInt8(ascii: "=") else {
                found.append((word.lowercased(), [:]))
                continue
            }
            rest = rest.dropFirst()
            skip(isSpace)
            guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : token() else { break }
            guard !found.isEmpty else { break }
            found[found.count - 1].parameters[word.lowercased()] = value
        }
        return found.map { Challenge(scheme: $0.scheme, parameters: $0.parameters) }
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) { rest = rest.drop(while: isSkipped) }

    private mutating func token() -> String? {
        let word = rest.prefix { byte in
            !isSpace(byte) && byte > 32 && byte < 127 && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "=")
                && byte != UInt8(ascii: "\"")
        }
        guard !word.isEmpty else { return nil }
        rest = rest.dropFirst(word.count)
        return String(Substring(word))
    }

    /// nil where the closing quote is missing.
    private mutating func quoted() -> String? {
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                value.append(next)
            default: value.append(byte)
            }
        }
        return nil
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}

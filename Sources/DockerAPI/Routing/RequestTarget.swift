import NIOHTTP1

/// The target of a request, taken apart: `/v1.41/containers/json?all=1`.
struct RequestTarget: Sendable {
    /// Nil where the path names none.
    let version: APIVersion?
    /// The path after the version, percent-decoded segment by segment.
    let segments: [String]
    let query: Query

    /// Throws 400 for a version that is not supported, or an encoding that is none.
    init(_ uri: String) throws(APIFailure) {
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var raw = halves[0].split(separator: "/", omittingEmptySubsequences: true)
        var version: APIVersion?
        if let first = raw.first, let named = APIVersion(segment: first) {
            try named.check(asWritten: first)
            version = named
            raw.removeFirst()
        }
        var segments: [String] = []
        for part in raw {
            guard let text = percentDecoded(part, plusIsSpace: false) else {
                throw APIFailure(.badRequest, "invalid percent-encoding in path: \(part)")
            }
            segments.append(text)
        }
        self.version = version
        self.segments = segments
        query = try Query(halves.count == 2 ? halves[1] : "")
    }
}

/// The parameters of a query, in Docker's reading of them.
struct Query: Sendable {
    private var values: [String: [String]] = [:]

    init(_ text: some StringProtocol) throws(APIFailure) {
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(halves[0], plusIsSpace: true),
                let value = percentDecoded(halves.count == 2 ? halves[1] : "", plusIsSpace: true)
            else { throw APIFailure(.badRequest, "invalid percent-encoding in query: \(pair)") }
            values[name, default: []].append(value)
        }
    }

    /// The first value; nil where there is none, or an empty one.
    func string(_ name: String) -> String? {
        guard let value = values[name]?.first, !value.isEmpty else { return nil }
        return value
    }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// False for nothing, `0`, `no`, `false`, `none`; true for anything else.
    func flag(_ name: String, default missing: Bool = false) -> Bool {
        guard let value = values[name]?.first else { return missing }
        return !["", "0", "no", "false", "none"].contains(value.lowercased())
    }

    func integer(_ name: String) throws(APIFailure) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text) else {
            throw APIFailure(.badRequest, "invalid value for \(name): \"\(text)\" is no number")
        }
        return value
    }
}

/// Decodes `%41`; nil where a percent sign is followed by something else, or the result is not UTF-8.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.next().flatMap(hexValue), let low = rest.next().flatMap(hexValue) else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

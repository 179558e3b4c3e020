extension Grace: CustomStringConvertible {
    /// A duration, or `inf`, `infinite`, `-1` for no bound. Nil when it is neither, negative, or above 10 years.
    public init?(parsing text: some StringProtocol) {
        if text == "inf" || text == "infinite" || text == "-1" {
            self = .unbounded
        } else if let duration = Duration(parsing: text) {
            self = .bounded(duration)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .bounded(let duration): duration.shortText
        case .unbounded: "inf"
        }
    }
}

extension Duration {
    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]
    private static let longest: Double = 10 * 365 * 86400e9

    /// Reads `10s`, `1m30s`, `500ms`, `1.5h`, or a bare number of seconds. Nil for all else, negatives included.
    public init?(parsing text: some StringProtocol) {
        guard let first = text.utf8.first, (48...57).contains(first) || first == 46 else { return nil }
        var rest = Substring(text)
        var nanoseconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            guard let amount = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            if unit.isEmpty && digits.count != text.count { return nil }
            guard let scale = unit.isEmpty ? 1e9 : Duration.units.first(where: { $0.suffix == unit })?.nanoseconds else {
                return nil
            }
            nanoseconds += amount * scale
        }
        guard nanoseconds <= Duration.longest else { return nil }
        self = .nanoseconds(Int64(nanoseconds))
    }

    /// The shortest exact text: `10s`, `500ms`, `1.5s`, `90s`.
    public var shortText: String {
        let nanoseconds = wholeNanoseconds
        for (suffix, scale) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000)] as [(String, Int64)]
        where nanoseconds % scale == 0 {
            return "\(nanoseconds / scale)\(suffix)"
        }
        return "\(nanoseconds)ns"
    }
}

extension StringProtocol {
    /// Without spaces and tabs at the ends.
    var trimmed: Substring {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = Substring(self)
        while let first = text.first, blank(first) { text.removeFirst() }
        while let last = text.last, blank(last) { text.removeLast() }
        return text
    }
}

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

    /// A negative number is Docker's "no bound"; nil above 10 years.
    public init?(seconds: Int) {
        guard seconds < 0 || .seconds(seconds) <= Duration.longestWait else { return nil }
        self = seconds < 0 ? .unbounded : .bounded(.seconds(seconds))
    }

    public var description: String {
        switch self {
        case .bounded(let duration): duration.shortText
        case .unbounded: "inf"
        }
    }
}

extension Duration {
    /// With the nanoseconds of one. The micro sign and the Greek letter are both in use.
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("\u{B5}s", 1000), ("\u{3BC}s", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]
    private static func scale(_ unit: Substring) -> Int64? { units.first { $0.suffix == unit }?.nanoseconds }
    private static let longest: Int64 = 10 * 365 * 86400 * 1_000_000_000
    /// What may be asked for as a grace period or a deadline: 10 years. Sums of them stay far from any overflow.
    public static let longestWait = Duration.nanoseconds(longest)

    /// Reads `10s`, `1m30s`, `500ms`, `1.5h`, or a bare number of seconds; exact to the nanosecond, what is finer is cut
    /// off. Nil for all else, negatives and more than 10 years included.
    public init?(parsing text: some StringProtocol) {
        guard text.utf8.first.map({ (48...57).contains($0) || $0 == 46 }) == true else { return nil }
        var rest = Substring(text)
        var nanoseconds: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { Duration.isNumeric($0) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !Duration.isNumeric($0) }
            rest = rest.dropFirst(unit.count)
            if unit.isEmpty && number.count != text.count { return nil }
            guard let scale = unit.isEmpty ? 1_000_000_000 : Duration.scale(unit),
                let amount = Duration.amount(number, of: scale)
            else { return nil }
            // Both are at most `longest`: no overflow.
            nanoseconds += amount
            guard nanoseconds <= Duration.longest else { return nil }
        }
        self = .nanoseconds(nanoseconds)
    }

    private static func isNumeric(_ character: Character) -> Bool {
        character == "." || (character.isASCII && character.isWholeNumber)
    }

    /// `1.5` of a unit in nanoseconds; nil when it is no number or above `longest`.
    private static func amount(_ number: Substring, of scale: Int64) -> Int64? {
        let halves = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard number != ".", let whole = decimal(halves.first ?? "") else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow, product <= longest else { return nil }
        guard halves.count == 2 else { return product }
        guard halves[1].allSatisfy({ $0 != "." }), let fraction = decimal(halves[1].prefix(18)) else { return nil }
        let divisor = halves[1].prefix(18).reduce(Int64(1)) { power, _ in power * 10 }
        return product + divisor.dividingFullWidth(fraction.multipliedFullWidth(by: scale)).quotient
    }

    private static func decimal(_ digits: Substring) -> Int64? { digits.isEmpty ? 0 : Int64(digits) }

    /// The shortest exact text in one unit: `10s`, `90s`, `500ms`, `1500ms`.
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

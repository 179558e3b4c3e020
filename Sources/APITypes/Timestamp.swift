/// An instant of the wall clock, as the API writes it: RFC 3339 in UTC with nanoseconds.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int
    /// 0 ..< 1_000_000_000
    public var nanoseconds: Int

    public init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Docker's word for "never": the first instant of year 1.
    public static let never = Timestamp(seconds: -62_135_596_800)

    /// The seconds of the years that RFC 3339 can write, 0000 to 9999.
    private static let writable = -62_167_219_200...253_402_300_799

    /// `2026-01-02T03:04:05.000000006Z`; the fraction is left out where it is zero. What is before the year 0 or after
    /// 9999 (a container may give its files any time) is written as the first or last second that can be.
    public var description: String {
        let seconds = min(max(seconds, Timestamp.writable.lowerBound), Timestamp.writable.upperBound)
        let days = floorDivide(seconds, 86_400)
        let time = seconds - days * 86_400
        let (year, month, day) = civil(fromDays: days)
        // Every answer of the API has some: written digit by digit.
        var text = Array("0000-00-00T00:00:00".utf8)
        Timestamp.write(year, 4, to: &text, at: 0)
        Timestamp.write(month, 2, to: &text, at: 5)
        Timestamp.write(day, 2, to: &text, at: 8)
        Timestamp.write(time / 3600, 2, to: &text, at: 11)
        Timestamp.write(time / 60 % 60, 2, to: &text, at: 14)
        Timestamp.write(time % 60, 2, to: &text, at: 17)
        if nanoseconds != 0 {
            text += ".000000000".utf8
            Timestamp.write(nanoseconds, 9, to: &text, at: 20)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// The last digits of a number that is not negative.
    private static func write(_ number: Int, _ digits: Int, to text: inout [UInt8], at start: Int) {
        var rest = number
        for place in stride(from: start + digits - 1, through: start, by: -1) {
            text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// Parses RFC 3339 with `Z` or a numeric offset, with up to nine digits of fraction; nil where it is something else.
    public init?(_ text: some StringProtocol) {
        var reader = DigitReader(text.utf8.map { $0 })
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        let fraction = reader.skip(".") ? reader.fraction() : 0
        guard let fraction, let offset = reader.offset(), reader.atEnd else { return nil }
        let clock = hour * 3600 + minute * 60 + second
        self.init(seconds: days(year, month, day) * 86_400 + clock - offset, nanoseconds: fraction)
    }

    /// Parses what `since` and `until` may be: seconds since 1970 with an optional fraction, RFC 3339, or a duration
    /// (`10m`, `1h30m`) before `now`; nil where it is something else.
    public init?(query text: String, now: Timestamp) {
        if let stamp = Timestamp(text) {
            self = stamp
        } else if let stamp = Timestamp(unix: text) {
            self = stamp
        } else if let age = durationNanoseconds(text) {
            let total = now.nanoseconds - age % 1_000_000_000
            let borrow = total < 0 ? 1 : 0
            self.init(
                seconds: now.seconds - age / 1_000_000_000 - borrow, nanoseconds: total + borrow * 1_000_000_000)
        } else {
            return nil
        }
    }

    /// Parses `1700000000.000000001`.
    public init?(unix text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = Int(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(seconds: seconds)
            return
        }
        var reader = DigitReader(parts[1].utf8.map { $0 })
        guard let fraction = reader.fraction(), reader.atEnd else { return nil }
        self.init(seconds: seconds, nanoseconds: fraction)
    }
}

/// Nanoseconds of a Go duration (`1h2m3.5s`, `100ms`); nil where it is none or too large.
public func durationNanoseconds(_ text: String) -> Int? {
    let units: [(String, Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    var total = 0.0
    while !rest.isEmpty {
        let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        rest = rest.dropFirst(number.count)
        let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
        rest = rest.dropFirst(unit.count)
        guard let value = Double(number), let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
        total += value * factor
    }
    return total < 9.2e18 ? Int(total) : nil
}

/// Reads fixed-width numbers.
private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var atEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number(_ width: Int) -> Int? {
        guard position + width <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + width] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        position += width
        return value
    }

    /// One to nine digits as nanoseconds.
    mutating func fraction() -> Int? {
        var value = 0
        var width = 0
        while position < bytes.count, (48...57).contains(bytes[position]) {
            if width < 9 { value = value * 10 + Int(bytes[position] - 48) }
            width += 1
            position += 1
        }
        guard width > 0 else { return nil }
        for _ in min(width, 9)..<9 { value *= 10 }
        return value
    }

    /// `Z` or `±hh:mm`, in seconds east of Greenwich.
    mutating func offset() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = number(2), skip(":"), let minutes = number(2) else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

/// The divisor is positive.
private func floorDivide(_ dividend: Int, _ divisor: Int) -> Int {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}

// The proleptic Gregorian calendar in eras of 400 years that begin in March, so that the leap day is an era's last.
private func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

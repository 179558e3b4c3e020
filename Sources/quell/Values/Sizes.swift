/// Bytes as docker writes them: `512m`, `1.5g`, `64k`, `100b`, `1048576`; units of 1024.
func parseBytes(_ text: String) throws(ValueFault) -> Int {
    let expected = "a size such as 512m or 2g"
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits) else { throw ValueFault("it is no number", expected: expected) }
    var unit = text.dropFirst(digits.count).lowercased().filter { $0 != " " }
    if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.count > 1 && unit.hasSuffix("b") { unit.removeLast() }
    let powers = ["": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5]
    guard let power = powers[unit] else { throw ValueFault("unknown unit \"\(unit)\"", expected: expected) }
    var bytes = number
    for _ in 0..<power { bytes *= 1024 }
    guard bytes < 9.2e18 else { throw ValueFault("it is too large", expected: expected) }
    return Int(bytes)
}

/// As `parseBytes`, and -1 for no limit.
func parseBytesOrUnlimited(_ text: String) throws(ValueFault) -> Int {
    if text == "-1" { return -1 }
    do throws(ValueFault) { return try parseBytes(text) } catch {
        throw ValueFault(error.fault, expected: error.expected + ", or -1 for no limit")
    }
}

/// A number of processors in billionths: `1.5`.
func parseProcessors(_ text: String) throws(ValueFault) -> Int {
    let expected = "a number of processors such as 2 or 0.5"
    guard let number = Double(text), number.isFinite else { throw ValueFault("it is no number", expected: expected) }
    guard number >= 0, number <= 100_000 else { throw ValueFault("it is out of range", expected: expected) }
    return Int((number * 1e9).rounded())
}

/// A size for people, in units of 1000, with so many significant digits: `7.66MB`.
func humanSize(_ bytes: Int, digits: Int = 3) -> String {
    scaled(Double(bytes), by: 1000, units: ["B", "kB", "MB", "GB", "TB", "PB"], digits: digits)
}

/// A size for people, in units of 1024: `1.5MiB`.
func humanBinarySize(_ bytes: Double) -> String {
    scaled(bytes, by: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], digits: 4)
}

private func scaled(_ number: Double, by base: Double, units: [String], digits: Int) -> String {
    var value = number
    var index = 0
    while value.magnitude >= base && index < units.count - 1 {
        value /= base
        index += 1
    }
    return significant(value, digits: digits) + units[index]
}

/// The number with at most so many significant digits, without closing zeros.
func significant(_ value: Double, digits: Int) -> String {
    let whole = String(Int(value.magnitude)).count
    var text = fixed(value, decimals: max(0, digits - whole))
    guard text.contains(".") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
}

/// The number with exactly so many decimals.
func fixed(_ value: Double, decimals: Int) -> String {
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let rounded = Int((value.magnitude * Double(scale)).rounded())
    let sign = value < 0 && rounded != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(rounded)" }
    let fraction = String(rounded % scale)
    return "\(sign)\(rounded / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
}

/// A span for people, as docker words it.
func humanDuration(seconds: Int) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600)
    if seconds < 1 { return "Less than a second" }
    if seconds == 1 { return "1 second" }
    if seconds < 60 { return "\(seconds) seconds" }
    if minutes == 1 { return "About a minute" }
    if minutes < 60 { return "\(minutes) minutes" }
    if hours == 1 { return "About an hour" }
    if hours < 48 { return "\(hours) hours" }
    if hours < 24 * 14 { return "\(hours / 24) days" }
    if hours < 24 * 60 { return "\(hours / 24 / 7) weeks" }
    if hours < 24 * 730 { return "\(hours / 24 / 30) months" }
    return "\(hours / 24 / 365) years"
}

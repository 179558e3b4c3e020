import Linux

/// RFC 3339 to Unix seconds; nil for what is no such moment. A fraction is dropped.
func unixSeconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
        guard range.upperBound <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[range] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        return value
    }
    guard bytes.count >= 20, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
        let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
        (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    var zone = 19
    if bytes[zone] == UInt8(ascii: ".") {
        zone += 1
        while zone < bytes.count, (48...57).contains(bytes[zone]) { zone += 1 }
    }
    guard zone < bytes.count else { return nil }
    var offset: Int64 = 0
    if bytes[zone] != UInt8(ascii: "Z"), bytes[zone] != UInt8(ascii: "z") {
        guard let hours = number(zone + 1..<zone + 3), let minutes = number(zone + 4..<zone + 6) else { return nil }
        offset = (hours * 60 + minutes) * (bytes[zone] == UInt8(ascii: "-") ? -60 : 60)
    }
    return daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
}

/// H. Hinnant, days from civil.
private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468
}

/// Reading numbers and words out of kernel text. Bytes, not String: hostile names need not be UTF-8, and nothing traps.
typealias Bytes = ArraySlice<UInt8>

extension Collection where Element == UInt8, SubSequence == ArraySlice<UInt8> {
    var lines: [Bytes] { split(separator: 10) }
    /// Split at blanks and tabs.
    var words: [Bytes] { split { $0 == 32 || $0 == 9 } }
    var text: String { String(decoding: self, as: UTF8.self) }

    /// Without blanks, tabs and line ends around.
    var trimmed: Bytes {
        var rest = self[startIndex...]
        while let first = rest.first, first == 32 || first == 9 || first == 10 { rest = rest.dropFirst() }
        while let last = rest.last, last == 32 || last == 9 || last == 10 { rest = rest.dropLast() }
        return rest
    }

    func hasPrefix(_ text: StaticString) -> Bool { starts(with: String(describing: text).utf8) }
    func equals(_ text: StaticString) -> Bool { elementsEqual(String(describing: text).utf8) }
}

extension FixedWidthInteger {
    /// All of the bytes as one decimal number; nil for anything else, and when it does not fit.
    init?(decimal bytes: some Collection<UInt8>) {
        var digits = bytes[...]
        var negative = false
        if Self.isSigned, digits.first == 45 {
            negative = true
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty else { return nil }
        var value: Self = 0
        for byte in digits {
            guard (48...57).contains(byte) else { return nil }
            let (shifted, tooMuch) = value.multipliedReportingOverflow(by: 10)
            let digit = Self(byte - 48)
            let (sum, overflow) =
                negative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            if tooMuch || overflow { return nil }
            value = sum
        }
        self = value
    }

    /// All of the bytes as one hexadecimal number, lower or upper case.
    init?(hexadecimal bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.bitWidth / 4 else { return nil }
        var value: Self = 0
        for byte in bytes {
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 97...102: digit = byte - 87
            case 65...70: digit = byte - 55
            default: return nil
            }
            value = value << 4 | Self(digit)
        }
        self = value
    }
}

/// `name value` lines, as in memory.stat and cpu.stat. Lines that are no such pair are passed over.
func flatKeyed(_ bytes: some Collection<UInt8>) -> [String: UInt64] {
    var table: [String: UInt64] = [:]
    for line in bytes.split(separator: 10) {
        let words = line.split(separator: 32)
        guard words.count == 2, let value = UInt64(decimal: words[1]) else { continue }
        table[String(decoding: words[0], as: UTF8.self)] = value
    }
    return table
}

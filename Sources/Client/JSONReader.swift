/// Text that is no JSON, or not the JSON that was expected: where it stops to be.
public struct JSONFault: Error, Hashable, CustomStringConvertible {
    public let offset: Int
    public let fault: String

    public var description: String { "at byte \(offset): \(fault)" }
}

/// Reads one JSON document (RFC 8259) straight from its bytes, value by value, at most 256 levels deep.
///
/// The caller says what it expects, and anything else is a fault; `peek` tells where both may come. What the caller does
/// not want it skips. Reading is strict in syntax and lenient in text: bytes that are no UTF-8 and halves of surrogate
/// pairs become U+FFFD.
///
///     var reader = JSONReader(bytes)
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///         if key == "Id" { id = try reader.string() } else { try reader.skip() }
///     }
///     try reader.finish()
public struct JSONReader: Sendable {
    public enum Kind: Hashable, Sendable { case null, bool, number, string, array, object }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    /// The last token was a value: a separator or an end must follow inside an array or object.
    private var afterValue = false
    private static let depthLimit = 256

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What the next value is, by its first byte.
    public mutating func peek() throws(JSONFault) -> Kind {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-")?: return .number
        case let byte? where (0x30...0x39).contains(byte): return .number
        default: throw fault("expected a value")
        }
    }

    // MARK: arrays and objects

    public mutating func beginArray() throws(JSONFault) { try begin("[", "an array") }

    /// Whether the array has another element, which is then to be read; false consumes its end.
    public mutating func nextElement() throws(JSONFault) -> Bool { try !ends("]") }

    public mutating func beginObject() throws(JSONFault) { try begin("{", "an object") }

    /// The name of the next member, whose value is then to be read; nil consumes the end of the object.
    public mutating func nextKey() throws(JSONFault) -> String? {
        if try ends("}") { return nil }
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw fault("expected a name") }
        let key = try string()
        guard take(":") else { throw fault("expected :") }
        afterValue = false
        return key
    }

    /// Nothing follows the document.
    public mutating func finish() throws(JSONFault) {
        skipSpace()
        guard position == bytes.count else { throw fault("something follows the document") }
    }

    private mutating func begin(_ bracket: Unicode.Scalar, _ what: String) throws(JSONFault) {
        guard take(bracket) else { throw fault("expected \(what)") }
        depth += 1
        guard depth < JSONReader.depthLimit else { throw fault("too deep") }
        afterValue = false
    }

    private mutating func ends(_ bracket: Unicode.Scalar) throws(JSONFault) -> Bool {
        if afterValue, take(",") {
            afterValue = false
            return false
        }
        if take(bracket) {
            depth -= 1
            afterValue = true
            return true
        }
        if afterValue { throw fault("expected , or \(bracket)") }
        return false
    }

    // MARK: single values

    /// True when null is next, which is consumed then.
    public mutating func null() throws(JSONFault) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    public mutating func bool() throws(JSONFault) -> Bool {
        skipSpace()
        switch next {
        case UInt8(ascii: "t"):
            try word("true")
            return true
        case UInt8(ascii: "f"):
            try word("false")
            return false
        default: throw fault("expected true or false")
        }
    }

    /// A whole number that fits.
    public mutating func integer() throws(JSONFault) -> Int {
        skipSpace()
        let start = position
        let digits = try number()
        guard let integer = Int(digits) else {
            throw JSONFault(offset: start, fault: "expected a whole number, found \(digits)")
        }
        return integer
    }

    /// A number as it was written.
    public mutating func number() throws(JSONFault) -> String {
        skipSpace()
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        // No number begins with a zero but zero itself and fractions.
        if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        afterValue = true
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    public mutating func string() throws(JSONFault) -> String {
        guard take("\"") else { throw fault("expected a string") }
        let start = position
        position = endOfPlain(from: start)
        if next == UInt8(ascii: "\"") {
            position += 1
            afterValue = true
            return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
        }
        return try stringWithEscapes(from: start)
    }

    /// Passes over a value, whatever it is; its syntax is checked nevertheless.
    public mutating func skip() throws(JSONFault) {
        switch try peek() {
        case .null: _ = try null()
        case .bool: _ = try bool()
        case .number: _ = try number()
        case .string: _ = try string()
        case .array:
            try beginArray()
            while try nextElement() { try skip() }
        case .object:
            try beginObject()
            while try nextKey() != nil { try skip() }
        }
    }

    // MARK: bytes

    private func fault(_ text: String) -> JSONFault { JSONFault(offset: position, fault: text) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func word(_ text: String) throws(JSONFault) {
        guard bytes[position...].starts(with: text.utf8) else { throw fault("expected \(text)") }
        position += text.utf8.count
        afterValue = true
    }

    private mutating func digits() throws(JSONFault) {
        guard let first = next, (0x30...0x39).contains(first) else { throw fault("expected a digit") }
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    }

    /// The first byte that a string cannot simply contain.
    private func endOfPlain(from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\"), bytes[end] >= 0x20
        {
            end += 1
        }
        return end
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONFault) -> String {
        var text = Array(bytes[start..<position])
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                afterValue = true
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw fault("a control character in a string")
            default:
                let plain = position - 1
                position = endOfPlain(from: plain)
                text += bytes[plain..<position]
            }
        }
        throw fault("a string without end")
    }

    private mutating func escape() throws(JSONFault) -> [UInt8] {
        guard let letter = next else { throw fault("a string without end") }
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "u"): return Array(String(Character(try unicode())).utf8)
        default: throw fault("an unknown escape")
        }
    }

    private mutating func unicode() throws(JSONFault) -> Unicode.Scalar {
        let high = try hex()
        if let scalar = Unicode.Scalar(high) { return scalar }
        // The first half of a pair; a half alone becomes the replacement character, and what follows it stays.
        guard high < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else { return "\u{FFFD}" }
        let afterHigh = position
        position += 2
        let low = try hex()
        guard (0xDC00..<0xE000).contains(low) else {
            position = afterHigh
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hex() throws(JSONFault) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            switch next {
            case let byte? where (0x30...0x39).contains(byte): number = number << 4 | UInt32(byte - 0x30)
            case let byte? where (0x41...0x46).contains(byte): number = number << 4 | UInt32(byte - 0x41 + 10)
            case let byte? where (0x61...0x66).contains(byte): number = number << 4 | UInt32(byte - 0x61 + 10)
            default: throw fault("expected four hex digits")
            }
            position += 1
        }
        return number
    }
}

/// Writes JSON straight into bytes. For what is asked often and is large: Foundation's encoder builds the whole document as a
/// tree of values first, which takes ten times as long.
///
/// It writes what `DockerJSON.encode` writes, if its caller gives the members of each object in the order of their names.
struct JSONWriter: Sendable {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// What was written, and a newline.
    consuming func line() -> [UInt8] {
        bytes.append(0x0A)
        return bytes
    }

    private static let quote = UInt8(ascii: "\"")
    private static let digits = Array("0123456789abcdef".utf8)

    // MARK: structure

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginValue()
        bytes.append(UInt8(ascii: "{"))
        members(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        beginValue()
        bytes.append(UInt8(ascii: "["))
        for element in elements { write(&self, element) }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The name of a member that is written in our source: nothing in it needs an escape. Its value must follow.
    mutating func name(_ name: String) {
        beginValue()
        bytes.append(JSONWriter.quote)
        bytes.append(contentsOf: name.utf8)
        bytes.append(JSONWriter.quote)
        bytes.append(UInt8(ascii: ":"))
    }

    /// The name of a member that comes from outside. Its value must follow.
    mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A comma, unless this is the first of its object or array, or belongs to a name. No value ends with one of these bytes.
    private mutating func beginValue() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    // MARK: values

    mutating func string(_ text: String) {
        beginValue()
        bytes.append(JSONWriter.quote)
        if JSONWriter.needsEscapes(text) {
            for byte in text.utf8 { append(byte) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(JSONWriter.quote)
    }

    mutating func number(_ number: Int) {
        beginValue()
        bytes.append(contentsOf: String(number).utf8)
    }

    mutating func flag(_ flag: Bool) {
        beginValue()
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    mutating func number(_ number: UInt64) {
        beginValue()
        bytes.append(contentsOf: String(number).utf8)
    }

    mutating func null() {
        beginValue()
        bytes.append(contentsOf: "null".utf8)
    }

    private static func needsEscapes(_ text: String) -> Bool {
        let span = text.utf8.span
        for index in span.indices where isEscaped(span[index]) { return true }
        return false
    }

    @inline(__always)
    private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == quote || byte == UInt8(ascii: "\\") }

    /// RFC 8259, section 7.
    private mutating func append(_ byte: UInt8) {
        guard JSONWriter.isEscaped(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case JSONWriter.quote, UInt8(ascii: "\\"): bytes.append(byte)
        case 8: bytes.append(UInt8(ascii: "b"))
        case 9: bytes.append(UInt8(ascii: "t"))
        case 10: bytes.append(UInt8(ascii: "n"))
        case 12: bytes.append(UInt8(ascii: "f"))
        case 13: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(JSONWriter.digits[Int(byte >> 4)])
            bytes.append(JSONWriter.digits[Int(byte & 15)])
        }
    }
}

/// An object whose members can be written by hand.
protocol JSONWritable {
    /// In the order of their names' bytes; what is nil is left out.
    func writeMembers(to writer: inout JSONWriter)
}

extension JSONWriter {
    mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int) {
        self.name(name)
        number(value)
    }

    mutating func member(_ name: String, _ value: UInt64) {
        self.name(name)
        number(value)
    }

    mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        flag(value)
    }

    mutating func member(_ name: String, _ value: [String]) {
        self.name(name)
        array(value) { $0.string($1) }
    }

    mutating func member(_ name: String, _ value: [Int]) {
        self.name(name)
        array(value) { $0.number($1) }
    }

    mutating func member(_ name: String, _ value: [[String]]) {
        self.name(name)
        array(value) { writer, row in writer.array(row) { $0.string($1) } }
    }

    mutating func member(_ name: String, _ value: [String: String]) {
        self.name(name)
        object { writer in
            for (key, value) in JSONWriter.sorted(value) {
                writer.key(key)
                writer.string(value)
            }
        }
    }

    mutating func member(_ name: String, _ value: some JSONWritable) {
        self.name(name)
        object { value.writeMembers(to: &$0) }
    }

    mutating func member(_ name: String, _ value: [some JSONWritable]) {
        self.name(name)
        array(value) { writer, element in writer.object { element.writeMembers(to: &$0) } }
    }

    mutating func member(_ name: String, _ value: [String: some JSONWritable]) {
        self.name(name)
        object { writer in
            for (key, value) in JSONWriter.sorted(value) {
                writer.key(key)
                writer.object { value.writeMembers(to: &$0) }
            }
        }
    }

    /// A list that is nil is there all the same, as `null`.
    mutating func member(_ name: String, _ value: [String: [some JSONWritable]?]) {
        self.name(name)
        object { writer in
            for (key, list) in JSONWriter.sorted(value) {
                writer.key(key)
                guard let list else {
                    writer.null()
                    continue
                }
                writer.array(list) { writer, element in writer.object { element.writeMembers(to: &$0) } }
            }
        }
    }

    /// By their bytes; `String`'s own order takes letters that look the same for the same.
    static func sorted<Value>(_ members: [String: Value]) -> [(key: String, value: Value)] {
        if members.count < 2 { return members.map { ($0.key, $0.value) } }
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    // What is nil is left out.
    mutating func member(_ name: String, ifThere value: String?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: Int?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: UInt64?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: Bool?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [String]?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [Int]?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [[String]]?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [String: String]?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: (some JSONWritable)?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [some JSONWritable]?) { if let value { member(name, value) } }
    mutating func member(_ name: String, ifThere value: [String: some JSONWritable]?) {
        if let value { member(name, value) }
    }
    mutating func member(_ name: String, ifThere value: [String: [some JSONWritable]?]?) {
        if let value { member(name, value) }
    }
}

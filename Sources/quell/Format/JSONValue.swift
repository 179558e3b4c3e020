import APITypes
import Client

/// A JSON document as it was written: members in their order, numbers with their digits.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Hashable, Sendable {
        var key: String
        var value: JSONValue

        init(_ key: String, _ value: JSONValue) { (self.key, self.value) = (key, value) }
    }

    static func int(_ number: Int) -> JSONValue { .number("\(number)") }

    /// Members of text, for rows of a table.
    static func row(_ members: KeyValuePairs<String, String>) -> JSONValue {
        .object(members.map { Member($0, .string($1)) })
    }

    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

extension JSONValue {
    /// On one line, as Go's encoder writes it.
    var compact: String {
        switch self {
        case .null: "null"
        case .bool(let truth): truth ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): JSONValue.quoted(text)
        case .array(let items): "[" + items.map(\.compact).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { JSONValue.quoted($0.key) + ":" + $0.value.compact }.joined(separator: ",") + "}"
        }
    }

    /// On many lines, four spaces a level, as docker's inspect prints.
    func indented(by indent: Int = 0) -> String {
        let inner = String(repeating: " ", count: indent + 4)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .array(let items) where !items.isEmpty:
            return "[\n" + items.map { inner + $0.indented(by: indent + 4) }.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { "\(inner)\(JSONValue.quoted($0.key)): \($0.value.indented(by: indent + 4))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        case .null, .bool, .number, .string, .array, .object: return compact
        }
    }

    static func quoted(_ text: String) -> String {
        // Mostly there is nothing to escape.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return "\"" + text + "\""
        }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension JSONValue {
    init(parsing bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes)
        self = try JSONValue(reading: &reader)
        try reader.finish()
    }

    /// An object of the API, as it goes over the wire.
    // Inlined beside a typed throw, its two kinds of errors make Swift 6.3's optimizer write IR that LLVM refuses
    // (swifterror in a phi).
    @inline(never)
    init(encoding value: some Encodable) throws {
        try self.init(parsing: Array(try DockerJSON.encode(value)))
    }

    /// What the daemon answered when it was asked about something.
    init(answer bytes: [UInt8], about subject: String) throws(Failure) {
        do throws(JSONFault) { try self.init(parsing: bytes) } catch {
            throw Failure("quelld's answer about \(subject) cannot be read: no JSON \(error)")
        }
    }

    private init(reading reader: inout JSONReader) throws(JSONFault) {
        switch try reader.peek() {
        case .null:
            _ = try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number: self = .number(try reader.number())
        case .string: self = .string(try reader.string())
        case .array:
            var items: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { items.append(try JSONValue(reading: &reader)) }
            self = .array(items)
        case .object:
            var members: [Member] = []
            try reader.beginObject()
            while let key = try reader.nextKey() { members.append(Member(key, try JSONValue(reading: &reader))) }
            self = .object(members)
        }
    }
}

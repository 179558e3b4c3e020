/// What can be made of JSON without going through `Codable`, whose generic machinery costs ten times the time: a list of
/// 500 containers takes 10 ms of processor time by `JSONDecoder`.
///
/// Null gives what `init()` gives, as in `DockerObject`.
protocol JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault)
}

/// An object whose members are taken by name; those it does not know are passed over.
protocol JSONReadableObject: JSONReadable {
    init()
    mutating func take(_ key: String, from reader: inout JSONReader) throws(JSONFault)
}

extension JSONReadableObject {
    init(reading reader: inout JSONReader) throws(JSONFault) {
        self.init()
        if try reader.null() { return }
        try reader.beginObject()
        while let key = try reader.nextKey() { try take(key, from: &reader) }
    }
}

extension JSONReader {
    mutating func read<Value: JSONReadable>(_ value: inout Value) throws(JSONFault) {
        value = try Value(reading: &self)
    }
}

extension String: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) { self = try reader.null() ? "" : try reader.string() }
}

extension Int: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) { self = try reader.null() ? 0 : try reader.integer() }
}

extension Bool: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) { self = try reader.null() ? false : try reader.bool() }
}

extension Optional: JSONReadable where Wrapped: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) {
        self = try reader.null() ? nil : try Wrapped(reading: &reader)
    }
}

extension Array: JSONReadable where Element: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) {
        self = []
        if try reader.null() { return }
        try reader.beginArray()
        while try reader.nextElement() { append(try Element(reading: &reader)) }
    }
}

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    init(reading reader: inout JSONReader) throws(JSONFault) {
        self = [:]
        if try reader.null() { return }
        try reader.beginObject()
        while let key = try reader.nextKey() { self[key] = try Value(reading: &reader) }
    }
}

func read<Value: JSONReadable>(_ type: Value.Type, from bytes: [UInt8], call: String) throws(ClientError) -> Value {
    var reader = JSONReader(bytes)
    do throws(JSONFault) {
        let value = try Value(reading: &reader)
        try reader.finish()
        return value
    } catch {
        throw .malformed(call: call, reason: "\(error)")
    }
}

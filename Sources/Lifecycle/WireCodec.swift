/// Writes the binary form that quelld and the shim exchange: little-endian integers, length-prefixed bytes.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: UInt8) { bytes.append(value) }
    public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
    public mutating func write(_ value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<(type(of: value).bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
    public mutating func write(_ value: Duration) { write(value.wholeNanoseconds) }
    public mutating func write(_ text: String) { write(bytes: Array(text.utf8)) }
    public mutating func write(bytes more: [UInt8]) {
        write(UInt32(more.count))
        bytes.append(contentsOf: more)
    }
    public mutating func write<Value>(optional value: Value?, _ body: (inout WireWriter, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }
    public mutating func write<Element>(list: [Element], _ body: (inout WireWriter, Element) -> Void) {
        write(UInt32(list.count))
        for element in list { body(&self, element) }
    }
}

/// What was wrong with received bytes. The connection they came from is closed; nothing else follows from it.
public enum WireError: Error, Hashable, Sendable {
    /// They end in the middle of a value.
    case truncated
    /// More bytes than the value needs.
    case trailing(Int)
    /// A tag or value that this version does not know.
    case unknown(String, UInt64)
    case invalidText
    /// A length above the limit.
    case oversized(Int)
}

/// Reads what `WireWriter` wrote. Never traps on hostile bytes.
public struct WireReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    public init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }
    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    public var remaining: Int { bytes.endIndex - position }

    public mutating func byte() throws(WireError) -> UInt8 {
        guard position < bytes.endIndex else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    public mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        var value: UInt64 = 0
        for index in 0..<(Value.bitWidth / 8) { value |= UInt64(try byte()) << (8 * UInt64(index)) }
        return Value(truncatingIfNeeded: value)
    }

    public mutating func bool() throws(WireError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        case let other: throw .unknown("bool", UInt64(other))
        }
    }

    public mutating func duration() throws(WireError) -> Duration { .nanoseconds(try integer(Int64.self)) }

    public mutating func data() throws(WireError) -> [UInt8] {
        let count = Int(try integer(UInt32.self))
        guard count <= remaining else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    public mutating func text() throws(WireError) -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else { throw .invalidText }
        return text
    }

    public mutating func optional<Value>(
        _ body: (inout WireReader) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        try bool() ? try body(&self) : nil
    }

    public mutating func list<Element>(
        _ body: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = Int(try integer(UInt32.self))
        guard count <= remaining else { throw .oversized(count) }
        var list: [Element] = []
        // The count is the peer's word: room for much grows with what really comes.
        list.reserveCapacity(min(count, 256))
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    /// Throws unless every byte has been read.
    public func finish() throws(WireError) { if remaining != 0 { throw .trailing(remaining) } }
}

/// A value with a wire form.
public protocol WireCodable: Sendable {
    func encode(to writer: inout WireWriter)
    init(from reader: inout WireReader) throws(WireError)
}

extension WireCodable {
    public var wireBytes: [UInt8] {
        var writer = WireWriter()
        encode(to: &writer)
        return writer.bytes
    }

    /// Reads one value that fills the bytes exactly.
    public init(wireBytes: [UInt8]) throws(WireError) {
        var reader = WireReader(wireBytes)
        try self.init(from: &reader)
        try reader.finish()
    }
}

extension RawRepresentable where Self: CaseIterable, RawValue == UInt8 {
    init(tag: UInt8, of type: String) throws(WireError) {
        guard let value = Self(rawValue: tag) else { throw .unknown(type, UInt64(tag)) }
        self = value
    }
}

/// Makes a value of any `Decodable` type with something in every member: what its `init(from:)` asks for, it gets. So a
/// member that is added later is there too.
struct Filling {
    var texts = ["plain"]
    var numbers = [7]
    /// Nil: every member is there, with the first text and number in all of them. Otherwise it is drawn.
    var seed: UInt64?

    func make<Value: Decodable>(_ type: Value.Type) throws -> Value { try make(type, Draws(self)) }

    /// One after another of the same seed.
    func make<Value: Decodable>(_ type: Value.Type, count: Int) throws -> [Value] {
        let draws = Draws(self)
        return try (0..<count).map { _ in try make(type, draws) }
    }

    private func make<Value: Decodable>(_ type: Value.Type, _ draws: Draws) throws -> Value {
        try Value(from: Filler(draws: draws))
    }
}

private final class Draws {
    let texts: [String]
    private let numbers: [Int]
    private var state: UInt64?

    init(_ filling: Filling) { (texts, numbers, state) = (filling.texts, filling.numbers, filling.seed.map { $0 | 1 }) }

    func draw(_ bound: Int) -> Int {
        guard var next = state else { return 0 }
        next ^= next << 13
        next ^= next >> 7
        next ^= next << 17
        state = next
        return Int(next % UInt64(bound))
    }

    var isThere: Bool { state == nil || draw(2) == 1 }
    var text: String { texts[draw(texts.count)] }
    var number: Int { numbers[draw(numbers.count)] }
    var count: Int { state == nil ? 2 : draw(4) }
    /// Different ones.
    var keys: ArraySlice<String> {
        let start = draw(texts.count)
        return (texts[start...] + texts[..<start]).prefix(count)
    }
}

private struct Filler: Decoder {
    let draws: Draws
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members<Key>(filler: self))
    }
    func unkeyedContainer() -> any UnkeyedDecodingContainer { Elements(filler: self, count: draws.count) }
    func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension Filler: SingleValueDecodingContainer {
    func decodeNil() -> Bool { !draws.isThere }
    func decode(_ type: Bool.Type) -> Bool { draws.isThere }
    func decode(_ type: String.Type) -> String { draws.text }
    func decode(_ type: Double.Type) -> Double { Double(draws.number) }
    func decode(_ type: Float.Type) -> Float { Float(draws.number) }
    func decode(_ type: Int.Type) -> Int { draws.number }
    func decode(_ type: Int8.Type) -> Int8 { Int8(truncatingIfNeeded: draws.number) }
    func decode(_ type: Int16.Type) -> Int16 { Int16(truncatingIfNeeded: draws.number) }
    func decode(_ type: Int32.Type) -> Int32 { Int32(truncatingIfNeeded: draws.number) }
    func decode(_ type: Int64.Type) -> Int64 { Int64(draws.number) }
    func decode(_ type: UInt.Type) -> UInt { UInt(bitPattern: draws.number) }
    func decode(_ type: UInt8.Type) -> UInt8 { UInt8(truncatingIfNeeded: draws.number) }
    func decode(_ type: UInt16.Type) -> UInt16 { UInt16(truncatingIfNeeded: draws.number) }
    func decode(_ type: UInt32.Type) -> UInt32 { UInt32(truncatingIfNeeded: draws.number) }
    func decode(_ type: UInt64.Type) -> UInt64 { UInt64(bitPattern: Int64(draws.number)) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let filler: Filler
    var codingPath: [any CodingKey] { [] }
    /// Asked for by dictionaries; objects know their members.
    var allKeys: [Key] { filler.draws.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { filler.draws.isThere }
    func decodeNil(forKey key: Key) -> Bool { false }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try filler.decode(type) }
    func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type, forKey key: Key) -> KeyedDecodingContainer<Inner> {
        filler.container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer { filler.unkeyedContainer() }
    func superDecoder() -> any Decoder { filler }
    func superDecoder(forKey key: Key) -> any Decoder { filler }
}

private struct Elements: UnkeyedDecodingContainer {
    let filler: Filler
    let count: Int?
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { currentIndex == count }

    init(filler: Filler, count: Int) { (self.filler, self.count) = (filler, count) }

    mutating func decodeNil() -> Bool { false }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        return try filler.decode(type)
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        currentIndex += 1
        return filler.container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
        currentIndex += 1
        return filler.unkeyedContainer()
    }
    mutating func superDecoder() -> any Decoder { filler }
}

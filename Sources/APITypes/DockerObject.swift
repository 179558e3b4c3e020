/// An object of the Docker Engine API.
///
/// Decoding is lenient, as Docker's own is: a missing or `null` member takes the value it has after `init()`, a member
/// nobody knows is skipped. What the engine does not support it has to refuse by name; nothing here does.
public protocol DockerObject: Codable, Sendable, Equatable {
    init()
}

// These overloads shadow the standard library's within this module, so that every synthesized `init(from:)` uses them.
extension KeyedDecodingContainer {
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try decodeIfPresent(type, forKey: key) ?? ""
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try decodeIfPresent(type, forKey: key) ?? false
    }

    func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try decodeIfPresent(type, forKey: key) ?? 0
    }

    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try decodeIfPresent(type, forKey: key) ?? 0
    }

    func decode<Element: Decodable>(_ type: [Element].Type, forKey key: Key) throws -> [Element] {
        try decodeIfPresent(type, forKey: key) ?? []
    }

    func decode<Value: Decodable>(_ type: [String: Value].Type, forKey key: Key) throws -> [String: Value] {
        try decodeIfPresent(type, forKey: key) ?? [:]
    }

    func decode<Object: DockerObject>(_ type: Object.Type, forKey key: Key) throws -> Object {
        try decodeIfPresent(type, forKey: key) ?? Object()
    }

    /// A list of strings may also be written as one string (`Cmd`, `Entrypoint`).
    func decodeIfPresent(_ type: [String].Type, forKey key: Key) throws -> [String]? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        let decoder = try superDecoder(forKey: key)
        // What is no string is read as a list, whose error is the one that is told.
        if let single = try? decoder.singleValueContainer().decode(String.self) { return [single] }
        return try [String](from: decoder)
    }
}

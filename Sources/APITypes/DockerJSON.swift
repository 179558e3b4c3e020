public import FoundationEssentials

/// JSON as the Docker API has it on the wire.
public enum DockerJSON {
    /// Encodes a value; members appear in the order of their names, so that equal values give equal bytes.
    public static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return try encoder.encode(value)
    }

    /// Encodes a value followed by a newline, one element of a JSON stream.
    public static func line(_ value: some Encodable) throws -> Data {
        var data = try encode(value)
        data.append(0x0A)
        return data
    }

    /// Decodes a value.
    /// - Throws: `DecodingError`; `explain(_:)` says in one line what is wrong with the input.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }

    /// One line for people: the member that is wrong and what was expected there.
    public static func explain(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(let type, let context): "\(path(context)): expected \(type)"
        case .valueNotFound(let type, let context): "\(path(context)): expected \(type), found null"
        case .keyNotFound(let key, let context): "\(path(context)): missing \(key.stringValue)"
        case .dataCorrupted(let context): "\(path(context)): \(context.debugDescription)\(reason(context))"
        @unknown default: "\(error)"
        }
    }

    /// Foundation names the character that is wrong in the second place, and a number that is none of ours not at all.
    private static func reason(_ context: DecodingError.Context) -> String {
        context.underlyingError.map { " \($0)" } ?? " (a number may be too large, or have a fraction)"
    }

    private static func path(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "the document" : path
    }
}

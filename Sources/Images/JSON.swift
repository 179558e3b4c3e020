import FoundationEssentials

/// JSON as the store writes it: sorted keys, so that the same content gives the same bytes and digest.
func encodeJSON(_ value: some Encodable) throws(ImageError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(value)) } catch {
        throw .system(operation: "encode", subject: "\(type(of: value)): \(error)", errno: 0)
    }
}

/// nil and the reason, where `bytes` is not what it should be.
func decodeJSON<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Result<Value, JSONFault> {
    do { return .success(try JSONDecoder().decode(type, from: Data(bytes))) } catch let error as DecodingError {
        return .failure(JSONFault(error))
    } catch {
        return .failure(JSONFault(text: "\(error)"))
    }
}

/// Why a document could not be decoded, in a phrase.
struct JSONFault: Error {
    let text: String

    init(text: String) { self.text = text }

    init(_ error: DecodingError) {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "" : path.map(\.stringValue).joined(separator: ".")
        }
        text =
            switch error {
            case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
            case .valueNotFound(_, let context): "\(place(context.codingPath)) is null"
            case .typeMismatch(_, let context): "\(place(context.codingPath)) is of the wrong type"
            case .dataCorrupted(let context):
                context.codingPath.isEmpty
                    ? "not JSON: \(context.debugDescription)"
                    : "\(place(context.codingPath)): \(context.debugDescription)"
            @unknown default: "\(error)"
            }
    }
}

import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
import RegistryWire

extension HTTPClientResponse {
    /// A status that says "later": 429 and 5xx.
    func refusal(_ what: String) -> Fault {
        let seconds = headers.first(name: "retry-after").flatMap { Int($0) }.map { Duration.seconds(max(0, $0)) }
        return .passing(
            "\(what): \(status.code) \(Printable.line(status.reasonPhrase, limit: 60))", retryAfter: seconds)
    }

    /// A status that is none of success, told with what the registry says beside (distribution-spec, "Error Codes").
    func fault(_ what: String) async -> Fault {
        if status.code >= 500 || status == .tooManyRequests { return refusal(what) }
        // Without its words the status says enough.
        let body = try? await document(limit: 65536, what)
        let said = body.flatMap { ErrorBody.text($0) }
        let text = "\(what): " + (said ?? "\(status.code) \(Printable.line(status.reasonPhrase, limit: 60))")
        switch status.code {
        case 401: return Fault(.unauthorized, text)
        case 403: return Fault(.denied, text)
        case 404: return Fault(.notFound, text)
        case 408: return .passing(text)
        default: return Fault(.unavailable, text)
        }
    }
}

private struct ErrorBody: Decodable {
    struct Entry: Decodable {
        var code: String?
        var message: String?
    }
    var errors: [Entry]?

    /// `manifest unknown: manifest unknown`, as Docker prints it.
    static func text(_ bytes: [UInt8]) -> String? {
        // A body of another kind is nobody's words.
        guard let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(bytes)), let first = body.errors?.first
        else { return nil }
        let code = (first.code ?? "unknown").lowercased().split(separator: "_").joined(separator: " ")
        return Printable.line(code + (first.message.map { ": " + $0 } ?? ""))
    }
}

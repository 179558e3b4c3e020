import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
import NIOSSL
import RegistryWire

/// What a request may ask of a repository: `repository:library/busybox:pull`.
struct Scope: Hashable, Sendable {
    let repository: String
    let actions: String
    /// Repositories that are to be read beside it, to mount blobs from.
    var alsoPull: [String] = []

    static func pull(_ repository: String) -> Scope { Scope(repository: repository, actions: "pull") }
    static func push(_ repository: String) -> Scope { Scope(repository: repository, actions: "pull,push") }
    /// Nothing but who it is.
    static let none = Scope(repository: "", actions: "")

    var texts: [String] {
        (repository.isEmpty ? [] : ["repository:\(repository):\(actions)"]) + alsoPull.map { "repository:\($0):pull" }
    }
}

/// Headers of authority for one registry: basic, or bearer tokens from where the registry says (the distribution project's
/// token specification). Tokens are kept by scope until they are refused.
actor Authorizer {
    private let transport: Transport
    private let endpoint: Endpoint
    private let credentials: RegistryCredentials?
    private var headers: [Scope: String] = [:]
    /// Of the last token server that gave one.
    private(set) var identityToken: String?

    init(_ transport: Transport, _ endpoint: Endpoint, _ credentials: RegistryCredentials?) {
        (self.transport, self.endpoint, self.credentials) = (transport, endpoint, credentials)
        identityToken = credentials?.identityToken
    }

    func header(for scope: Scope) -> String? { headers[scope] }

    /// Answers the challenges of a 401. `refused` is the header that was sent with it.
    func answer(_ challenges: [Challenge], for scope: Scope, refused: String?) async throws(Fault) -> String {
        // Somebody else has a newer one already.
        if let known = headers[scope], known != refused { return known }
        headers[scope] = nil
        let header = try await obtain(challenges, scope, hadOne: refused != nil)
        headers[scope] = header
        return header
    }

    private func obtain(_ challenges: [Challenge], _ scope: Scope, hadOne: Bool) async throws(Fault) -> String {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            if let token = credentials?.registryToken {
                guard !hadOne else { throw Fault(.unauthorized, "\(endpoint.host) refuses the token it was given") }
                return "Bearer " + token
            }
            return "Bearer " + (try await token(bearer, scope))
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw Fault(
                .unauthorized, "unauthorized: \(endpoint.host) asks for authentication of a kind that is not known here"
            )
        }
        guard let basic else { throw Fault(.unauthorized, "\(endpoint.host): no basic auth credentials") }
        guard !hadOne else { throw Fault(.unauthorized, "unauthorized: incorrect username or password") }
        return basic
    }

    private var basic: String? {
        guard let credentials, let name = credentials.username, let password = credentials.password, !name.isEmpty
        else {
            return nil
        }
        return "Basic " + Data("\(name):\(password)".utf8).base64EncodedString()
    }

    private struct TokenAnswer: Decodable {
        var token: String?
        var access_token: String?
        var refresh_token: String?
    }

    private func token(_ challenge: Challenge, _ scope: Scope) async throws(Fault) -> String {
        let realm = try realm(of: challenge)
        let wanted = scope.texts.isEmpty ? challenge.parameters["scope"].map { [$0] } ?? [] : scope.texts
        let request =
            identityToken.map { self.refreshing(realm, challenge, wanted, $0) } ?? asking(realm, challenge, wanted)
        var attempt = Attempts(limit: 3)
        let response = try await attempt.run { () async throws(Fault) in
            let response = try await transport.send(request)
            guard response.status.code < 500, response.status != .tooManyRequests else {
                throw response.refusal("token server \(realm.place)")
            }
            return response
        }
        guard response.status == .ok else {
            let fault = await response.fault("token server \(realm.place)")
            guard fault.kind == .unauthorized || fault.kind == .denied || response.status == .badRequest else {
                throw fault
            }
            throw Fault(.unauthorized, "unauthorized: incorrect username or password (\(realm.place))")
        }
        let bytes = try await response.document(limit: 1 << 20, "token server \(realm.place)")
        // Whatever else it is, it is no token.
        let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(bytes))
        guard let answer, let token = answer.token ?? answer.access_token, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { throw Fault(.corrupt, "token server \(realm.place): its answer holds no token") }
        if let refresh = answer.refresh_token, !refresh.isEmpty { identityToken = refresh }
        return token
    }

    /// The token server sees the credentials: it must be at least as safe as the registry.
    private func realm(of challenge: Challenge) throws(Fault) -> URL {
        guard let text = challenge.parameters["realm"], let base = URL(string: endpoint.url),
            let realm = URL.resolving(text, against: base)
        else {
            throw Fault(.corrupt, "\(endpoint.host) asks for a token, but does not say of whom (realm)")
        }
        guard realm.scheme?.lowercased() == "https" || endpoint.isInsecure || endpoint.scheme == .http else {
            throw Fault(.corrupt, "\(endpoint.host) sends us to \(realm.place) for a token without TLS: refused")
        }
        return realm
    }

    private func asking(_ realm: URL, _ challenge: Challenge, _ scopes: [String]) -> Transport.Request {
        var fields = [("client_id", "quell"), ("offline_token", scopes.isEmpty ? "true" : "false")]
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        if let name = credentials?.username, !name.isEmpty { fields.append(("account", name)) }
        fields += scopes.map { ("scope", $0) }
        var request = Transport.Request(url: realm.adding(fields), tls: tls(for: realm))
        if let basic { request.headers.add(name: "authorization", value: basic) }
        return request
    }

    /// OAuth 2 (RFC 6749, section 6).
    private func refreshing(_ realm: URL, _ challenge: Challenge, _ scopes: [String], _ token: String)
        -> Transport.Request
    {
        var fields = [("grant_type", "refresh_token"), ("client_id", "quell"), ("refresh_token", token)]
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        if !scopes.isEmpty { fields.append(("scope", scopes.joined(separator: " "))) }
        var request = Transport.Request(method: .POST, url: realm, tls: tls(for: realm))
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(Array(FormEncoding.text(fields).utf8))
        return request
    }

    /// The registry's own certificates count for its host, and what is insecure is so for all it sends us to.
    private func tls(for url: URL) -> TLSConfiguration? {
        guard let own = URL(string: endpoint.url), url.host == own.host || endpoint.isInsecure else { return nil }
        return endpoint.tls
    }
}

enum FormEncoding {
    static func text(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(escape($0.1))" }.joined(separator: "&")
    }

    static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~")].contains(byte)
            if isPlain {
                escaped.append(byte)
            } else {
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

extension URL {
    /// With more fields behind those of its query.
    func adding(_ fields: [(String, String)]) -> URL {
        let text = absoluteString
        let joint = text.contains("?") ? (text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&") : "?"
        // Escaped fields behind a URL are a URL.
        return URL(string: text + joint + FormEncoding.text(fields)) ?? self
    }
}

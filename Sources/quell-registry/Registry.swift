import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import RegistryWire

/// The places one registry's images can be had from: mirrors, then the registry itself.
struct Registry: Sendable {
    let main: Remote
    let mirrors: [Remote]
    let events: EventPipe

    static func open(_ job: RegistryJob, _ events: EventPipe) async throws(Fault) -> Registry {
        let transport = Transport.shared
        transport.use(try Proxies(job.settings.proxies))
        var main = Remote(transport, try Endpoint(registry: job.registry, job.settings), job.credentials)
        var mirrors: [Remote] = []
        // As in Docker: mirrors are of Docker Hub, they are read only, and they see no credentials.
        if job.registry == "docker.io", [.pull, .describe, .tags].contains(job.task) {
            for text in job.settings.mirrors {
                guard let endpoint = try Endpoint(mirror: text, job.settings) else {
                    events.complain("registry-mirrors: \(text) is no http or https URL: left out")
                    continue
                }
                mirrors.append(Remote(transport, endpoint, nil))
            }
        }
        if main.endpoint.isInsecure { main = try await main.settlingScheme() }
        return Registry(main: main, mirrors: mirrors, events: events)
    }

    /// Asks mirrors first.
    func trying<Value>(_ body: (Remote) async throws(Fault) -> Value) async throws(Fault) -> Value {
        for mirror in mirrors {
            do throws(Fault) { return try await body(mirror) } catch {
                events.complain("mirror \(mirror.endpoint.url): \(error.message)")
            }
        }
        return try await body(main)
    }

    func logIn() async throws(Fault) -> RegistryEvent.Outcome {
        let response = try await main.send(.init(path: "/v2/"), .none)
        guard response.status == .ok else { throw await response.fault("login to \(main.endpoint.host)") }
        var outcome = RegistryEvent.Outcome()
        outcome.identityToken = await main.authorizer.identityToken
        return outcome
    }
}

/// The API of one registry (distribution-spec), with authority and redirects.
struct Remote: Sendable {
    let endpoint: Endpoint
    let authorizer: Authorizer
    let transport: Transport

    init(_ transport: Transport, _ endpoint: Endpoint, _ credentials: RegistryCredentials?) {
        (self.transport, self.endpoint) = (transport, endpoint)
        authorizer = Authorizer(transport, endpoint, credentials)
    }

    struct Call {
        var method = HTTPMethod.GET
        /// From `/v2/` on.
        var path: String
        var headers: HTTPHeaders = [:]
        /// Made anew for each try.
        var body: (@Sendable () -> HTTPClientRequest.Body)?
        var head = Deadlines.head
        /// Instead of `path`, where the registry said so.
        var location: URL?
    }

    private static let redirectLimit = 8

    /// The answer, whatever it says, but for 401 when credentials can be shown, and redirects.
    func send(_ call: Call, _ scope: Scope) async throws(Fault) -> HTTPClientResponse {
        guard let base = URL(string: endpoint.url), let url = call.location ?? URL(string: endpoint.url + call.path)
        else {
            throw Fault(.system, "\(endpoint.url) is no URL")
        }
        var header = await authorizer.header(for: scope)
        // A token may have expired, and its successor cannot have.
        for _ in 0..<2 {
            let response = try await follow(call, url, base, header)
            guard response.status == .unauthorized else { return response }
            let challenges = Challenge.parse(response.headers["www-authenticate"])
            guard !challenges.isEmpty else { return response }
            await response.discard()
            header = try await authorizer.answer(challenges, for: scope, refused: header)
        }
        let response = try await follow(call, url, base, header)
        guard response.status == .unauthorized else { return response }
        throw await response.fault(endpoint.host)
    }

    /// Follows redirects; authority is shown to the registry itself only.
    private func follow(_ call: Call, _ start: URL, _ base: URL, _ header: String?) async throws(Fault)
        -> HTTPClientResponse
    {
        var url = start
        for _ in 0...Remote.redirectLimit {
            let isOwn = url.hasOrigin(of: base)
            var request = Transport.Request(
                method: call.method, url: url, headers: call.headers, body: call.body?(),
                tls: isOwn || endpoint.isInsecure ? endpoint.tls : nil, head: call.head)
            if isOwn, let header { request.headers.replaceOrAdd(name: "authorization", value: header) }
            let response = try await transport.send(request)
            guard Remote.isRedirect(response.status.code, call.method) else { return response }
            await response.discard()
            guard let next = response.headers.first(name: "location").flatMap({ URL.resolving($0, against: url) })
            else {
                throw Fault(.corrupt, "\(url.place) redirects to something that is no http or https URL")
            }
            guard next.scheme == "https" || url.scheme == "http" || endpoint.isInsecure else {
                throw Fault(.corrupt, "\(url.place) redirects from https to http (\(next.place)): refused")
            }
            url = next
        }
        throw Fault(.corrupt, "\(endpoint.host): more than \(Remote.redirectLimit) redirects in a row")
    }

    /// What sends something sends it again only where the registry says that it may (RFC 9110, section 15.4).
    private static func isRedirect(_ status: UInt, _ method: HTTPMethod) -> Bool {
        switch status {
        case 307, 308: true
        case 301, 302, 303: method == .GET || method == .HEAD
        case _: false
        }
    }

    /// Of an insecure registry: https if it speaks that, else plain http.
    func settlingScheme() async throws(Fault) -> Remote {
        do throws(Fault) {
            let response = try await transport.send(.init(url: try ping, tls: endpoint.tls))
            await response.discard()
            return self
        } catch {
            var plain = endpoint
            (plain.scheme, plain.tls) = (.http, nil)
            return Remote(self, plain)
        }
    }

    private var ping: URL {
        get throws(Fault) {
            guard let url = URL(string: endpoint.url + "/v2/") else {
                throw Fault(.system, "\(endpoint.url) is no URL")
            }
            return url
        }
    }

    /// As `other`, elsewhere.
    private init(_ other: Remote, _ endpoint: Endpoint) {
        (self.endpoint, transport) = (endpoint, other.transport)
        authorizer = other.authorizer
    }
}

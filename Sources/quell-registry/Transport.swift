import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import RegistryWire
import Synchronization

/// HTTP with deadlines, without redirects: those are for whoever knows what may be sent where.
final class Transport: Sendable {
    /// By the proxy they go through.
    private let clients = Mutex<[ProxyAddress?: HTTPClient]>([:])
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let proxies = Mutex(Proxies.none)

    /// Lives as long as the process: a client must be shut down before it goes, and these never do.
    static let shared = Transport()

    private init() {}

    /// From now on.
    func use(_ proxies: Proxies) { self.proxies.withLock { $0 = proxies } }

    private func client(through proxy: ProxyAddress?) -> HTTPClient {
        clients.withLock { clients in
            if let known = clients[proxy] { return known }
            let made = makeClient(through: proxy)
            clients[proxy] = made
            return made
        }
    }

    private func makeClient(through proxy: ProxyAddress?) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: Deadlines.connect, read: Deadlines.idle, write: Deadlines.idle)
        // Tried again by those who know how often it is worth it.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.proxy = proxy.map(HTTPClient.Configuration.Proxy.init)
        return HTTPClient(eventLoopGroup: group, configuration: configuration)
    }

    struct Request {
        var method = HTTPMethod.GET
        var url: URL
        var headers: HTTPHeaders = [:]
        var body: HTTPClientRequest.Body?
        var tls: TLSConfiguration?
        /// Until the head of the answer is there; a body that is sent comes before.
        var head = Deadlines.head
    }

    func send(_ request: Request) async throws(Fault) -> HTTPClientResponse {
        var raw = HTTPClientRequest(url: request.url.absoluteString)
        raw.method = request.method
        raw.headers = request.headers
        raw.headers.replaceOrAdd(name: "user-agent", value: "quell-registry")
        raw.body = request.body
        raw.tlsConfiguration = request.tls
        let proxy = proxies.withLock { $0.proxy(for: request.url) }
        do { return try await client(through: proxy).execute(raw, timeout: request.head) } catch {
            throw Fault(error, request.url.place + (proxy.map { " (through the proxy \($0.place))" } ?? ""))
        }
    }
}

extension HTTPClient.Configuration.Proxy {
    /// An HTTP proxy is asked for a tunnel, by CONNECT, for plain HTTP too.
    fileprivate init(_ address: ProxyAddress) {
        switch address.scheme {
        case .socks5: self = .socksServer(host: address.host, port: address.port)
        case .http:
            let authorization = address.username.map { name in
                HTTPClient.Authorization.basic(username: name, password: address.password ?? "")
            }
            self = .server(host: address.host, port: address.port, authorization: authorization)
        }
    }
}

extension URL {
    /// `HOST[:PORT]`, for messages: path and query may hold what is nobody's business.
    var place: String { (host ?? "") + (port.map { ":\($0)" } ?? "") }

    /// Scheme, host and port are the same: what is meant for one may be told the other.
    func hasOrigin(of other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "http" ? 80 : 443) }
        return scheme?.lowercased() == other.scheme?.lowercased() && host?.lowercased() == other.host?.lowercased()
            && port(self) == port(other)
    }

    /// As a registry gives it, whole or relative to `base`; only http and https.
    static func resolving(_ text: String, against base: URL) -> URL? {
        guard text.utf8.count <= 16384, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }),
            let url = URL(string: text, relativeTo: base)?.absoluteURL, let scheme = url.scheme?.lowercased(),
            scheme == "https" || scheme == "http", url.host?.isEmpty == false
        else { return nil }
        return url
    }
}

extension HTTPClientResponse {
    /// The whole body, at most `limit` bytes of it, within the deadline for documents.
    func document(limit: Int, _ what: String) async throws(Fault) -> [UInt8] {
        let body = body
        if let length = headers.first(name: "content-length").flatMap(Int.init), length > limit {
            throw Fault(.corrupt, "\(what): \(length) bytes, more than the \(limit) that are allowed")
        }
        do {
            return try await within(Deadlines.document, what) {
                let buffer = try await body.collect(upTo: limit)
                return Array(buffer.readableBytesView)
            }
        } catch let fault as Fault { throw fault } catch is NIOTooManyBytesError {
            throw Fault(.corrupt, "\(what): more than the \(limit) bytes that are allowed")
        } catch {
            throw Fault(error, what)
        }
    }

    /// Reads what is left of a body nobody wants, if it is little, so that the connection can be used again.
    func discard() async {
        // Only the connection suffers.
        _ = try? await body.collect(upTo: 65536)
    }
}

/// The outcome of `work`, or a fault that may pass when the time is over.
func within<Value: Sendable>(
    _ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw Fault.passing("\(what): not there within \(limit.components.seconds) s")
        }
        return value
    }
}

import FoundationEssentials
import RegistryWire

/// Which proxy a request goes through, by the rules that Go's programs follow, Docker's among them (golang.org/x/net, httpproxy).
struct Proxies: Sendable {
    private let http: ProxyAddress?
    private let https: ProxyAddress?
    private let exceptions: [ProxyException]

    static let none = Proxies()

    private init() { (http, https, exceptions) = (nil, nil, []) }

    init(_ settings: RegistryProxies) throws(Fault) {
        http = try ProxyAddress(settings.http, "http-proxy")
        https = try ProxyAddress(settings.https, "https-proxy")
        exceptions = (settings.bypass ?? "").split(separator: ",").compactMap { ProxyException(String($0)) }
    }

    /// nil: none. Loopback is reached without one always.
    func proxy(for url: URL) -> ProxyAddress? {
        let isPlain = url.scheme?.lowercased() == "http"
        guard let proxy = isPlain ? http : https, let host = url.host?.lowercased() else { return nil }
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard name != "localhost", !AddressRange.loopback.contains(where: { $0.holds(name) }) else { return nil }
        let port = url.port ?? (isPlain ? 80 : 443)
        return exceptions.contains { $0.covers(name, port) } ? nil : proxy
    }
}

/// A proxy by its URL.
struct ProxyAddress: Sendable, Hashable {
    enum Scheme: String { case http, socks5 }
    let scheme: Scheme
    let host: String
    let port: Int
    /// Asked of an HTTP proxy's client.
    let username: String?
    let password: String?

    /// nil for nil and for an empty text. A URL without a scheme is HTTP's, as for everybody else.
    init?(_ text: String?, _ key: String) throws(Fault) {
        guard let text, !text.isEmpty else { return nil }
        let whole = text.contains("://") ? text : "http://" + text
        guard let url = URL(string: whole), let host = url.host(percentEncoded: false), !host.isEmpty,
            let scheme = url.scheme.map({ $0.lowercased() }).flatMap(Scheme.init(rawValue:))
        else {
            // Without the text: there may be a password in it.
            throw Fault(
                .system, "\(key): expected http://HOST:PORT or socks5://HOST:PORT; TLS to a proxy is not offered")
        }
        (self.scheme, self.host) = (scheme, host)
        port = url.port ?? (scheme == .http ? 80 : 1080)
        username = url.user(percentEncoded: false)
        password = url.password(percentEncoded: false)
    }

    /// For messages.
    var place: String { "\(host):\(port)" }
}

/// One entry of `no-proxy`.
private struct ProxyException: Sendable {
    private enum Kind {
        case everything
        case range(AddressRange)
        case address(String)
        /// `.example.com`: what is below it.
        case below(String)
    }
    private let kind: Kind
    /// The name itself too.
    private var name: String?
    private let port: Int?

    init?(_ text: String) {
        var text = text.lowercased()
        text.removeAll { $0 == " " || $0 == "\t" }
        guard !text.isEmpty else { return nil }
        if text == "*" {
            (kind, port) = (.everything, nil)
            return
        }
        if let range = AddressRange(text) {
            (kind, port) = (.range(range), nil)
            return
        }
        let (host, port) = ProxyException.split(text)
        self.port = port
        if AddressRange.bytes(of: host) != nil {
            kind = .address(host)
        } else if host.hasPrefix("*.") || host.hasPrefix(".") {
            kind = .below(host.hasPrefix("*") ? String(host.dropFirst()) : host)
        } else {
            (kind, name) = (.below("." + host), host)
        }
    }

    /// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`, or an IPv6 address alone.
    private static func split(_ text: String) -> (host: String, port: Int?) {
        if AddressRange.bytes(of: text) != nil { return (text, nil) }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            return (text.filter { $0 != "[" && $0 != "]" }, nil)
        }
        return (text[..<colon].filter { $0 != "[" && $0 != "]" }, port)
    }

    func covers(_ host: String, _ port: Int) -> Bool {
        guard self.port == nil || self.port == port else { return false }
        return switch kind {
        case .everything: true
        case .range(let range): range.holds(host)
        case .address(let address): AddressRange.bytes(of: address) == AddressRange.bytes(of: host)
        case .below(let suffix): host.hasSuffix(suffix) || host == name
        }
    }
}

internal import NIOCore

/// Where quelld listens: a unix socket, or a TCP port of this host.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    enum Place: Hashable, Sendable {
        case unix(path: String)
        case tcp(address: String, port: Int)
    }

    let place: Place

    public static let standard = Endpoint(.unix(path: "/run/quell/quell.sock"))
    /// sun_path has 108 bytes with its closing NUL (unix(7)).
    static let longestPath = 107

    private init(_ place: Place) { self.place = place }

    /// Absolute path of the socket; nil for a TCP port.
    public var socketPath: String? {
        if case .unix(let path) = place { path } else { nil }
    }

    /// Reads `unix:///run/quell/quell.sock`, an absolute path, or `tcp://127.0.0.1:2375`.
    ///
    /// - Throws: `ClientError.invalidEndpoint` for other schemes, relative paths, paths longer than a socket's may be, and
    ///   TCP beyond the loopback, which would need TLS.
    public init(parsing text: String) throws(ClientError) {
        let path: Substring
        if text.hasPrefix("unix://") {
            path = text.dropFirst(7)
        } else if text.hasPrefix("tcp://") {
            self.init(try Endpoint.tcp(text.dropFirst(6), text))
            return
        } else if text.contains("://") {
            throw .invalidEndpoint(text, fault: "only unix:// and tcp:// are supported")
        } else {
            path = text[...]
        }
        guard path.hasPrefix("/") else { throw .invalidEndpoint(text, fault: "the path is not absolute") }
        guard path.utf8.count <= Endpoint.longestPath else {
            throw .invalidEndpoint(text, fault: "the path is longer than \(Endpoint.longestPath) bytes")
        }
        self.init(.unix(path: String(path)))
    }

    private static func tcp(_ place: Substring, _ text: String) throws(ClientError) -> Place {
        var (name, port) = (place, 2375 as Int?)
        if let colon = place.lastIndex(of: ":"), !place.hasSuffix("]") {
            (name, port) = (place[..<colon], Int(place[place.index(after: colon)...]))
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name == "localhost" { name = "127.0.0.1" }
        guard let port, (1...65535).contains(port) else {
            throw .invalidEndpoint(text, fault: "the port is no number from 1 to 65535")
        }
        let address: SocketAddress
        do { address = try SocketAddress(ipAddress: String(name), port: port) } catch {
            throw .invalidEndpoint(text, fault: "the address is not numeric (names are not looked up)")
        }
        guard isLoopback(address) else {
            throw .invalidEndpoint(
                text,
                fault: "only the loopback is reached without TLS, which quell does not speak; use the docker CLI, "
                    + "or forward the port or the socket by ssh")
        }
        return .tcp(address: String(name), port: port)
    }

    private static func isLoopback(_ address: SocketAddress) -> Bool {
        switch address {
        case .v4: address.ipAddress?.hasPrefix("127.") == true
        case .v6: address.ipAddress == "::1"
        case .unixDomainSocket: false
        }
    }

    /// What the environment chooses: QUELL_HOST, else DOCKER_HOST where it names a unix socket, else the standard one.
    public init(environment: [String: String]) throws(ClientError) {
        if let host = environment["QUELL_HOST"], !host.isEmpty {
            try self.init(parsing: host)
        } else if let host = environment["DOCKER_HOST"], host.hasPrefix("unix://") {
            try self.init(parsing: host)
        } else {
            self = .standard
        }
    }

    public var description: String {
        switch place {
        case .unix(let path): "unix://\(path)"
        case .tcp(let address, let port):
            address.contains(":") ? "tcp://[\(address)]:\(port)" : "tcp://\(address):\(port)"
        }
    }
}

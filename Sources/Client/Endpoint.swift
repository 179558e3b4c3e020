/// Where quelld listens: a unix socket.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Absolute path of the socket.
    public let socketPath: String

    public static let standard = Endpoint(checked: "/run/quell/quell.sock")
    /// sun_path has 108 bytes with its closing NUL (unix(7)).
    static let longestPath = 107

    private init(checked path: String) { socketPath = path }

    /// Reads `unix:///run/quell/quell.sock` or an absolute path.
    ///
    /// - Throws: `ClientError.invalidEndpoint` for other schemes, relative paths and paths longer than a socket's may be.
    public init(parsing text: String) throws(ClientError) {
        let path: Substring
        if text.hasPrefix("unix://") {
            path = text.dropFirst(7)
        } else if text.contains("://") {
            throw .invalidEndpoint(text, fault: "only unix sockets are supported")
        } else {
            path = text[...]
        }
        guard path.hasPrefix("/") else { throw .invalidEndpoint(text, fault: "the path is not absolute") }
        guard path.utf8.count <= Endpoint.longestPath else {
            throw .invalidEndpoint(text, fault: "the path is longer than \(Endpoint.longestPath) bytes")
        }
        socketPath = String(path)
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

    public var description: String { "unix://\(socketPath)" }
}

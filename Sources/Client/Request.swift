/// One HTTP request to quelld.
public struct Request: Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET", head = "HEAD", post = "POST", put = "PUT", delete = "DELETE"
    }

    public enum Body: Sendable {
        case none
        case json([UInt8])
        /// Sent in chunks as the sequence gives them.
        case stream(any AsyncSequence<[UInt8], any Error> & Sendable, contentType: String)
    }

    public var method: Method
    /// Segments; each is percent-encoded by itself, so that a name with a slash stays one.
    public var path: [String]
    public var query: [(name: String, value: String)]
    public var headers: [(name: String, value: String)] = []
    public var body: Body
    public var deadlines: Deadlines

    public init(
        _ method: Method, _ path: [String], query: [(name: String, value: String)] = [], body: Body = .none,
        deadlines: Deadlines = .short
    ) {
        (self.method, self.path, self.query) = (method, path, query)
        (self.body, self.deadlines) = (body, deadlines)
    }

    /// Path and query as they go over the wire.
    public var target: String {
        let path = "/" + path.map(percentEncoded).joined(separator: "/")
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
    }

    /// An empty segment would ask for something else: `/containers//json` is a list.
    func checkNames() throws(ClientError) {
        if path.contains("") { throw .emptyName(call: name) }
    }

    /// For messages: `POST /containers/web/start`.
    public var name: String { "\(method.rawValue) /" + path.joined(separator: "/") }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`; in addition `:` stays, for `name:tag`.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x3A: bytes.append(byte)
        default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

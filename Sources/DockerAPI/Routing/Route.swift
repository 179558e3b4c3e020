import NIOHTTP1

/// A path pattern: literal segments, `{name}` for one segment, and at most one `{name...}` for one or more.
struct PathPattern: Sendable {
    private enum Part: Sendable {
        case literal(String)
        case one(String)
        case some(String)
    }

    private let parts: [Part]

    init(_ text: String) {
        parts = text.split(separator: "/").map { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .some(String(name.dropLast(3))) : .one(String(name))
        }
    }

    /// The parameters where the path fits.
    func match(_ segments: [String]) -> [String: String]? {
        let surplus = segments.count - parts.count
        guard surplus >= 0 else { return nil }
        var parameters: [String: String] = [:]
        var rest = segments[...]
        for part in parts {
            switch part {
            case .literal(let text):
                guard rest.popFirst() == text else { return nil }
            case .one(let name):
                parameters[name] = rest.popFirst()
            case .some(let name):
                parameters[name] = rest.prefix(surplus + 1).joined(separator: "/")
                rest = rest.dropFirst(surplus + 1)
            }
        }
        return rest.isEmpty ? parameters : nil
    }
}

/// A call the API knows.
struct Route: Sendable {
    typealias Action = @Sendable (Call) async throws -> Void

    /// Which threads an action runs on.
    enum Place: Hashable, Sendable {
        /// Those of Swift's pool: it computes for long, or calls actors.
        case pool
        /// The connection's event loop: it answers from memory within microseconds, and the two changes of thread that a
        /// call would otherwise take are most of its cost. What it waits for it waits for as any task.
        case loop
    }

    let method: HTTPMethod
    let pattern: PathPattern
    /// `POST /containers/{id}/stop`: what the call is, whomever it is about.
    let name: String
    let span: CallSpan
    let subject: CallSubject
    let place: Place
    let action: Action

    init(_ method: HTTPMethod, _ pattern: String, on place: Place = .pool, _ action: @escaping Action) {
        (self.method, self.pattern, self.place, self.action) = (method, PathPattern(pattern), place, action)
        name = "\(method) \(pattern)"
        (span, subject) = (CallSpan(name), CallSubject(pattern))
    }
}

/// Routes by how they are tried: the first that fits is taken, so literal paths stand before patterns.
struct RouteTable: Sendable {
    let routes: [Route]

    init(_ routes: [Route]) { self.routes = routes }

    func find(_ method: HTTPMethod, _ segments: [String]) -> (route: Route, parameters: [String: String])? {
        for route in routes where route.method == method {
            if let parameters = route.pattern.match(segments) { return (route, parameters) }
        }
        return nil
    }
}

import Synchronization

/// All containers, by id and name. A name is taken from the moment it is reserved.
final class Registry: Sendable {
    private struct State {
        var containers: [String: Container] = [:]
        /// Name to id.
        var names: [String: String] = [:]
    }
    private let state = Mutex(State())

    var all: [Container] { state.withLock { Array($0.containers.values) } }

    func withID(_ id: String) -> Container? { state.withLock { $0.containers[id] } }

    /// False when another container has the name: its id is in `holder`.
    func reserve(_ name: String, for id: String) -> (taken: Bool, holder: String) {
        state.withLock {
            if let holder = $0.names[name], holder != id { return (false, holder) }
            $0.names[name] = id
            return (true, id)
        }
    }

    func release(_ name: String, of id: String) {
        state.withLock { if $0.names[name] == id { $0.names[name] = nil } }
    }

    func add(_ container: Container) { state.withLock { $0.containers[container.id] = container } }

    func remove(_ id: String) {
        state.withLock {
            $0.containers[id] = nil
            $0.names = $0.names.filter { $0.value != id }
        }
    }

    /// Docker's order: the whole id, the name, then the beginning of an id that only one has.
    func find(_ reference: String) throws(EngineError) -> Container {
        let wanted = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        guard !wanted.isEmpty else { throw .invalid("no container name or ID supplied") }
        let found: Result<Container, EngineError> = state.withLock { state in
            if let container = state.containers[wanted] { return .success(container) }
            if let container = state.names[wanted].flatMap({ state.containers[$0] }) { return .success(container) }
            guard Identifier.isHex(wanted) else { return .failure(.notFound(kind: "container", name: wanted)) }
            let matches = state.containers.filter { $0.key.hasPrefix(wanted) }
            if matches.count > 1 {
                return .failure(.invalid("multiple IDs found with provided prefix: \(wanted)"))
            }
            return matches.first.map { .success($0.value) } ?? .failure(.notFound(kind: "container", name: wanted))
        }
        return try found.get()
    }
}

import Synchronization

/// Which container an exec belongs to.
final class ExecTable: Sendable {
    private let owners = Mutex<[String: String]>([:])

    func add(_ exec: String, of container: String) { owners.withLock { $0[exec] = container } }
    func remove(_ exec: String) { owners.withLock { $0[exec] = nil } }
    func removeAll(of container: String) {
        owners.withLock { owners in owners = owners.filter { $0.value != container } }
    }
    func owner(of exec: String) -> String? { owners.withLock { $0[exec] } }
}

extension EngineCore {
    func remember(exec: String, of container: String) { execs.add(exec, of: container) }
    func forget(exec: String) { execs.remove(exec) }
    func forgetExecs(of container: String) { execs.removeAll(of: container) }

    func containerOf(exec: String) throws(EngineError) -> Container {
        guard let owner = execs.owner(of: exec), let container = registry.withID(owner) else {
            throw .notFound(kind: "exec instance", name: exec)
        }
        return container
    }
}

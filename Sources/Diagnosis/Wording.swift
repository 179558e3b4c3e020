// How processes and tasks are called.

extension ProcessName {
    /// `cat (pid 4711)`.
    var text: String { "\(comm) (pid \(pid))" }
}

extension Outsider {
    /// `sshfs (pid 4711, stopped)`.
    var text: String { "\(name.comm) (pid \(name.pid)\(stateText.isEmpty ? "" : ", " + stateText))" }

    /// Where it is of interest; empty: it simply lives.
    var stateText: String {
        switch state {
        case "T": "stopped"
        case "t": "stopped by a tracer"
        case "Z", "X": "dead"
        case "D": "in uninterruptible sleep"
        default: ""
        }
    }
}

extension Holds {
    /// `cat (pid 4711)`, `3 tasks (cat, dd)`.
    func people(_ tasks: [TaskEvidence]) -> String {
        if tasks.count == 1 { return "\(tasks[0].comm) (pid \(tasks[0].pid))" }
        var names: [String] = []
        for task in tasks where !names.contains(task.comm) { names.append(task.comm) }
        return "\(tasks.count) tasks (\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : ""))"
    }

    func waits(_ tasks: [TaskEvidence]) -> String { tasks.count == 1 ? "waits" : "wait" }
    func are(_ tasks: [TaskEvidence]) -> String { tasks.count == 1 ? "is" : "are" }
}

extension FuseConnection {
    /// `server sshfs (pid 7)`, where it is known who that is.
    var serverText: String {
        let names = servers.prefix(3).map(\.text).joined(separator: ", ")
        if names.isEmpty { return "server, which was not found," }
        return isServerKnown ? "server \(names)" : "server (one of \(names))"
    }
}

extension LockOwner {
    /// `a mutex`, `an rw-semaphore`.
    var lockText: String { (lock.hasPrefix("rw") ? "an " : "a ") + lock }
}

extension Blocker {
    /// In a few words, for people.
    var text: String {
        switch self {
        case .fuse(let connection):
            "\(connection.type) \(connection.source) on \(connection.mountPoint), connection \(connection.number): "
                + connection.serverText + (connection.waiting.map { " \($0) requests without an answer" } ?? "")
        case .networkServer(let server, let place): "the server \(server) of \(place)"
        case .device(let device): "the block device \(device.name)"
        case .fileSystem(let place, let type, let source): "\(type) \(source) on \(place)"
        case .freezer(let freezer): "the freezer of \(freezer.directory)"
        case .parent(let parent, let child): "\(parent.text), the parent of \(child.text)"
        case .tracer(let tracer, let process): "\(tracer.text), the tracer of \(process.text)"
        case .lockOwner(let owner): "\(owner.owner.text), which likely holds \(owner.lockText)"
        case .child(let child): "\(child.text), its child"
        case .driver(let function, let module): function + (module.map { " of the module \($0)" } ?? "")
        }
    }
}

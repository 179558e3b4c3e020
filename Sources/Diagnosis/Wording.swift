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

public import APITypes
import Linux

extension Engine {
    /// The processes of a container, by `ps` in a disposable child; without `psArguments`: `-ef`.
    ///
    /// `ps` reads files that can hang with a stuck process; after five seconds the columns that cannot hang are given.
    public func topContainer(_ reference: String, psArguments: String?) async throws(EngineError) -> TopResponse {
        let container = try core.container(reference)
        let snapshot = container.snapshot
        guard snapshot.isRunning else { throw .notRunning("container \(container.id) is not running") }
        await container.post("top")
        let cgroup = core.cgroup(container.id)
        let members = try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in try cgroup.members() }
        }
        let arguments = (psArguments ?? "").split(separator: " ").map(String.init)
        if snapshot.live != .stuck, File.isExecutable("/usr/bin/ps") || File.isExecutable("/bin/ps") {
            do throws(EngineError) {
                let output = try await Child.output(
                    "/usr/bin/ps", arguments.isEmpty ? ["-ef"] : arguments, within: .seconds(5), limit: 8 << 20, core)
                return try ProcessTable.select(output, members)
            } catch {
                guard case .timedOut = error else { throw error }
            }
        }
        return try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in try ProcessTable.plain(members) }
        }
    }
}

/// Tables of processes.
enum ProcessTable {
    /// The lines of `ps` whose PID is among these.
    static func select(_ output: String, _ pids: [Int32]) throws(EngineError) -> TopResponse {
        let lines = output.split(separator: "\n")
        let titles = (lines.first ?? "").split(separator: " ").map(String.init)
        guard let column = titles.firstIndex(of: "PID") else { throw .invalid("Couldn't find PID field in ps output") }
        let wanted = Set(pids)
        var response = TopResponse()
        response.titles = titles
        for line in lines.dropFirst() {
            // The last column is the command, blanks and all.
            let fields = line.split(separator: " ", maxSplits: titles.count - 1).map(String.init)
            guard fields.count > column, let pid = Int32(fields[column]), wanted.contains(pid) else { continue }
            response.processes.append(fields)
        }
        return response
    }

    /// From files that never hang. The command is the name alone, in brackets.
    static func plain(_ pids: [Int32]) throws(SystemError) -> TopResponse {
        var response = TopResponse()
        response.titles = ["UID", "PID", "PPID", "STAT", "CMD"]
        for pid in pids {
            guard let status = try Procfs.live.status(of: pid) else { continue }
            let state = String(status.state)
            response.processes.append(["\(status.uid)", "\(pid)", "\(status.parent)", state, "[\(status.name)]"])
        }
        return response
    }
}

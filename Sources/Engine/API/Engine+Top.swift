public import APITypes
import Lifecycle
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
        let members = try await programs(of: container)
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

extension Engine {
    /// What a runtime needs at most between the end of its work and that of its processes.
    private static let settling = Duration.seconds(1)

    /// The processes of the container. Just after a start some of its cgroup are the runtime's: its main process may not have
    /// executed the program yet, which is waited for, and a helper of the runtime may not have ended yet, which is left out.
    private func programs(of container: Container) async throws(EngineError) -> [Int32] {
        let (cgroup, main) = (core.cgroup(container.id), container.snapshot.state.pid)
        let deadline = MonotonicClock.now() + Engine.settling
        while true {
            let crowd = try await Blocking.run { () throws(EngineError) in
                try attempt { () throws(SystemError) in try Crowd(of: try cgroup.members(), main: main) }
            }
            guard !crowd.isStarting, !crowd.hasRuntime else {
                // No event tells of an exec, or of the end of somebody else's child. Past the deadline what there is is shown.
                guard MonotonicClock.now() < deadline, await core.reactor.pause(.milliseconds(2)) else {
                    return crowd.pids
                }
                continue
            }
            return crowd.pids
        }
    }
}

/// Who is in a container's cgroup.
private struct Crowd {
    /// Without what is provably the runtime's: whoever is outside of the container's PID namespace, and the main process's
    /// parent until that is the supervisor, which has a cgroup of its own.
    var pids: [Int32] = []
    /// The main process has not executed its program.
    var isStarting = false
    /// Somebody may be the runtime's, and nothing proves it: the container has no PID namespace of its own.
    var hasRuntime = false

    init(of members: [Int32], main: Int32) throws(SystemError) {
        let own = main > 0 ? try Procfs.live.status(of: main) : nil
        let depth = own?.namespacePids.count ?? 0
        if let own, own.state != "Z", let stat = try Procfs.live.stat(of: main) { isStarting = !stat.hasProgram }
        for pid in members {
            guard let status = try Procfs.live.status(of: pid) else { continue }
            // A zombie that is being reaped has none.
            guard status.namespacePids.count >= depth, pid != own?.parent else { continue }
            pids.append(pid)
            // What a runtime leaves behind becomes the supervisor's child, as the main process is.
            guard depth == 1, pid != main, status.parent == own?.parent else { continue }
            if try Crowd.isRuntime(pid) { hasRuntime = true }
        }
    }

    /// A runtime runs from a sealed copy of itself, which has no path. Only the link is read, never what it names.
    private static func isRuntime(_ pid: Int32) throws(SystemError) -> Bool {
        guard let stat = try Procfs.live.stat(of: pid), !stat.hasProgram else { return false }
        do throws(SystemError) {
            let program = try File.readLink("/proc/\(pid)/exe")
            return program == "/" || program.hasPrefix("/memfd:")
        } catch {
            // On its way out, without memory.
            guard error.isNotFound || error.isNoSuchProcess else { throw error }
            return true
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

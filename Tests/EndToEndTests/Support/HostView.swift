import Lifecycle
import Linux
import TestKit

/// What a daemon has on the host, looked at from outside.
enum HostView {
    /// The cgroups of a container that exist, in any hierarchy.
    static func cgroups(of id: String, parent: String) throws -> [String] {
        let host = try CgroupHost.detect()
        let tops = Set(host.controllers.values).union([host.unified, host.named].compactMap { $0 })
        return try tops.map { "\($0)/\(parent)/\(id)" }.filter { try File.status(of: $0) != nil }.sorted()
    }

    /// One line for each task in a cgroup below the parent: what it is, its state, and where it sleeps.
    static func tasks(of parent: String) throws -> String {
        let procfs = Procfs.live
        var lines: [String] = []
        for pid in try members(of: parent) {
            for task in try procfs.tasks(of: pid) ?? [] {
                guard let status = try procfs.status(of: pid, task: task) else { continue }
                let place = try procfs.waitChannel(of: pid, task: task) ?? "?"
                lines.append("\(pid)/\(task) \(status.name) \(status.state) \(place)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Processes in a cgroup at or below the path, in any hierarchy.
    static func members(of parent: String) throws -> [Int32] {
        let procfs = Procfs.live
        return try procfs.processes().filter { pid in
            try procfs.cgroups(of: pid)?.contains { ($0.path + "/").hasPrefix("/\(parent)/") } == true
        }
    }

    /// Kills whatever is left under the parent, and removes it. After a good test it has no members.
    static func endCgroup(_ parent: String) throws {
        let cgroup = Cgroup("/" + parent, on: try CgroupHost.detect())
        try cgroup.kill()
        // On a host without the unified hierarchy its containers were in the others alone.
        for pid in try members(of: parent) {
            do throws(SystemError) { try Pidfd(opening: pid).send(.kill) } catch {
                guard error.isNoSuchProcess else { throw error }
            }
        }
        try eventually("\(parent) has no members") { try members(of: parent).isEmpty && !cgroup.isPopulated() }
        try cgroup.remove()
    }

    static func mounts(under directory: String) throws -> [String] {
        try Mount.list(under: directory).map(\.mountPoint)
    }
}

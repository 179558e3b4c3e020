import Lifecycle
import Linux
import TestKit

/// What a daemon has on the host, looked at from outside.
enum HostView {
    /// The cgroups of a container that exist, in any hierarchy.
    static func cgroups(of id: String, parent: String) throws -> [String] {
        try tops().map { "\($0)/\(parent)/\(id)" }.filter { try File.status(of: $0) != nil }
    }

    /// One line for each task in a cgroup below the parent: what it is, its state, and where it sleeps.
    static func tasks(of parent: String) throws -> String {
        let procfs = Procfs.live
        var lines: [String] = []
        for pid in try members(of: parent).sorted() {
            for task in try procfs.tasks(of: pid) ?? [] {
                guard let status = try procfs.status(of: pid, task: task) else { continue }
                let place = try procfs.waitChannel(of: pid, task: task) ?? "?"
                lines.append("\(pid)/\(task) \(status.name) \(status.state) \(place)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Processes in a cgroup at or below the path, in any hierarchy.
    static func members(of path: String) throws -> Set<Int32> {
        try tops().reduce(into: []) { try $0.formUnion(processes(in: "\($1)/\(path)")) }
    }

    /// Of a cgroup's directory and those below; none where it is not there, or goes while it is looked at.
    private static func processes(in directory: String) throws(SystemError) -> Set<Int32> {
        do throws(SystemError) {
            guard let bytes = try File.readIfPresent(directory + "/cgroup.procs") else { return [] }
            var found = Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) })
            for entry in try File.list(directory) where entry.kind == .directory {
                try found.formUnion(processes(in: "\(directory)/\(entry.name)"))
            }
            return found
        } catch {
            // ENODEV: it was removed while it was open.
            let noDevice: Int32 = 19
            guard error.isNotFound || error.errno == noDevice else { throw error }
            return []
        }
    }

    private static func tops() throws -> [String] {
        let host = try CgroupHost.detect()
        return Set(host.controllers.values).union([host.unified, host.named].compactMap { $0 }).sorted()
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

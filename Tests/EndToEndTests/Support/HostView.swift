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

    /// Kills whatever is left under the parent, and removes it. After a good test it has no members.
    static func endCgroup(_ parent: String) throws {
        let cgroup = Cgroup("/" + parent, on: try CgroupHost.detect())
        guard try cgroup.exists() else { return try cgroup.remove() }
        try cgroup.kill()
        try eventually("\(parent) has no members") { try !cgroup.isPopulated() }
        try cgroup.remove()
    }

    static func mounts(under directory: String) throws -> [String] {
        try Mount.list(under: directory).map(\.mountPoint)
    }
}

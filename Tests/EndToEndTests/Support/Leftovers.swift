import Lifecycle
import Linux
import Testing

/// What a daemon leaves on the host, looked at from outside.
enum Leftovers {
    private static let tops = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] + controllers.map { "/sys/fs/cgroup/\($0)" }
    private static let controllers = [
        "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd", "hugetlb", "net_cls",
        "net_prio", "perf_event", "rdma", "misc", "cpu,cpuacct", "net_cls,net_prio",
    ]

    /// The cgroups of a container that still exist, in any hierarchy.
    static func cgroups(of id: String, parent: String) throws -> [String] {
        try tops.map { "\($0)/\(parent)/\(id)" }.filter { try File.status(of: $0) != nil }
    }

    /// Kills whatever is left under the parent, and removes it. After a good test it has no members.
    static func endCgroup(_ parent: String) throws {
        for top in tops where try File.status(of: "\(top)/\(parent)") != nil {
            let path = "\(top)/\(parent)"
            if try File.status(of: path + "/cgroup.kill") != nil {
                try File.overwrite(path + "/cgroup.kill", with: "1")
            }
            try removeTree(path, until: MonotonicClock.now() + .seconds(10))
        }
    }

    /// Removes cgroups from the leaves up. A killed member may need a moment to leave.
    private static func removeTree(_ path: String, until deadline: Instant) throws {
        for entry in try File.list(path) where entry.kind == .directory {
            try removeTree("\(path)/\(entry.name)", until: deadline)
        }
        while true {
            do throws(SystemError) { return try File.removeDirectory(path) } catch {
                if error.isNotFound { return }
                if MonotonicClock.now() > deadline { throw error }
                pause(.milliseconds(20))
            }
        }
    }

    static func mounts(under directory: String) throws -> [String] {
        let text = String(decoding: try File.read("/proc/self/mountinfo", limit: 1 << 24), as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[4].hasPrefix(directory + "/") else { return nil }
            return String(fields[4])
        }
    }

    static func unmountAll(under directory: String) {
        do {
            for path in try mounts(under: directory).sorted().reversed() {
                _ = try Programs.system("umount", ["-l", path])
            }
        } catch {
            Issue.record("umount: \(error)")
        }
    }

    /// For what gives no event to wait on.
    static func pause(_ span: Duration) {
        var nothing = PollSet()
        do { _ = try nothing.wait(until: MonotonicClock.now() + span) } catch { Issue.record("ppoll: \(error)") }
    }

    /// Tries until it holds or the deadline comes; for what gives no event to wait on.
    static func eventually(within limit: Duration, _ holds: () throws -> Bool) rethrows -> Bool {
        let deadline = MonotonicClock.now() + limit
        while try !holds() {
            if MonotonicClock.now() > deadline { return false }
            pause(.milliseconds(30))
        }
        return true
    }
}

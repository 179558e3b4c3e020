public import Linux

/// What a test left on the machine.
public enum Leftovers {
    /// One line each: mounts at or below `directory`, control groups whose name starts with `cgroupPrefix` in any
    /// hierarchy, and living processes in them. Empty: all was cleaned up.
    public static func find(below directory: String?, cgroupPrefix: String?) throws(SystemError) -> [String] {
        var found: [String] = []
        if let directory {
            found += try Mount.list(under: directory).map { "mount \($0.mountPoint) (\($0.type))" }
            if try File.status(of: directory) != nil { found.append("directory \(directory)") }
        }
        if let cgroupPrefix {
            let host = try CgroupHost.detect()
            for top in Set(host.controllers.values).union([host.unified].compactMap { $0 }).sorted() {
                for entry in try File.list(top) where entry.name.hasPrefix(cgroupPrefix) && entry.kind == .directory {
                    found.append("cgroup \(top)/\(entry.name)")
                }
            }
            for pid in try Procfs.live.processes() {
                let groups = try Procfs.live.cgroups(of: pid) ?? []
                if groups.contains(where: { $0.path.hasPrefix("/" + cgroupPrefix) }) { found.append("process \(pid)") }
            }
        }
        return found
    }
}

public import Linux

/// What the host is set to do about things that hang. Plain data.
public struct HostSettings: Hashable, Sendable {
    public enum CgroupLayout: String, Hashable, Sendable { case unified, hybrid, legacy }
    public var kernel = ""
    public var cgroups = CgroupLayout.unified
    /// cgroup.kill is there (5.14).
    public var hasGroupKill = true
    /// kernel.hung_task_timeout_secs; nil: the kernel has no detector.
    public var hungTaskTimeout: Int?
    /// kernel.hung_task_panic.
    public var hungTaskPanics = false
    /// fs.fuse.default_request_timeout and max_request_timeout in seconds (6.15), 0: none; nil: the kernel has none.
    public var fuseDefaultTimeout: Int?
    public var fuseMaximumTimeout: Int?
    /// /proc/pressure can be read.
    public var hasPressure = true
    /// fusectl is mounted: connections can be aborted.
    public var hasFuseControl = true
    /// Of the file system that the data root is on.
    public var dataRootType = ""
    /// CAP_SYS_RESOURCE.
    public var canProtectItself = true

    public init() {}

    /// FUSE requests end by themselves.
    public var endsFuseRequests: Bool { (fuseDefaultTimeout ?? 0) > 0 || (fuseMaximumTimeout ?? 0) > 0 }

    /// Reads files of /proc and /sys that cannot hang.
    public static func read(dataRoot: String, host: CgroupHost, canProtectItself: Bool) -> HostSettings {
        var settings = HostSettings()
        settings.canProtectItself = canProtectItself
        settings.kernel = value { () throws(SystemError) in try Host.kernel().release } ?? ""
        settings.cgroups =
            switch host.layout {
            case .unified: .unified
            case .hybrid: .hybrid
            case .legacy: .legacy
            }
        settings.hasGroupKill = hasGroupKill(host)
        settings.hungTaskTimeout = number("/proc/sys/kernel/hung_task_timeout_secs")
        settings.hungTaskPanics = (number("/proc/sys/kernel/hung_task_panic") ?? 0) > 0
        settings.fuseDefaultTimeout = number("/proc/sys/fs/fuse/default_request_timeout")
        settings.fuseMaximumTimeout = number("/proc/sys/fs/fuse/max_request_timeout")
        settings.hasPressure = value { () throws(SystemError) in try File.read("/proc/pressure/io") } != nil
        let mounts = value { () throws(SystemError) in try Procfs.mountinfo() } ?? []
        settings.hasFuseControl = mounts.contains { $0.type == "fusectl" }
        settings.dataRootType = MountTables.innermost(of: dataRoot, in: mounts)?.type ?? ""
        return settings
    }

    /// As any group but the root tells. Where there is none yet, nothing is known against it.
    private static func hasGroupKill(_ host: CgroupHost) -> Bool {
        guard let top = host.unified else { return false }
        let entries = value { () throws(SystemError) in try File.list(top) } ?? []
        let groups = entries.filter { $0.kind == .directory }
        return groups.isEmpty || groups.contains { exists("\(top)/\($0.name)/cgroup.kill") }
    }

    private static func number(_ path: String) -> Int? {
        let bytes = value { () throws(SystemError) in try File.read(path) }
        return bytes.flatMap { Int($0.textLines.first ?? "") }
    }

    private static func exists(_ path: String) -> Bool {
        value { () throws(SystemError) in try File.status(of: path) } != nil
    }

    /// What cannot be read is not there, for all that matters here.
    private static func value<Value>(_ body: () throws(SystemError) -> Value?) -> Value? {
        do throws(SystemError) { return try body() } catch { return nil }
    }
}

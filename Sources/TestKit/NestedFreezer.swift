public import Linux

/// Control groups inside one another, each of which can be frozen: `outer` and `outer/inner`.
///
/// Going away, all is thawed, whoever is in them is killed, and they are removed.
public final class NestedFreezer: Sendable {
    public enum Version: String, Hashable, Sendable, CaseIterable {
        /// freezer.state: the tasks show D, and KILL waits.
        case v1
        /// cgroup.freeze: the tasks show S, and KILL works.
        case v2

        /// The host has it.
        public var isSupported: Bool {
            do {
                let host = try CgroupHost.detect()
                return self == .v1 ? host.controllers[.freezer] != nil : host.unified != nil
            } catch { return false }
        }
    }

    public let version: Version
    /// The top one, in every hierarchy: nothing of it is frozen.
    public let group: TestCgroup
    /// In the freezer's hierarchy, as directories.
    public let outer: String
    public var inner: String { outer + "/inner" }
    private var switchFile: String { version == .v1 ? "/freezer.state" : "/cgroup.freeze" }

    public init(_ version: Version) throws(SystemError) {
        self.version = version
        group = try TestCgroup(.everything)
        let top = version == .v1 ? group.cgroup.directory(of: .freezer) : group.cgroup.unifiedDirectory
        guard let top else { throw SystemError("find the freezer of", version.rawValue, errno: 95) }
        outer = top + "/outer"
        try File.makeDirectory(outer)
        try File.makeDirectory(inner)
    }

    deinit {
        do throws(SystemError) { try thaw() } catch { print("cannot thaw \(outer): \(error)") }
    }

    /// Moves the process into the inner one.
    public func take(_ pid: Int32) throws(SystemError) {
        try File.overwrite(inner + "/cgroup.procs", with: "\(pid)")
    }

    /// Freezes both, the outer one first, and waits until the process is.
    public func freeze(_ pid: Int32) throws {
        for directory in [outer, inner] {
            try File.overwrite(directory + switchFile, with: version == .v1 ? "FROZEN" : "1")
        }
        try eventually("\(inner) is frozen") {
            let file = inner + (version == .v1 ? "/freezer.state" : "/cgroup.events")
            let text = String(decoding: try File.read(file), as: UTF8.self)
            return text.contains(version == .v1 ? "FROZEN" : "frozen 1")
        }
    }

    /// As an administrator would: parents first.
    public func thaw() throws(SystemError) {
        for directory in [outer, inner] {
            try File.overwrite(directory + switchFile, with: version == .v1 ? "THAWED" : "0")
        }
    }
}

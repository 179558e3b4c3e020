/// Readers of `/proc` that cannot hang on the process they look at (LINUX: not cmdline, environ, maps, smaps).
/// A process that is gone gives nil; anything else that goes wrong is thrown, EBADMSG for a text that is not understood.
public struct Procfs: Sendable {
    /// `/proc`, or a recorded tree.
    public let root: String

    public init(root: String = "/proc") { self.root = root }

    public func status(of pid: Int32) throws(SystemError) -> ProcessStatus? {
        try parsed("\(pid)/status", ProcessStatus.init(parsing:))
    }

    /// Of one thread.
    public func status(of pid: Int32, task: Int32) throws(SystemError) -> ProcessStatus? {
        try parsed("\(pid)/task/\(task)/status", ProcessStatus.init(parsing:))
    }

    public func stat(of pid: Int32) throws(SystemError) -> ProcessStat? {
        try parsed("\(pid)/stat", ProcessStat.init(parsing:))
    }

    public func stat(of pid: Int32, task: Int32) throws(SystemError) -> ProcessStat? {
        try parsed("\(pid)/task/\(task)/stat", ProcessStat.init(parsing:))
    }

    /// The kernel function it sleeps in. Empty: it does not sleep, or the kernel does not say.
    public func waitChannel(of pid: Int32, task: Int32) throws(SystemError) -> String? {
        guard let bytes = try read("\(pid)/task/\(task)/wchan") else { return nil }
        let name = bytes.trimmed.text
        return name == "0" ? "" : name
    }

    /// The kernel stack, innermost first (root only).
    public func kernelStack(of pid: Int32, task: Int32) throws(SystemError) -> [String]? {
        try read("\(pid)/task/\(task)/stack").map { $0.lines.map { $0.trimmed.text } }
    }

    /// Its threads' ids, in order.
    public func tasks(of pid: Int32) throws(SystemError) -> [Int32]? { try numbers(in: "\(root)/\(pid)/task") }

    /// All processes of our PID namespace, in order.
    public func processes() throws(SystemError) -> [Int32] { try numbers(in: root) ?? [] }

    public func cgroups(of pid: Int32) throws(SystemError) -> [CgroupMembership]? {
        try read("\(pid)/cgroup").map { CgroupMembership.parse($0) }
    }

    /// Nil, too, for a process that ends and has none any more.
    public func mountinfo(of pid: Int32) throws(SystemError) -> [MountInfo]? {
        do throws(SystemError) { return try read("\(pid)/mountinfo").map { MountInfo.parse($0) } } catch {
            // EINVAL: it has left its namespaces.
            if error.errno == 22 { return nil }
            throw error
        }
    }

    /// The mounts of this process.
    public static func mountinfo() throws(SystemError) -> [MountInfo] {
        MountInfo.parse(try File.read("/proc/self/mountinfo", limit: Procfs.limit))
    }

    static let limit = 64 << 20

    /// What cannot be parsed is not gone: saying so would be a false stop.
    private func parsed<Value>(_ name: String, _ parse: ([UInt8]) -> Value?) throws(SystemError) -> Value? {
        guard let bytes = try read(name) else { return nil }
        if let value = parse(bytes) { return value }
        throw SystemError("parse", "\(root)/\(name)", errno: 74)
    }

    func read(_ name: String) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) { return try File.read("\(root)/\(name)", limit: Procfs.limit) } catch {
            // ESRCH comes from a read after the process went, ENOENT from the open.
            if error.isNotFound || error.isNoSuchProcess { return nil }
            throw error
        }
    }

    private func numbers(in directory: String) throws(SystemError) -> [Int32]? {
        do throws(SystemError) {
            return try File.list(directory).compactMap { Int32(decimal: Array($0.name.utf8)) }.sorted()
        } catch {
            if error.isNotFound || error.isNoSuchProcess { return nil }
            throw error
        }
    }
}

/// One line of `/proc/PID/cgroup`.
public struct CgroupMembership: Hashable, Sendable {
    /// Zero: the v2 hierarchy.
    public var hierarchy: Int
    /// Empty for v2; `name=systemd` for a named hierarchy.
    public var controllers: [String]
    /// Seen from our control group namespace. A removed group ends in ` (deleted)`.
    public var path: String

    /// Lines that are malformed are left out.
    public static func parse(_ bytes: [UInt8]) -> [CgroupMembership] {
        bytes.lines.compactMap { line in
            let parts = line.split(separator: 58, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let hierarchy = Int(decimal: parts[0]) else { return nil }
            let controllers = parts[1].split(separator: 44).map(\.text)
            return CgroupMembership(hierarchy: hierarchy, controllers: controllers, path: parts[2].text)
        }
    }
}

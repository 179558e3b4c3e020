internal import CLinux

/// What cgroup.events said.
public struct CgroupState: Hashable, Sendable {
    public var populated: Bool
    /// v2's freezer only.
    public var frozen: Bool

    public init(populated: Bool, frozen: Bool) { (self.populated, self.frozen) = (populated, frozen) }
}

/// An open cgroup.events: poll its descriptor for `.priority`, then call `current()`, which also makes poll wait again.
public struct CgroupEvents: ~Copyable, Sendable {
    public let descriptor: OwnedDescriptor

    /// A group that was removed is neither populated nor frozen.
    public borrowing func current() throws(SystemError) -> CgroupState {
        var buffer = [UInt8](repeating: 0, count: 512)
        // SAFETY: 512 bytes of the array, used within the closure.
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe clinux_pread(descriptor.raw, $0.baseAddress, 512, 0)
        }
        if count == -Int(CLinux.ENODEV) { return CgroupState(populated: false, frozen: false) }
        let length = try check(count, "read", "cgroup.events")
        return CgroupState(parsing: buffer[..<length])
    }
}

extension CgroupState {
    init(parsing bytes: some Collection<UInt8>) {
        let table = flatKeyed(bytes)
        self.init(populated: table["populated"] == 1, frozen: table["frozen"] == 1)
    }
}

extension Cgroup {
    /// Nil where the host has no v2 hierarchy: poll `isPopulated` then. ENOENT when the group is not there.
    public func openEvents() throws(SystemError) -> CgroupEvents? {
        guard let directory = unifiedDirectory else { return nil }
        return CgroupEvents(descriptor: try File.open(directory + "/cgroup.events", .readOnly))
    }

    /// A living task is in the subtree. Zombies do not count. False when the group is not there.
    public func isPopulated() throws(SystemError) -> Bool {
        if unifiedDirectory != nil { return try eventsNow().populated }
        var isPopulated = false
        try CgroupTree(membershipDirectory).each { (directory) throws(SystemError) in
            if let bytes = try Cgroup.read(directory + "/tasks"), !bytes.isEmpty { isPopulated = true }
        }
        return isPopulated
    }

    /// v2's view; of a group that is not there: nothing.
    func eventsNow() throws(SystemError) -> CgroupState {
        guard let directory = unifiedDirectory, let bytes = try Cgroup.read(directory + "/cgroup.events") else {
            return CgroupState(populated: false, frozen: false)
        }
        return CgroupState(parsing: bytes)
    }

    /// The processes of the whole subtree, in our PID namespace, in order. A process whose leader is a zombie while
    /// another thread lives is among them. Empty when the group is not there.
    ///
    /// Not among them: the init of a PID namespace that waits for its last children to be reaped (LINUX 7). So an empty
    /// list proves nothing; `isPopulated` does.
    public func members() throws(SystemError) -> [Int32] {
        var members: Set<Int32> = []
        var threads: Set<Int32> = []
        try CgroupTree(membershipDirectory).each { (directory) throws(SystemError) in
            members.formUnion(try Cgroup.numbers(in: directory + "/cgroup.procs"))
            threads.formUnion(try Cgroup.numbers(in: directory + Cgroup.threadsFile(of: host)))
        }
        for member in members { threads.subtract(try Procfs.live.tasks(of: member) ?? []) }
        for thread in threads {
            if let status = try Procfs.live.status(of: thread) { members.insert(status.threadGroup) }
        }
        return members.sorted()
    }

    /// The living threads of the whole subtree, in order.
    public func threads() throws(SystemError) -> [Int32] {
        var threads: Set<Int32> = []
        try CgroupTree(membershipDirectory).each { (directory) throws(SystemError) in
            threads.formUnion(try Cgroup.numbers(in: directory + Cgroup.threadsFile(of: host)))
        }
        return threads.sorted()
    }

    private static func threadsFile(of host: CgroupHost) -> String {
        host.unified == nil ? "/tasks" : "/cgroup.threads"
    }

    /// Nil when the file, or its group, is gone.
    static func read(_ path: String) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) { return try File.read(path, limit: 16 << 20) } catch {
            if error.isGone { return nil }
            throw error
        }
    }

    /// cgroup.procs of a threaded group cannot be read (EOPNOTSUPP): its threads are found in cgroup.threads.
    private static func numbers(in path: String) throws(SystemError) -> [Int32] {
        do throws(SystemError) {
            // 0 stands for a process outside our PID namespace.
            return try read(path)?.lines.compactMap { Int32(decimal: $0) }.filter { $0 > 0 } ?? []
        } catch {
            if error.isUnsupported { return [] }
            throw error
        }
    }
}

extension SystemError {
    /// ENOENT or ENODEV: a control group that was removed, before or after its file was opened.
    var isGone: Bool { isNotFound || errno == CLinux.ENODEV }
}

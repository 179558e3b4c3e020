/// The system call a task is in (`/proc/PID/syscall`, proc_pid_syscall(5)).
public struct CallInProgress: Hashable, Sendable {
    /// By this machine's architecture; -1: in the kernel for another reason, as a page fault.
    public var number: Int
    /// Six; none for -1.
    public var arguments: [UInt64]

    /// Nil for `running`, and for what is malformed.
    public init?(parsing bytes: [UInt8]) {
        let words = bytes.trimmed.words
        guard let first = words.first, let number = Int(decimal: first) else { return nil }
        self.number = number
        let values = words.dropFirst().map { UInt64(hexadecimal: $0.dropFirst(2)) }
        if number < 0 {
            arguments = []
        } else {
            guard values.count >= 6 else { return nil }
            arguments = values.prefix(6).map { $0 ?? 0 }
        }
    }
}

/// An open descriptor of a process, as its links tell; the file itself is not touched (LINUX 25).
public struct OpenFile: Hashable, Sendable {
    /// `/data/file`, `socket:[17]`.
    public var path: String
    /// As in mountinfo; nil on kernels that do not tell.
    public var mountID: Int?
    /// Of /dev/fuse: the connection it serves (6.11).
    public var fuseConnection: UInt32?
}

extension Procfs {
    /// Nil: it is not in the kernel, or gone.
    public func call(of pid: Int32, task: Int32) throws(SystemError) -> CallInProgress? {
        try read("\(pid)/task/\(task)/syscall").flatMap(CallInProgress.init(parsing:))
    }

    /// Nil: the process or the descriptor is gone.
    public func openFile(_ descriptor: Int32, of pid: Int32) throws(SystemError) -> OpenFile? {
        guard let path = try link("\(pid)/fd/\(descriptor)") else { return nil }
        var file = OpenFile(path: path)
        for line in try read("\(pid)/fdinfo/\(descriptor)")?.lines ?? [] {
            let words = line.words
            guard words.count == 2 else { continue }
            if words[0].equals("mnt_id:") { file.mountID = Int(decimal: words[1]) }
            if words[0].equals("fuse_connection:") { file.fuseConnection = UInt32(decimal: words[1]) }
        }
        return file
    }

    public func cgroups(of pid: Int32, task: Int32) throws(SystemError) -> [CgroupMembership]? {
        try read("\(pid)/task/\(task)/cgroup").map { CgroupMembership.parse($0) }
    }

    /// The numbers of its open descriptors, in order. Empty when it is gone or closing.
    public func descriptors(of pid: Int32) throws(SystemError) -> [Int32] {
        do throws(SystemError) {
            return try File.list("\(root)/\(pid)/fd").compactMap { Int32(decimal: Array($0.name.utf8)) }.sorted()
        } catch {
            if error.isNotFound || error.isNoSuchProcess { return [] }
            throw error
        }
    }

    /// `cwd`, `root`, `exe`, `fd/3`, `ns/pid`: where the link leads, without following it. Nil: the process has none any more.
    public func link(_ name: String) throws(SystemError) -> String? {
        do throws(SystemError) { return try File.readLink("\(root)/\(name)") } catch {
            if error.isNotFound || error.isNoSuchProcess { return nil }
            throw error
        }
    }

    /// When the task last ran, by the scheduler's clock of the processor it ran on; nil where the kernel does not tell
    /// (SCHED_DEBUG). That clock stands while the host takes the processor away, so no two of them agree, nor does any other
    /// clock: compare with `SchedulerClock`.
    public func lastRun(of pid: Int32, task: Int32) throws(SystemError) -> SchedulerInstant? {
        guard let processor = try stat(of: pid, task: task)?.processor,
            let time = try schedulerTime("\(pid)/task/\(task)")
        else { return nil }
        return SchedulerInstant(processor: processor, time: time)
    }

    /// The name: `thread-self`, `4711/task/4712`.
    func schedulerTime(_ name: String) throws(SystemError) -> Duration? {
        for line in try read("\(name)/sched")?.lines ?? [] {
            let words = line.words
            guard words.count == 3, words[0].equals("se.exec_start"), let value = Double(words[2].text), value > 0
            else { continue }
            return .seconds(value / 1000)
        }
        return nil
    }
}

/// A time on the scheduler's clock of one processor.
public struct SchedulerInstant: Hashable, Sendable {
    public var processor: Int
    public var time: Duration

    public init(processor: Int, time: Duration) { (self.processor, self.time) = (processor, time) }
}

public import Linux

/// One living task (thread), read from files that cannot hang.
public struct TaskEvidence: Hashable, Sendable {
    public var pid: Int32
    public var tid: Int32
    public var comm: String
    /// The letter of proc(5): R, S, D, T, t, Z, X, I.
    public var state: Character
    /// The kernel function it sleeps in; empty when the kernel does not tell.
    public var wchan = ""
    /// Innermost first, without addresses: `request_wait_answer`, `nvidia_ioctl [nvidia]`. Empty: not to be had.
    public var stack: [String] = []
    public var call: SystemCall?
    /// What the call works on, where it names a descriptor or a path.
    public var file: TaskFile?
    /// The mount that the file is in.
    public var mount: MountInfo?
    /// Where the same file system is mounted for this program, whose user can reach it there; nil: nowhere.
    public var hostMountPoint: String?
    public var switches: SwitchCounts
    /// Of the second sample; nil: it was gone by then, or not looked at.
    public var laterSwitches: SwitchCounts?
    /// About how long it has not run, where the kernel tells (`/proc/PID/sched`). Less than that where the host takes
    /// processors away: never more.
    public var asleep: Duration?
    /// For the task or its process.
    public var isKillPending = false
    /// Its v1 freezer group, or v2 group, as a path below the hierarchy; nil: not known.
    public var freezerPath: String?
    public var unifiedPath: String?

    public init(pid: Int32, tid: Int32, comm: String, state: Character, switches: SwitchCounts) {
        (self.pid, self.tid, self.comm, self.state, self.switches) = (pid, tid, comm, state, switches)
    }

    /// It did not run between the two samples.
    public var isUnchanged: Bool { laterSwitches == switches }

    /// Proof of stuck (LINUX 17): uninterruptible, KILL pending or taken, and not run between two samples.
    public var isProvenStuck: Bool { state == "D" && isDying && isUnchanged }

    /// A signal ends it: KILL is pending, or the task is past that and hangs on its way out, as in its last close.
    public var isDying: Bool { isKillPending || (isExiting && stack.contains("get_signal")) }

    /// It is at its very end, and may have neither descriptors nor mounts any more.
    public var isExiting: Bool { stack.contains("do_exit") }

    public func sleeps(in function: String) -> Bool { wchan == function || stack.contains(function) }
}

public struct SwitchCounts: Hashable, Sendable {
    public var voluntary: UInt64
    public var involuntary: UInt64

    public init(voluntary: UInt64, involuntary: UInt64) {
        (self.voluntary, self.involuntary) = (voluntary, involuntary)
    }
}

/// The system call a task is in.
public struct SystemCall: Hashable, Sendable {
    public var number: Int
    /// Of the usual ones of this machine's architecture; nil: another.
    public var name: String?
    public var arguments: [UInt64]

    public init(number: Int, name: String?, arguments: [UInt64]) {
        (self.number, self.name, self.arguments) = (number, name, arguments)
    }
}

/// The file that a call works on.
public struct TaskFile: Hashable, Sendable {
    /// Nil: it was named by path.
    public var descriptor: Int32?
    /// As the kernel names it: `/data/file`, `socket:[17]`, `/dev/dri/card0`.
    public var path: String
    /// Of its mount, as in mountinfo.
    public var mountID: Int?

    public init(descriptor: Int32?, path: String, mountID: Int? = nil) {
        (self.descriptor, self.path, self.mountID) = (descriptor, path, mountID)
    }
}

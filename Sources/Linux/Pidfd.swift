internal import CLinux
public import Lifecycle

/// A process that cannot be mistaken for another: pidfds never suffer reuse of the number (LINUX: pidfd_open(2), 5.3).
public struct Pidfd: ~Copyable, Sendable {
    public let pid: Int32
    /// For poll sets: readable (POLLIN) once the whole thread group is gone.
    public let descriptor: OwnedDescriptor

    /// pidfd_open(2). ESRCH when there is no such process. Check the start time when the number may have been reused.
    public init(opening pid: Int32) throws(SystemError) {
        self.pid = pid
        descriptor = OwnedDescriptor(adopting: try check(clinux_pidfd_open(pid), "pidfd_open", "pid \(pid)"))
    }

    init(adopting descriptor: consuming OwnedDescriptor, pid: Int32) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Gives the bare descriptor away.
    public consuming func takeDescriptor() -> OwnedDescriptor { descriptor }

    /// pidfd_send_signal(2). ESRCH once the process was reaped.
    public borrowing func send(_ signal: Signal) throws(SystemError) {
        try check(
            clinux_pidfd_send_signal(descriptor.raw, signal.number), "pidfd_send_signal \(signal) to", "pid \(pid)")
    }

    /// Every thread has ended. Says nothing about the process's children, nor whether it was reaped.
    public borrowing func isGone() throws(SystemError) -> Bool { try isGone(by: Instant(sinceBoot: .zero)) }

    /// Waits until then. False when the deadline passed; nil waits without a bound.
    public borrowing func isGone(by deadline: Instant?) throws(SystemError) -> Bool {
        var set = PollSet()
        set.add(descriptor.raw, .readable)
        return try set.wait(until: deadline) > 0
    }

    /// Reaps this child of ours. Nil while it lives. ECHILD when it is no child of ours, or was reaped already.
    public borrowing func reap() throws(SystemError) -> ExitStatus? {
        var facts = clinux_reaped()
        let raw = descriptor.raw
        let ended = try checkRetrying("waitid", "pid \(pid)") {
            // SAFETY: a structure on the stack, filled before the call returns.
            unsafe clinux_wait_pidfd(raw, CLinux.WNOHANG, &facts)
        }
        return ended == 1 ? ExitStatus(code: facts.code, status: facts.status) : nil
    }

    /// Waits for this child of ours until the deadline and reaps it. Nil when the deadline passed.
    public borrowing func reap(by deadline: Instant?) throws(SystemError) -> ExitStatus? {
        _ = try isGone(by: deadline)
        return try reap()
    }

    /// The status of a process that ended, though it is no child of ours (PIDFD_GET_INFO, 6.15). Nil while it lives or
    /// is not reaped yet, and where the kernel cannot tell.
    public borrowing func observedExit() throws(SystemError) -> ExitStatus? {
        var status: Int32 = 0
        // SAFETY: an integer on the stack, written before the call returns.
        let known = try check(unsafe clinux_pidfd_exit_status(descriptor.raw, &status), "PIDFD_GET_INFO", "pid \(pid)")
        return known == 1 ? ExitStatus(waitStatus: status) : nil
    }

    /// process_mrelease(2) (5.15): gives back the memory of a process that was sent KILL but cannot end yet.
    public borrowing func releaseMemory() throws(SystemError) {
        try check(clinux_process_mrelease(descriptor.raw), "process_mrelease", "pid \(pid)")
    }
}

/// A child that was reaped, and how it had ended.
public struct ReapedChild: Hashable, Sendable {
    public let pid: Int32
    public let status: ExitStatus
}

/// The children of this process, adopted ones (PR_SET_CHILD_SUBREAPER) included.
public enum Children {
    /// Reaps one that has ended; nil when none has, or there is none at all. Call it until nil.
    public static func reapNext() throws(SystemError) -> ReapedChild? {
        var facts = clinux_reaped()
        while true {
            // SAFETY: a structure on the stack, filled before the call returns.
            let result = unsafe clinux_wait_any(CLinux.WNOHANG, &facts)
            if result == -CLinux.EINTR { continue }
            if result == 0 || result == -CLinux.ECHILD { return nil }
            try check(result, "waitid")
            return ReapedChild(pid: facts.pid, status: ExitStatus(code: facts.code, status: facts.status))
        }
    }
}

extension ExitStatus {
    /// From `si_code` and `si_status` of waitid(2).
    init(code: Int32, status: Int32) {
        switch code {
        case 1: self = .code(UInt8(truncatingIfNeeded: status))
        default:
            if let signal = Signal(number: status) {
                self = .signal(signal, coreDumped: code == 3)
            } else {
                self = .unobserved(.reapedElsewhere)
            }
        }
    }

    /// From the status word of wait(2).
    init(waitStatus word: Int32) {
        if let signal = Signal(number: word & 0x7f) {
            self = .signal(signal, coreDumped: word & 0x80 != 0)
        } else {
            self = .code(UInt8(truncatingIfNeeded: word >> 8))
        }
    }
}

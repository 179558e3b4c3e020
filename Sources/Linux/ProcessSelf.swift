internal import CLinux
internal import Glibc
public import Lifecycle

/// This process.
public enum ProcessSelf {
    public static var pid: Int32 { getpid() }
    public static var uid: UInt32 { geteuid() }

    /// Flushes nothing, runs nothing, ends at once with the code's low eight bits.
    public static func exit(_ code: Int32) -> Never { _exit(code) }

    /// Orphans among our descendants become our children (PR_SET_CHILD_SUBREAPER).
    public static func becomeSubreaper() throws(SystemError) {
        try check(clinux_become_subreaper(), "prctl PR_SET_CHILD_SUBREAPER")
    }

    /// MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT: what was touched stays in memory.
    public static func lockMemory() throws(SystemError) { try check(clinux_lock_memory(), "mlockall") }

    /// One arena, and freed memory goes back to the kernel soon (mallopt(3)). Call it before any thread is started.
    public static func keepHeapSmall() { clinux_keep_heap_small() }

    /// -1000 to 1000. Lowering it needs CAP_SYS_RESOURCE (EACCES).
    public static func setOOMScoreAdjust(_ value: Int) throws(SystemError) {
        try File.overwrite("/proc/self/oom_score_adj", with: "\(value)")
    }

    /// At most 15 bytes are kept.
    public static func setName(_ name: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_set_name(name), "prctl PR_SET_NAME")
    }

    /// On return the calling thread is on this processor, and stays there. EINVAL: it is offline, or not for us (cpuset).
    static func run(onProcessor number: Int) throws(SystemError) {
        guard let number = Int32(exactly: number) else {
            throw SystemError("sched_setaffinity", "processor \(number)", errno: 22)
        }
        try check(clinux_run_on(number), "sched_setaffinity", "processor \(number)")
    }

    /// A write to a closed pipe gives EPIPE.
    public static func ignoreBrokenPipes() throws(SystemError) {
        try check(clinux_ignore_signal(Signal.pipe.number), "sigaction", "SIGPIPE")
    }

    /// Sent to us when the thread that spawned us ends. Returns false when it had ended before.
    public static func setParentDeathSignal(_ signal: Signal, parent: Int32) throws(SystemError) -> Bool {
        try check(clinux_set_parent_death_signal(signal.number), "prctl PR_SET_PDEATHSIG")
        return CLinux.getppid() == parent
    }

    /// The soft limit of open descriptors becomes the hard one. Returns it.
    @discardableResult
    public static func raiseDescriptorLimit() throws(SystemError) -> UInt64 {
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        // SAFETY: two integers on the stack, written before the call returns.
        try check(unsafe clinux_prlimit(0, CLINUX_RLIMIT_NOFILE, &soft, &hard, false), "prlimit")
        soft = hard
        try check(unsafe clinux_prlimit(0, CLINUX_RLIMIT_NOFILE, &soft, &hard, true), "prlimit")
        return hard
    }

    /// A private mount namespace, from which nothing propagates back. Only while the process has one thread.
    public static func enterPrivateMountNamespace() throws(SystemError) {
        try check(clinux_unshare(CLINUX_CLONE_NEWNS), "unshare CLONE_NEWNS")
        try Mount.setPropagation(.private, at: "/", recursively: true)
    }

    /// The mounts that a process sees, and its root. Only while this process has one thread.
    static func enterMountNamespace(of pid: Int32) throws(SystemError) {
        let path = "/proc/\(pid)/ns/mnt"
        let namespace = try File.open(path, .readOnly)
        try check(clinux_setns(namespace.raw, CLINUX_CLONE_NEWNS), "setns", path)
    }
}

/// kill(2) on a bare number: the process may have been replaced by another; prefer `Pidfd`.
public enum BareProcess {
    public static func send(_ signal: Signal, to pid: Int32) throws(SystemError) {
        precondition(pid > 0, "zero and negative numbers mean groups")
        try check(clinux_kill(pid, signal.number), "kill \(signal) to", "pid \(pid)")
    }
}

/// What ended a container whose stop was asked.
public enum How: UInt8, Hashable, Sendable, CaseIterable {
    /// It had ended before the first signal was sent.
    case already = 0
    /// The program reacted to the signal of a rung.
    case handled = 1
    /// The signal's default action ended it.
    case defaultAction = 2
    /// KILL: the one that closes the ladder, a rung's own, or somebody else's (the OOM killer's).
    case killed = 3
}

/// What it took to kill a container.
public enum KillMechanism: UInt8, Hashable, Sendable, CaseIterable {
    /// `cgroup.kill` (5.14): all at once.
    case atOnce = 1
    /// Frozen, each process signalled, thawed.
    case frozen = 2
    /// Each process signalled, in rounds: there is no freezer.
    case rounds = 3
    /// The cgroup could not be killed: the main process alone was.
    case mainProcess = 4

    public var name: String {
        switch self {
        case .atOnce: "cgroup.kill"
        case .frozen: "freezer"
        case .rounds: "signals"
        case .mainProcess: "main-process"
        }
    }
}

/// The end of a stop job: every piece of evidence is present.
public struct StopReport: Hashable, Sendable {
    public var status: ExitStatus
    public var how: How
    /// The rung whose signal did it; nil for `already` and for the closing KILL.
    public var rung: Rung?
    /// From the order to the last piece of evidence.
    public var elapsed: Duration

    public init(status: ExitStatus, how: How, rung: Rung?, elapsed: Duration) {
        (self.status, self.how, self.rung, self.elapsed) = (status, how, rung, elapsed)
    }
}

/// One task (thread) that is still alive, from `/proc/PID/task/TID`.
public struct LiveTask: Hashable, Sendable {
    public var pid: Int32
    public var tid: Int32
    public var comm: String
    /// The state letter of proc(5): R, S, D, T, t, Z, X, I.
    public var state: Character
    /// The kernel function it sleeps in; empty when the kernel does not tell.
    public var wchan: String
    public var killPending: Bool

    public init(pid: Int32, tid: Int32, comm: String, state: Character, wchan: String, killPending: Bool) {
        (self.pid, self.tid, self.comm) = (pid, tid, comm)
        (self.state, self.wchan, self.killPending) = (state, wchan, killPending)
    }
}

/// What was alive when the kill deadline passed.
public struct StuckFinding: Hashable, Sendable {
    public var tasks: [LiveTask]
    /// More tasks than are listed were alive.
    public var truncated: Bool
    /// From the first KILL to this look.
    public var sinceKill: Duration
    /// Why, where the engine found that out. Not part of the wire: a supervisor only counts what is alive.
    public var cause: StuckCause?

    public init(tasks: [LiveTask], truncated: Bool = false, sinceKill: Duration) {
        (self.tasks, self.truncated, self.sinceKill) = (tasks, truncated, sinceKill)
    }
}

/// Why tasks do not end, in words.
public struct StuckCause: Hashable, Sendable {
    /// `fuse`, `nfs`, `cgroup-frozen`…
    public var reason: String
    /// One sentence without full stop, that names who is waited for.
    public var summary: String
    /// Commands that free the tasks, the one that helps most first.
    public var remedies: [String]

    public init(reason: String, summary: String, remedies: [String]) {
        (self.reason, self.summary, self.remedies) = (reason, summary, remedies)
    }

    /// `fuse: cat (pid 12) waits for …; what frees it: quell release --abort-fuse web`
    public var line: String {
        "\(reason): \(summary)" + (remedies.first.map { "; what frees it: \($0)" } ?? "")
    }
}

/// What a stop job tells while it goes on.
public enum StopUpdate: Hashable, Sendable {
    /// A signal was sent to these processes. `rung` counts from 0; the closing KILL has the number of rungs.
    case signalled(Signal, pids: [Int32], rung: Int)
    /// Waiting on this rung until the instant; nil: without a bound.
    case waiting(rung: Int, until: Instant?)
    /// Nothing in the container can react to this signal, and what follows from it.
    case unhandled(Signal, Unhandled)
    /// A paused container was thawed so that it can end.
    case thawed
    /// The kill of the whole container has begun; `stuck` follows at the instant.
    case killing(until: Instant)
    /// The main process has ended; these many others are still there.
    case mainEnded(ExitStatus, remaining: Int)
    /// The kill deadline passed with tasks alive. The job goes on; `ended` follows when the kernel lets go.
    case stuck(StuckFinding)
    case ended(StopReport)
}

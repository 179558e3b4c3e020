// Quell's own calls under /quell/v1.

/// How a container is to be stopped. What is nil comes from the container's labels, its configuration or the engine.
public struct StopRequest: DockerObject, Hashable {
    /// `TERM:10s, KILL`; excludes `signal` and `timeout`.
    public var ladder: String?
    public var signal: String?
    /// Grace in seconds; -1 waits for ever.
    public var timeout: Int?
    /// `auto`, `init`, `all`.
    public var scope: String?
    /// `kill` or `wait`: what follows where no process can react.
    public var unhandled: String?
    /// How long after KILL the verdict is due, in milliseconds.
    public var killDeadlineMs: Int?

    public init() {}
}

/// A line of a stop's answer: updates while it goes on, then exactly one result or error.
public struct StopProgressLine: DockerObject, Hashable {
    public var update: StopUpdateLine?
    public var result: StopResult?
    public var error: ErrorMessage?

    public init() {}
}

/// Something a stop did or waits for.
public struct StopUpdateLine: DockerObject, Hashable {
    /// `signalled`, `waiting`, `unhandled`, `handler-appeared`, `thawing`, `killing`, `sharpened`…
    public var phase: String = ""
    /// `TERM@init:10s`
    public var rung: String?
    /// `SIGTERM`
    public var signal: String?
    /// Process ids that were sent the signal.
    public var recipients: [Int]?
    /// Until the next rung.
    public var remainingMs: Int?
    /// Since the stop was accepted.
    public var elapsedMs: Int = 0
    public var message: String?

    public init() {}
}

/// The end of a stop.
public struct StopResult: DockerObject, Hashable {
    public var id: String = ""
    public var name: String = ""
    /// `exited`, `exited-unknown`, `stuck`, `unsupervised`.
    public var verdict: String = ""
    public var exitCode: Int?
    public var signal: String?
    /// The rung that ended it: `TERM@init:10s`.
    public var rung: String?
    /// `already`, `handled`, `default-action`, `killed`.
    public var how: String?
    public var elapsedMs: Int = 0
    public var finding: Finding?

    public init() {}
}

/// What keeps a container from ending.
public struct Finding: DockerObject, Hashable {
    public var tasks: [FindingTask] = []
    public var message: String = ""
    /// As in `WhyReport`; nil: it was not found out.
    public var reason: String?
    /// The reason in a sentence, with who is waited for.
    public var summary: String?
    /// Commands that free the tasks, the one that helps most first.
    public var remedies: [String]?

    public init() {}
}

/// A task that is still alive. For `state` see proc_pid_stat(5).
public struct FindingTask: DockerObject, Hashable {
    public var pid: Int = 0
    public var tid: Int = 0
    public var comm: String = ""
    public var state: String = ""
    public var wchan: String?
    public var sigkillPending: Bool = false

    public init() {}
}

/// The state of a container, observed for this answer (`GET /quell/v1/containers/{id}/state`).
public struct VerifiedState: DockerObject, Hashable {
    public var id: String = ""
    public var name: String = ""
    /// `created`, `running`, `paused`, `restarting`, `stopping`, `stuck`, `exited`, `removing`, `quarantined`.
    public var state: String = ""
    /// Whether its shim answers.
    public var supervised: Bool = false
    /// Whether its cgroup has members; nil where it has none any more.
    public var populated: Bool?
    public var pid: Int?
    public var exitCode: Int?
    public var signal: String?
    public var exitCodeObserved: Bool?
    /// The verdict line of the last stop.
    public var verdict: String?
    /// Since the running stop was accepted.
    public var stopElapsedMs: Int?
    public var finding: Finding?
    public var verifiedAt: String = ""

    public init() {}
}

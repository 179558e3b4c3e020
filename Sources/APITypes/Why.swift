// Why something does not end, and what a stop would do (`GET /quell/v1/containers/{id}/why`, `quell why --format json`).
// Members are only ever added.

public struct WhyReport: DockerObject, Hashable {
    /// `container`, `process`, `cgroup`.
    public var kind: String = ""
    /// Of a container.
    public var id: String?
    public var name: String = ""
    /// The main process, or the one that was asked about.
    public var pid: Int?
    public var cgroup: String?
    /// KILL was sent and cannot work: proven, not guessed.
    public var stuck: Bool = false
    /// `fuse`, `nfs`, `block-io`, `fs-frozen`, `dm-suspended`, `cgroup-frozen`, `unreaped-child`, `traced`, `vfork`, `driver`,
    /// `memory-pressure`, `unknown`: of the first cause. Nil: nothing was found that holds anything.
    public var reason: String?
    /// What was found, in one line.
    public var message: String = ""
    public var stop = WhyStop()
    /// The first one counts.
    public var causes: [WhyCause] = []
    /// Of all causes, each once.
    public var remedies: [WhyRemedy] = []
    public var processes: [WhyProcess] = []
    public var pressure = WhyPressure()
    public var probes = WhyProbes()
    /// What could not be read.
    public var gaps: [String] = []
    /// There were more processes or tasks than were looked at.
    public var truncated: Bool = false
    public var takenAt: String = ""
    public var elapsedMs: Int = 0
    /// Between the two samples of the switch counts.
    public var sampleMs: Int = 0

    public init() {}
}

/// What a stop would do now.
public struct WhyStop: DockerObject, Hashable {
    /// `graceful`, `forwarded`, `late`, `ignored`, `default-action`, `unhandled`, `kill`, `gone`, `unknown`.
    public var expectation: String = ""
    public var signal: String?
    public var ladder: String = ""
    public var recipients: [WhyPerson] = []
    public var notes: [String] = []
    /// Since the stop that goes on was accepted.
    public var elapsedMs: Int?
    /// Of the stop that goes on: `container`, to end by the signal it was sent, or `kernel`, to let go of what was killed.
    public var waitsOn: String?
    /// Until it takes its next step, or tells its verdict. Nil: it has no bound, or nothing is waited for.
    public var remainingMs: Int?
    /// KILL was sent: what a signal would do is beside the point.
    public var killed: Bool = false

    public init() {}
}

/// A process by name.
public struct WhyPerson: DockerObject, Hashable {
    public var pid: Int = 0
    public var comm: String = ""
    /// Since boot, in clock ticks: with the pid it names a process for good.
    public var startTicks: Int = 0

    public init() {}
}

public struct WhyCause: DockerObject, Hashable {
    public var reason: String = ""
    /// `proven`: KILL is pending and does not work. `expected`: none was sent, and none would work. `harmless`: KILL ends it.
    public var certainty: String = ""
    public var summary: String = ""
    public var tasks: [WhyTask] = []
    public var blockers: [WhyBlocker] = []
    /// Names of remedies.
    public var remedies: [String] = []

    public init() {}
}

/// One task, and what it waits in.
public struct WhyTask: DockerObject, Hashable {
    public var pid: Int = 0
    public var tid: Int = 0
    public var comm: String = ""
    public var state: String = ""
    public var wchan: String?
    public var stack: [String] = []
    /// `read`, or the number.
    public var syscall: String?
    public var descriptor: Int?
    public var file: String?
    public var mount: WhyMount?
    public var sigkillPending: Bool = false
    /// It did not run between the two samples.
    public var unchanged: Bool = false
    public var voluntarySwitches: Int = 0
    public var involuntarySwitches: Int = 0
    /// About how long it has not run.
    public var asleepMs: Int?

    public init() {}
}

public struct WhyMount: DockerObject, Hashable {
    public var id: Int = 0
    /// As the task sees it.
    public var mountPoint: String = ""
    /// As the host sees it.
    public var hostMountPoint: String?
    public var type: String = ""
    public var source: String = ""
    /// `0:39`.
    public var device: String = ""

    public init() {}
}

/// Who or what is waited for. Which members there are depends on `kind`.
public struct WhyBlocker: DockerObject, Hashable {
    /// `fuse-server`, `network-server`, `device`, `file-system`, `freezer`, `parent`, `tracer`, `lock-owner`, `child`, `driver`.
    public var kind: String = ""
    /// In a few words.
    public var text: String = ""
    /// Processes that it is.
    public var pids: [Int] = []
    /// None of them is dead; nil: not known.
    public var alive: Bool?
    public var state: String?
    public var connection: Int?
    /// Requests without an answer.
    public var waiting: Int?
    public var mountPoint: String?
    public var server: String?
    public var device: String?
    public var directory: String?
    public var function: String?
    public var module: String?

    public init() {}
}

public struct WhyRemedy: DockerObject, Hashable {
    public var name: String = ""
    /// For a shell, as root. Empty: only `quell release` does it.
    public var command: String = ""
    /// What it costs others.
    public var cost: String = ""
    /// That `quell release` wants; nil: it does it without being told.
    public var flag: String?
    /// False: it lets go of nothing, and only makes the wait cheaper.
    public var frees: Bool = false

    public init() {}
}

public struct WhyProcess: DockerObject, Hashable {
    public var pid: Int = 0
    public var parent: Int = 0
    public var comm: String = ""
    public var state: String = ""
    public var command: [String]?
    public var main: Bool = false
    public var namespaceInit: Bool = false
    /// `handled`, `blocked`, `ignored`, `default`: what it does with the stop signal.
    public var disposition: String?
    public var tracer: Int?
    public var ageMs: Int?
    public var threads: Int = 0

    public init() {}
}

/// In percent of the last ten seconds. What the kernel does not tell is nil.
public struct WhyPressure: DockerObject, Hashable {
    public var host = WhyPressures()
    public var cgroup: WhyPressures?
    public var notes: [String] = []

    public init() {}
}

public struct WhyPressures: DockerObject, Hashable {
    public var cpuSome: Double?
    public var cpuFull: Double?
    public var memorySome: Double?
    public var memoryFull: Double?
    public var ioSome: Double?
    public var ioFull: Double?

    public init() {}
}

/// Disposable children that read what may hang.
public struct WhyProbes: DockerObject, Hashable {
    public var started: Int = 0
    /// Of these, not back in time and left behind.
    public var abandoned: Int = 0
    /// Of all that were left behind: still there.
    public var hanging: Int = 0
    /// None was started, as too many hang.
    public var refused: Bool = false

    public init() {}
}

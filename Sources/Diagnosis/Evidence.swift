public import Lifecycle

/// Everything that was read about a subject. Plain data: `explain` needs nothing else.
public struct Evidence: Hashable, Sendable {
    public var subject: Subject
    /// When the first sample was taken.
    public var takenAt: Instant
    /// Between the two samples of the switch counts.
    public var sampleDistance: Duration = .zero
    /// From the beginning to the last thing read.
    public var elapsed: Duration = .zero
    /// Of the control groups and the pids that were asked for; by pid.
    public var processes: [ProcessEvidence] = []
    /// Some of the control groups have members, as the kernel counts them. Nil: it was not to be read.
    public var populated: Bool?
    /// Dead processes of the main process's PID namespace that nobody has reaped and whose parent is outside of it.
    public var unreaped: [UnreapedProcess] = []
    /// Every freezer of every process: of its group and of all above it.
    public var freezers: [FreezerEvidence] = []
    /// Of the FUSE mounts that tasks are concerned with.
    public var connections: [FuseConnection] = []
    /// Of the block devices that tasks are concerned with.
    public var devices: [BlockDevice] = []
    public var hostPressure = Pressure()
    /// Of the first of the control groups; nil where the host does not tell.
    public var groupPressure: Pressure?
    /// Who holds the lock that a task waits for, as the hung-task detector logged it (6.15).
    public var lockOwners: [LockOwner] = []
    public var probes = ProbeTally()
    /// What could not be read, and why; each is a line for people.
    public var gaps: [String] = []
    /// More processes or tasks were there than were looked at.
    public var isTruncated = false

    public init(_ subject: Subject, takenAt: Instant) { (self.subject, self.takenAt) = (subject, takenAt) }

    public var tasks: [TaskEvidence] { processes.flatMap(\.tasks) }
    public func process(_ pid: Int32) -> ProcessEvidence? { processes.first { $0.pid == pid } }
    /// Of the lock that the task waits for.
    func lockOwner(of task: TaskEvidence) -> LockOwner? { lockOwners.first { $0.waiter == task.tid } }
}

/// A process by its number and its start time, which no other process ever has.
public struct ProcessName: Hashable, Sendable {
    public var pid: Int32
    /// Field 22 of proc_pid_stat(5). 0: not known.
    public var startTicks: UInt64
    public var comm: String

    public init(pid: Int32, startTicks: UInt64 = 0, comm: String) {
        (self.pid, self.startTicks, self.comm) = (pid, startTicks, comm)
    }
}

/// Somebody outside of the subject that matters to it: a parent, a tracer, a FUSE server.
public struct Outsider: Hashable, Sendable {
    public var name: ProcessName
    /// As `ProcessStatus.state`.
    public var state: Character

    public init(_ name: ProcessName, state: Character) { (self.name, self.state) = (name, state) }

    public var pid: Int32 { name.pid }
    /// It is suspended by a signal or by a tracer.
    public var isStopped: Bool { state == "T" || state == "t" }
    public var isDead: Bool { state == "Z" || state == "X" }
}

/// One process of the subject.
public struct ProcessEvidence: Hashable, Sendable {
    public var name: ProcessName
    /// Of the leader: `Z` says nothing about the other threads.
    public var state: Character
    public var parent: Int32
    public var masks: SignalMasks
    /// From our PID namespace inward.
    public var namespacePids: [Int32]
    /// Since its start; nil: not known.
    public var age: Duration?
    public var isMain = false
    /// In one of the subject's control groups.
    public var isMember = false
    /// Nil: nobody traces it, or the tracer is gone.
    public var tracer: Outsider?
    /// Its parent, when that is no process of the subject.
    public var outsideParent: Outsider?
    /// Its arguments, from a disposable child; nil: they were not to be had.
    public var command: [String]?
    /// What it runs (a link that is only read); empty: not known.
    public var program = ""
    public var memory: UInt64 = 0
    /// Dead, and nobody had reaped it between the two samples.
    public var isUnreaped = false
    /// Those that are alive.
    public var tasks: [TaskEvidence] = []

    public init(
        _ name: ProcessName, state: Character, parent: Int32, masks: SignalMasks, namespacePids: [Int32]
    ) {
        (self.name, self.state, self.parent) = (name, state, parent)
        (self.masks, self.namespacePids) = (masks, namespacePids)
    }

    public var pid: Int32 { name.pid }
    public var comm: String { name.comm }
    /// PID 1 of its PID namespace, be that ours.
    public var isNamespaceInit: Bool { namespacePids.last == 1 }
    /// PID 1 of a namespace below ours, as that of a container is: KILL from here ends it.
    var isInnerInit: Bool { isNamespaceInit && namespacePids.count > 1 }
}

/// A dead process in the PID namespace of the subject whose parent is outside of it and has not reaped it.
public struct UnreapedProcess: Hashable, Sendable {
    public var name: ProcessName
    public var parent: Outsider

    public init(_ name: ProcessName, parent: Outsider) { (self.name, self.parent) = (name, parent) }
}

/// What disposable children did.
public struct ProbeTally: Hashable, Sendable {
    /// Started for this look.
    public var started = 0
    /// Of these, not back in time and left behind.
    public var abandoned = 0
    /// Of all that were ever left behind by this program: still there.
    public var hanging = 0
    /// A probe was not started, as too many are hanging.
    public var isRefused = false

    public init() {}
}

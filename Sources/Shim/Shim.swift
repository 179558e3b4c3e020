public import Lifecycle
public import Linux

/// The supervisor of one container: its parent and reaper, the keeper of its streams and its log, the one that stops it.
///
/// One thread, one poll loop. Nothing in it waits without a bound: the runtime runs as a child whose end is an event,
/// sockets and pipes are non-blocking, the data root is a writer process's business, and what the kernel may hold in
/// uninterruptible sleep is only ever looked at through files that cannot hang (`/proc/PID/status`, `stat`, `wchan`).
public final class Shim {
    let configuration: ShimConfiguration
    let cgroup: Cgroup
    let signals: SignalDescriptor
    let listener: OwnedDescriptor
    let populationEvents: CgroupEvents?
    /// Its descriptor, for the poll set.
    private(set) var populationDescriptor: Int32?
    var connections: [Connection] = []
    var nextConnection = 1
    /// Clients that want to know where their output begins in the log, which the writer has yet to tell.
    var marks: [Mark] = []
    var nextMark: UInt32 = 1

    var state = ShimState.created
    var machine = StopMachine()
    /// When the machine wants `deadlineReached`.
    var alarm: Instant?
    /// The stop job's number; 0 before there was one.
    var job: UInt32 = 0
    /// Stops that were asked for while the container was being started.
    var earlyStops: [StopOrder] = []
    /// What becomes of a start that a stop was asked for meanwhile.
    var earlyEnd: EarlyEnd?
    /// The start has failed, and tasks of it are still alive: then this is done.
    var failedStart: FailedStart?
    var lastFinding: StuckFinding?

    var mainPid: Int32 = 0
    var mainProcess: Pidfd?
    let streams: ProcessStreams
    var execs: [String: Exec] = [:]
    var calls: [RuntimeCall] = []
    /// Made ahead for the start.
    var runtimeCopy: OwnedDescriptor?
    static let largestRuntime = 4 << 20
    /// Statuses of children nobody knows yet: what a runtime started may be reaped before the runtime is.
    var strangers: [Int32: ExitStatus] = [:]
    var freezing: Freezing?
    var isPaused = false
    /// What the kill of the container needed has been told.
    var hasToldKill = false
    var oomKillsSeen: UInt64 = 0
    /// The end, once it was told.
    var record: ExitRecord?
    let writer: Writer
    /// The end, while it is being recorded.
    var ending: Ending?
    /// The container has ended, and its last output is being drained; then this is performed.
    var conclusion: (status: ExitStatus, rest: [StopMachine.Action])?
    /// Until then the end of the writer is awaited, or that it takes what is still to be written.
    var writerDue: Instant?
    /// When the shim gives clients that do not read up; set once the container has ended.
    var lingerUntil: Instant?

    /// Faults since the last round without one.
    var faults = 0
    private var lastFault = ""

    /// As much as a pump moves at once.
    var buffer = [UInt8](repeating: 0, count: 32 << 10)

    /// Until then a process may still be on its way from the runtime to its program.
    var freshUntil: Instant?
    static let freshTime = Duration.seconds(10)

    static let runtimeDeadline = Duration.seconds(60)
    /// What recording the end may take before it is told all the same.
    static let recordDeadline = Duration.seconds(1)
    /// What a disk that is slow, though it does not hang, gets after that to take the rest of the output. Nobody is kept
    /// waiting by it but the next start.
    static let deliveryDeadline = Duration.seconds(10)
    /// After a look that failed (no descriptor or memory left), look again.
    static let lookPause = Duration.milliseconds(100)
    static let freezeDeadline = Duration.seconds(10)
    static let lingerTime = Duration.seconds(600)
    /// Where no event tells that the cgroup is empty (v1): how often to look.
    static let populationPause = Duration.milliseconds(20)

    /// One further process in the container.
    struct Exec {
        var pid: Int32?
        var streams: ProcessStreams
        var isStarted = false
        /// It was reaped; its output is being drained.
        var status: ExitStatus?
    }

    struct EarlyEnd {
        var kill: Instant
        var killDeadline: Duration
        var killed: Instant?
        /// Nil: not killed yet, or the verdict was given.
        var verdict: Instant?

        var next: Instant? { killed == nil ? kill : verdict }
    }

    struct FailedStart {
        var reply: ShimReply
        var asker: (connection: Int, request: UInt32)?
    }

    /// Nobody is told before the record is on the disk, or its deadline has passed.
    struct Ending {
        let record: ExitRecord
        let deadline: Instant
        let rest: Rest

        enum Rest {
            case exit([StopMachine.Action])
            case failedStart(FailedStart)
        }
    }

    /// A pause that was asked for and is not complete.
    struct Freezing {
        var connection: Int
        var request: UInt32
        var deadline: Instant
    }

    /// Takes over the surroundings the engine prepared. Throws what the kernel refused; nothing has been started then.
    public init(_ configuration: ShimConfiguration) throws(SystemError) {
        self.configuration = configuration
        signals = try SignalDescriptor([.chld, .term, .int, .hup])
        try ProcessSelf.ignoreBrokenPipes()
        try ProcessSelf.becomeSubreaper()
        let given = MountInfo.parse(Array(configuration.cgroupMounts.utf8))
        let host: CgroupHost
        if let known = CgroupHost(mountinfo: given) { host = known } else { host = try CgroupHost.detect() }
        cgroup = Cgroup("/" + configuration.containerCgroup, on: host)
        _ = try cgroup.create(.membership)
        if let events = try cgroup.openEvents() {
            populationDescriptor = events.descriptor.raw
            populationEvents = consume events
        } else {
            populationEvents = nil
        }
        listener = try UnixSocket.listen(at: configuration.socket)
        writer = try Writer(log: configuration.log, record: configuration.exitRecord)
        streams = ProcessStreams(.main, log: configuration.log == nil ? nil : writer)
        try guardItself(on: host)
    }

    /// Into a cgroup of its own, where the engine has it born already, and out of the way of the OOM killer; what the host
    /// does not permit is done without.
    private func guardItself(on host: CgroupHost) throws(SystemError) {
        let own = Cgroup("/" + configuration.shimCgroup, on: host)
        if try !own.isOurs() {
            _ = try own.create(.membership)
            try own.join(.membership)
        }
        do throws(SystemError) {
            try ProcessSelf.setOOMScoreAdjust(-999)
        } catch {
            // Needs CAP_SYS_RESOURCE; nested sandboxes lack it.
        }
        do throws(SystemError) { try ProcessSelf.lockMemory() } catch {
            // RLIMIT_MEMLOCK; the same.
        }
    }

    var isFinished: Bool {
        guard state == .exited || state == .failed, calls.isEmpty, !awaitsWriter else { return false }
        if connections.allSatisfy(\.outgoing.isEmpty) { return true }
        return lingerUntil.map { MonotonicClock.now() >= $0 } ?? false
    }

    private var awaitsWriter: Bool { writerDue != nil }

    /// Serves until the container has ended and everybody who listens has been told.
    public func run() throws(SystemError) {
        var set = PollSet()
        var interests: [Interest] = []
        prepareRuntime()
        while !isFinished {
            collectInterests(&set, &interests)
            _ = try set.wait(until: nextDeadline)
            for (index, interest) in interests.enumerated() where !set.found(at: index).isEmpty {
                serve(interest, set.found(at: index))
            }
            deadlinesReached(at: MonotonicClock.now())
            connections.filter(\.isDone).forEach(disconnect)
            try pauseAfterFault()
        }
    }

    /// A fault that comes again at once must not eat the processor.
    private func pauseAfterFault() throws(SystemError) {
        guard faults > 0 else { return }
        faults = 0
        var nothing = PollSet()
        _ = try nothing.wait(until: MonotonicClock.now() + .milliseconds(10))
    }

    /// To the shim's own log, which the engine shows when the shim fails; not the same line over and over.
    func report(_ error: SystemError) {
        faults += 1
        report(error.description)
    }

    func report(_ fault: String) {
        let text = "quell-shim: \(fault)\n"
        guard text != lastFault else { return }
        lastFault = text
        do throws(SystemError) { try Descriptor.writeAll(2, Array(text.utf8)) } catch {
            // Nobody is left to be told.
        }
    }
}

public import APITypes
internal import Lifecycle
internal import Linux

// The JSON document.

extension WhyReport {
    public init(_ explanation: Explanation) {
        self.init()
        let evidence = explanation.evidence
        name = evidence.subject.title
        switch evidence.subject.kind {
        case .container(let id, _): (kind, self.id) = ("container", id)
        case .process: kind = "process"
        case .cgroup: kind = "cgroup"
        }
        pid = (evidence.subject.main ?? evidence.main?.pid).map { Int($0) }
        cgroup = evidence.subject.cgroups.first?.path
        (stuck, reason, message) = (explanation.isStuck, explanation.reason?.rawValue, explanation.line)
        stop = WhyStop(explanation.outlook, evidence)
        causes = explanation.causes.map(WhyCause.init)
        remedies = explanation.remedies.map { WhyRemedy($0, option: evidence.option(for: $0)) }
        processes = evidence.processes.prefix(WhyReport.shown).map { WhyProcess($0, explanation.outlook.signal) }
        pressure.host = WhyPressures(evidence.hostPressure)
        pressure.cgroup = evidence.groupPressure.map(WhyPressures.init)
        pressure.notes = explanation.pressure
        probes = WhyProbes(evidence.probes)
        (gaps, truncated) = (evidence.gaps, evidence.isTruncated)
        takenAt = WallTime.now().rfc3339
        elapsedMs = Int(evidence.elapsed.wholeMilliseconds)
        sampleMs = Int(evidence.sampleDistance.wholeMilliseconds)
    }

    static let shown = 128
}

extension Explanation {
    /// What was found, in one line without full stop.
    public var line: String { causes.first?.summary ?? outlook.notes.first ?? outlook.expectation.rawValue }
}

extension WhyStop {
    init(_ outlook: StopOutlook, _ evidence: Evidence) {
        self.init()
        (expectation, signal) = (outlook.expectation.rawValue, outlook.signal?.description)
        ladder = evidence.subject.plan.ladder.description
        recipients = outlook.recipients.map(WhyPerson.init)
        notes = outlook.notes
        elapsedMs = evidence.subject.stop.map { Int((evidence.takenAt - $0.since).wholeMilliseconds) }
        killed = evidence.isKilled
        guard let step = evidence.subject.stop?.step else { return }
        let until: Instant?
        switch step {
        case .container(let instant): (waitsOn, until) = ("container", instant)
        case .kernel(let instant): (waitsOn, until) = ("kernel", instant)
        }
        remainingMs = until.map { Int(max(.zero, $0 - evidence.takenAt).wholeMilliseconds) }
    }
}

extension WhyPerson {
    init(_ name: ProcessName) {
        self.init()
        (pid, comm, startTicks) = (Int(name.pid), name.comm, Int(clamping: name.startTicks))
    }
}

extension WhyCause {
    init(_ cause: Cause) {
        self.init()
        (reason, certainty, summary) = (cause.reason.rawValue, cause.certainty.name, cause.summary)
        tasks = cause.tasks.prefix(WhyReport.shown).map(WhyTask.init)
        blockers = cause.blockers.map(WhyBlocker.init)
        remedies = cause.remedies.map(\.name)
    }
}

extension Cause.Certainty {
    /// Part of the JSON documents.
    public var name: String {
        switch self {
        case .proven: "proven"
        case .expected: "expected"
        case .harmless: "harmless"
        }
    }
}

extension WhyTask {
    init(_ task: TaskEvidence) {
        self.init()
        (pid, tid, comm, state) = (Int(task.pid), Int(task.tid), task.comm, String(task.state))
        wchan = task.wchan.isEmpty ? nil : task.wchan
        stack = task.stack
        syscall = task.call.map { $0.name ?? "\($0.number)" }
        descriptor = task.file?.descriptor.map { Int($0) }
        file = task.file?.path
        mount = task.mount.map { WhyMount($0, hostMountPoint: task.hostMountPoint) }
        (sigkillPending, unchanged) = (task.isKillPending, task.isUnchanged)
        voluntarySwitches = Int(clamping: task.switches.voluntary)
        involuntarySwitches = Int(clamping: task.switches.involuntary)
        asleepMs = task.asleep.map { Int($0.wholeMilliseconds) }
    }
}

extension WhyMount {
    init(_ mount: MountInfo, hostMountPoint: String?) {
        self.init()
        (id, mountPoint, self.hostMountPoint) = (mount.id, mount.mountPoint, hostMountPoint)
        (type, source, device) = (mount.type, mount.source, mount.device.text)
    }
}

extension WhyBlocker {
    init(_ blocker: Blocker) {
        self.init()
        text = blocker.text
        switch blocker {
        case .fuse(let connection): add(connection)
        case .networkServer(let server, let place): (kind, self.server, mountPoint) = ("network-server", server, place)
        case .device(let found): (kind, device) = ("device", found.name)
        case .fileSystem(let place, _, let source): (kind, mountPoint, device) = ("file-system", place, source)
        case .freezer(let freezer): (kind, directory) = ("freezer", freezer.directory)
        case .parent(let parent, _): add("parent", parent)
        case .tracer(let tracer, _): add("tracer", tracer)
        case .lockOwner(let owner): (kind, pids) = ("lock-owner", [Int(owner.owner.pid)])
        case .child(let child): (kind, pids) = ("child", [Int(child.pid)])
        case .driver(let name, let module): (kind, function, self.module) = ("driver", name, module)
        }
    }

    private mutating func add(_ connection: FuseConnection) {
        kind = "fuse-server"
        (self.connection, waiting) = (Int(connection.number), connection.waiting)
        (mountPoint, server) = (connection.mountPoint, connection.source)
        guard connection.isServerKnown else { return }
        pids = connection.servers.map { Int($0.pid) }
        alive = !connection.servers.contains(where: \.isDead)
        state = connection.servers.first.map { String($0.state) }
    }

    private mutating func add(_ kind: String, _ somebody: Outsider) {
        (self.kind, pids) = (kind, [Int(somebody.pid)])
        (alive, state) = (!somebody.isDead, String(somebody.state))
    }
}

extension WhyRemedy {
    init(_ remedy: Remedy, option: String?) {
        self.init()
        (name, command, cost, flag) = (remedy.name, remedy.command, remedy.cost, option)
        frees = remedy.frees
    }
}

extension WhyProcess {
    init(_ process: ProcessEvidence, _ signal: Signal?) {
        self.init()
        (pid, parent, comm) = (Int(process.pid), Int(process.parent), process.comm)
        state = String(process.state)
        // A process that ends has none any more.
        command = process.command.flatMap { $0.isEmpty ? nil : $0 }
        (main, namespaceInit) = (process.isMain, process.isNamespaceInit)
        disposition = signal.map { process.masks.disposition(of: $0).name }
        tracer = process.tracer.map { Int($0.pid) }
        ageMs = process.age.map { Int($0.wholeMilliseconds) }
        threads = process.tasks.count
    }
}

extension Disposition {
    fileprivate var name: String {
        switch self {
        case .handled: "handled"
        case .blocked: "blocked"
        case .ignored: "ignored"
        case .byDefault: "default"
        }
    }
}

extension WhyPressures {
    init(_ pressure: Pressure) {
        self.init()
        (cpuSome, cpuFull) = (pressure.cpu?.some, pressure.cpu?.full)
        (memorySome, memoryFull) = (pressure.memory?.some, pressure.memory?.full)
        (ioSome, ioFull) = (pressure.io?.some, pressure.io?.full)
    }
}

extension WhyProbes {
    init(_ tally: ProbeTally) {
        self.init()
        (started, abandoned, hanging, refused) = (tally.started, tally.abandoned, tally.hanging, tally.isRefused)
    }
}

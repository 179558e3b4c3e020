public import APITypes

extension ReleaseResult {
    /// `container` names the container of a control group's path; nil: it is none of ours.
    public init(_ report: ReleaseReport, elapsed: Duration, container: (_ cgroup: String) -> String? = { _ in nil }) {
        self.init()
        let subject = report.explanation.evidence.subject
        if case .container(let id, let name) = subject.kind { (self.id, self.name) = (id, name) }
        if name.isEmpty { name = subject.title }
        dryRun = report.isDryRun
        let cause = report.explanation.causes.first { $0.certainty != .harmless }
        (reason, summary) = (cause?.reason.rawValue, cause?.summary)
        let evidence = report.explanation.evidence
        remedies = report.remedies.map {
            ReleaseRemedy($0, option: evidence.option(for: $0.remedy), container: container)
        }
        (freed, held) = (report.freed.map { ReleaseTask($0) }, report.held.map { ReleaseTask($0) })
        populated = report.isPopulated
        elapsedMs = Int(elapsed / .milliseconds(1))
    }
}

extension ReleaseRemedy {
    init(_ report: RemedyReport, option: String?, container: (String) -> String?) {
        self.init()
        (remedy, outcome) = (report.remedy.name, report.outcome.rawValue)
        if !report.detail.isEmpty { detail = report.detail }
        if !report.changes.isEmpty { changes = report.changes }
        (self.option, cost) = (option, report.remedy.cost)
        if !report.remedy.command.isEmpty { command = report.remedy.command }
        if !report.users.isEmpty { users = report.users.map { ReleaseUser($0, container: container($0.cgroup)) } }
    }
}

extension ReleaseUser {
    init(_ user: MountUser, container: String?) {
        self.init()
        (pid, comm, use, self.container) = (Int(user.pid), user.comm, user.use, container)
        if !user.cgroup.isEmpty { cgroup = user.cgroup }
    }
}

extension ReleaseTask {
    init(_ task: TaskEvidence) {
        self.init()
        (pid, tid, comm, state) = (Int(task.pid), Int(task.tid), task.comm, String(task.state))
        if !task.wchan.isEmpty { wchan = task.wchan }
    }
}

extension ReleaseWishes {
    /// Numbers that no process can have are passed over: they name nobody.
    public init(_ request: ReleaseRequest) {
        self.init()
        thaw = request.thaw ?? false
        resumeProcesses = request.resume ?? false
        tracers = Set((request.detachTracer ?? []).compactMap { Int32(exactly: $0) })
        killedTracers = Set((request.killTracer ?? []).compactMap { Int32(exactly: $0) })
        abortFuse = request.abortFuse ?? false
        thawFileSystem = request.thawFs ?? false
        resumeDevice = request.resumeDm ?? false
        forceUnmount = request.umount ?? false
        parents = Set((request.killParent ?? []).compactMap { Int32(exactly: $0) })
        isForced = request.force ?? false
        isDryRun = request.dryRun ?? false
    }
}

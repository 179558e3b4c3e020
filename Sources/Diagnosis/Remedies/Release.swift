public import Lifecycle
public import Linux

/// Frees a subject: looks, applies what is safe and what was asked for, and looks what it changed.
public struct Release: Sendable {
    private let subject: Subject
    private let wishes: ReleaseWishes
    private let prober: any Prober
    private let procfs: Procfs

    public init(_ subject: Subject, _ wishes: ReleaseWishes, prober: any Prober, procfs: Procfs = Procfs()) {
        (self.subject, self.wishes, self.prober, self.procfs) = (subject, wishes, prober, procfs)
    }

    /// What it takes at most, unless its caller says otherwise.
    public static let usualLimit = Duration.seconds(5)
    /// Of all the time, that of the look: `Collector.usualLimit` as a rule.
    private static let lookShare = 0.15
    /// How long the rest of what was freed has to end; and all that can show anything where nothing was done that frees.
    private static let settling = Duration.seconds(1)

    /// Returns about the deadline at the latest. Blocks: for a thread of its own.
    public func run(until deadline: Instant) -> ReleaseReport {
        let now = MonotonicClock.now()
        let lookUntil = now + (deadline - now) * Release.lookShare
        let evidence = Collector(prober: prober, procfs: procfs).collect(subject, until: lookUntil)
        var report = ReleaseReport(explain(evidence), isDryRun: wishes.isDryRun)
        report.isPopulated = populated(evidence)
        let remedying = Remedying(evidence, prober: prober, procfs: procfs, isForced: wishes.isForced)
        let plan = plan(report.explanation)
        for remedy in plan.wanted {
            report.remedies.append(remedying.perform(remedy, isDryRun: wishes.isDryRun, until: deadline))
        }
        report.remedies += plan.refused
        report.remedies += plan.unasked.map { RemedyReport($0, .needsOption, $0.cost) }
        observe(&report, evidence, until: deadline)
        return report
    }

    public func run() -> ReleaseReport { run(until: MonotonicClock.now() + Release.usualLimit) }

    // MARK: what happens afterwards

    private func observe(_ report: inout ReleaseReport, _ evidence: Evidence, until deadline: Instant) {
        var held = report.explanation.causes.flatMap(\.tasks)
        let wasPopulated = report.isPopulated == true
        let now = MonotonicClock.now()
        let settled = report.hasActed ? min(deadline, now + Release.settling) : now
        // A server that was continued answers when it gets a processor: who waits for it is waited for as long as there is time.
        let limit = report.hasFreed ? deadline : settled
        while true {
            // Before the tasks: one that ends in between would count as held though nothing is left.
            report.isPopulated = populated(evidence)
            held.removeAll { task in
                let isFree = hasGoneOn(task)
                if isFree && !report.freed.contains(task) { report.freed.append(task) }
                return isFree
            }
            let isOver = wasPopulated && report.isPopulated == false
            if held.isEmpty && (isOver || !report.explanation.isStuck) { break }
            if MonotonicClock.now() >= (held.isEmpty ? settled : limit) { break }
            pause()
        }
        report.held = held
    }

    /// Gone, or it has run since.
    private func hasGoneOn(_ task: TaskEvidence) -> Bool {
        do throws(SystemError) {
            guard let status = try procfs.status(of: task.pid, task: task.tid), status.state != "Z" else { return true }
            let before = task.laterSwitches ?? task.switches
            return status.voluntarySwitches != before.voluntary || status.involuntarySwitches != before.involuntary
                || status.state == "R" || (task.state == "T" && status.state != "T")
        } catch { return false }
    }

    /// Some of it is alive, or was dead before and is still not reaped. Besides the members of its groups: an init that waits for
    /// its last children is none any more.
    private func populated(_ evidence: Evidence) -> Bool? {
        do throws(SystemError) {
            for cgroup in subject.cgroups where try cgroup.isPopulated() { return true }
            for process in evidence.processes where subject.pids.contains(process.pid) {
                guard let stat = try procfs.stat(of: process.pid), stat.startTicks == process.name.startTicks else {
                    continue
                }
                if stat.state != "Z" || stat.threads > 1 || process.isUnreaped { return true }
            }
            return false
        } catch { return nil }
    }

    private func pause() {
        var nothing = PollSet()
        // There is nothing to poll, so nothing that can fail.
        do throws(SystemError) { _ = try nothing.wait(until: MonotonicClock.now() + .milliseconds(10)) } catch {}
    }

    // MARK: what is to be done

    private struct Plan {
        var wanted: [Remedy] = []
        var unasked: [Remedy] = []
        var refused: [RemedyReport] = []

        mutating func add(_ remedy: Remedy, wanted isWanted: Bool) {
            if isWanted {
                if !wanted.contains(remedy) { wanted.append(remedy) }
            } else if !unasked.contains(remedy) {
                unasked.append(remedy)
            }
        }
    }

    /// Freezers first: who is frozen can take nothing else. Memory last: only then is it known who does not go.
    private func plan(_ explanation: Explanation) -> Plan {
        var plan = Plan()
        let evidence = explanation.evidence
        for freezer in evidence.freezers.filter(\.isSelfFrozen).sorted(by: { $0.path.count < $1.path.count }) {
            let remedy = Remedy.thawCgroup(directory: freezer.directory, freezer.version)
            plan.add(remedy, wanted: wishes.thaw || evidence.isOwn(freezer.directory))
        }
        for process in evidence.processes where process.state == "T" {
            plan.add(.continueProcess(process.name), wanted: evidence.isOwn(process.name))
        }
        for remedy in explanation.remedies.sorted(by: { $0.order < $1.order }) {
            plan.add(remedy, wanted: isWanted(remedy, evidence))
        }
        for remedy in unmountedFrozen(explanation) { plan.add(remedy, wanted: wishes.thawFileSystem) }
        addNamed(&plan, evidence)
        addMemory(&plan, explanation)
        return plan
    }

    /// Of all that were killed, whatever they hang on. What the next release needs to know stays, as long as there is one to come.
    private func addMemory(_ plan: inout Plan, _ explanation: Explanation) {
        plan.wanted.removeAll { $0.order == Remedy.releaseMemory([]).order }
        let witnesses = plan.unasked.isEmpty ? [] : explanation.witnesses
        let dying = explanation.evidence.processes.filter { $0.tasks.contains(where: \.isKillPending) }
        let names = dying.filter { !witnesses.contains($0.pid) }.map(\.name)
        let kept = dying.filter { witnesses.contains($0.pid) }.map(\.name)
        if !names.isEmpty { plan.add(.releaseMemory(names), wanted: true) }
        if !kept.isEmpty {
            let why = "it tells on which path it hangs, which what is not asked for yet needs to know"
            plan.refused.append(RemedyReport(.releaseMemory(kept), .nothingToDo, why))
        }
    }

    /// File systems that were unmounted while they were frozen: no mount point leads there, the descriptors of tasks do.
    private func unmountedFrozen(_ explanation: Explanation) -> [Remedy] {
        let tasks = explanation.causes.filter { $0.reason == .frozenFileSystem }.flatMap(\.tasks)
        return tasks.filter { $0.mount == nil && $0.file?.descriptor != nil }.compactMap { task in
            task.file.map { .thawFileSystem(mountPoint: $0.path) }
        }
    }

    private func isWanted(_ remedy: Remedy, _ evidence: Evidence) -> Bool {
        switch remedy {
        case .thawCgroup(let directory, _): wishes.thaw || evidence.isOwn(directory)
        case .continueProcess(let process): wishes.resumeProcesses || evidence.isOwn(process)
        case .detachTracer(let tracer, _): wishes.tracers.contains(tracer.pid) || wishes.resumeProcesses
        case .killTracer(let tracer, _): wishes.killedTracers.contains(tracer.pid)
        case .abortFuse: wishes.abortFuse
        case .thawFileSystem: wishes.thawFileSystem
        case .resumeDevice: wishes.resumeDevice
        case .forceUnmount: wishes.forceUnmount
        case .killParent(let parent, _): wishes.parents.contains(parent.pid)
        case .releaseMemory: true
        }
    }

    /// Tracers and parents that were named, whether or not the explanation blames them; and a word where they have no part in it.
    private func addNamed(_ plan: inout Plan, _ evidence: Evidence) {
        addTracers(&plan, wishes.tracers, evidence) { .detachTracer($0, of: $1) }
        addTracers(&plan, wishes.killedTracers, evidence) { .killTracer($0, of: $1) }
        for pid in wishes.parents.sorted() {
            let dead = evidence.unreaped.filter { $0.parent.pid == pid }
            for child in dead { plan.add(.killParent(child.parent.name, of: child.name), wanted: true) }
            let isKnown = plan.wanted.contains {
                if case .killParent(let parent, _) = $0 { parent.pid == pid } else { false }
            }
            guard !isKnown else { continue }
            let remedy = Remedy.killParent(ProcessName(pid: pid, comm: ""), of: ProcessName(pid: 0, comm: ""))
            let why = "pid \(pid) leaves no dead process of \(subject.title) unreaped"
            plan.refused.append(RemedyReport(remedy, .refused, why))
        }
    }
}

extension Release {
    private func addTracers(
        _ plan: inout Plan, _ pids: Set<Int32>, _ evidence: Evidence, _ remedy: (ProcessName, ProcessName) -> Remedy
    ) {
        for pid in pids.sorted() {
            let traced = evidence.processes.filter { $0.tracer?.pid == pid }
            for process in traced {
                if let tracer = process.tracer { plan.add(remedy(tracer.name, process.name), wanted: true) }
            }
            guard traced.isEmpty else { continue }
            let nobody = remedy(ProcessName(pid: pid, comm: ""), ProcessName(pid: 0, comm: ""))
            plan.refused.append(RemedyReport(nobody, .refused, "pid \(pid) traces no process of \(subject.title)"))
        }
    }
}

extension Remedy {
    fileprivate var order: Int {
        switch self {
        case .thawCgroup: 0
        case .continueProcess: 1
        case .thawFileSystem, .resumeDevice: 2
        case .abortFuse: 3
        case .forceUnmount: 4
        case .detachTracer: 5
        case .killTracer: 6
        case .killParent: 7
        case .releaseMemory: 8
        }
    }
}

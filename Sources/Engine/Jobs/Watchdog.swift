import APITypes
import Diagnosis
import Lifecycle
import Linux
import Logging
import Synchronization

/// Speaks up for calls that are past their expectation: an event, a line in the log, and the finding that `quell jobs`
/// shows. It waits for nothing that hangs, and decides nothing.
struct Watchdog: Sendable {
    let core: EngineCore

    static func start(_ core: EngineCore) {
        core.jobs.onDue { [weak core] due in
            core?.reactor.at(due) { [weak core] in
                if let core { Watchdog(core: core).look() }
            }
        }
    }

    private func look() {
        for job in core.jobs.overdue(at: MonotonicClock.now()) { Task { await report(job) } }
    }

    private func report(_ job: Job) async {
        let finding = await finding(job.view(at: MonotonicClock.now()))
        guard !job.hasEnded else { return }
        if let finding { job.note(finding: finding) }
        let view = job.view(at: MonotonicClock.now())
        let container = view.container.flatMap(core.registry.withID)?.snapshot
        let line = OverdueText.line(view, name: container?.name, finding: finding)
        core.logger.warning("\(line)")
        var attributes = OverdueText.attributes(view, finding: finding)
        guard let container else {
            return core.events.post(type: "job", action: "overdue", id: "\(view.number)", attributes: attributes)
        }
        attributes.merge(container.document.config.labels ?? [:]) { own, _ in own }
        (attributes["image"], attributes["name"]) = (container.document.config.image, container.name)
        core.events.post(type: "container", action: "overdue", id: container.id, attributes: attributes)
    }

    /// The container's tasks, where those may be the reason.
    private func finding(_ view: Job.View) async -> String? {
        guard let id = view.container, let snapshot = core.registry.withID(id)?.snapshot, snapshot.isActive else {
            return nil
        }
        switch view.kind {
        case .call, .start, .exec, .restart: return nil
        case .stop, .kill, .remove: break
        }
        if let explained = await explain(snapshot) { return explained }
        let since = snapshot.stopSince ?? MonotonicClock.now()
        let seen = await LeftoverTasks.look(core.cgroup(id), since: since, core)
        return seen.tasks.isEmpty ? nil : OverdueText.tasks(seen)
    }

    /// Nil where nothing is found that holds it up, or it could not be looked for.
    private func explain(_ snapshot: ContainerSnapshot) async -> String? {
        do throws(EngineError) {
            let explanation = try await core.explain(try core.subject(snapshot))
            core.noteReasons(explanation.causes, of: snapshot)
            return explanation.causes.first.map(OverdueText.cause)
        } catch {
            core.logger.debug("container \(snapshot.id) could not be looked at: \(error)")
            return nil
        }
    }
}

/// The words of the watchdog. Pure.
enum OverdueText {
    /// `job 12: stop of container web has taken 20.5s, expected were 20s: it waits on the kernel, …: 1 task alive: …`
    static func line(_ view: Job.View, name: String?, finding: String?) -> String {
        let what = view.call ?? view.kind.rawValue
        let subject = (name ?? view.container).map { "\(what) of container \($0)" } ?? what
        let expected = view.expectation.map { ", expected were \($0.shortText)" } ?? ""
        let reason = view.hop.text + (finding.map { ": \($0)" } ?? "")
        return
            "job \(view.number): \(subject) has taken \(view.age.rounded.shortText)\(expected): it waits on \(reason)"
    }

    static func attributes(_ view: Job.View, finding: String?) -> [String: String] {
        var attributes = [
            "job": "\(view.number)", "kind": view.kind.rawValue, "waitsOn": view.hop.word,
            "ageMs": "\(view.age.wholeMilliseconds)",
        ]
        attributes["finding"] = finding
        if let expectation = view.expectation { attributes["expectedMs"] = "\(expectation.wholeMilliseconds)" }
        if let call = view.call { attributes["call"] = call }
        return attributes
    }

    /// `cat (pid 4711) waits for the FUSE file system /data, … (D in request_wait_answer)`
    static func cause(_ cause: Cause) -> String {
        guard let task = cause.tasks.first, !task.wchan.isEmpty else { return cause.summary }
        return "\(cause.summary) (\(task.state) in \(task.wchan))"
    }

    /// `2 tasks alive: cat[4711] D in request_wait_answer, sh[4712] S in do_wait`
    static func tasks(_ finding: StuckFinding) -> String {
        let count = finding.tasks.count
        let shown = finding.tasks.prefix(3).map { task in
            "\(task.comm)[\(task.tid)] \(task.state)" + (task.wchan.isEmpty ? "" : " in \(task.wchan)")
        }
        let more = count > 3 || finding.truncated ? ", …" : ""
        return "\(count) task\(count == 1 ? "" : "s") alive: " + shown.joined(separator: ", ") + more
    }
}

extension EngineCore {
    /// What `quell_stuck_tasks` tells.
    func noteReasons(_ causes: [Cause], of snapshot: ContainerSnapshot) {
        guard snapshot.live == .stuck || snapshot.live == .quarantined else { return }
        var reasons: [String: Int] = [:]
        for cause in causes where cause.certainty == .proven {
            reasons[cause.reason.rawValue, default: 0] += max(1, cause.tasks.count)
        }
        stuckReasons.withLock { $0[snapshot.id] = reasons.isEmpty ? nil : reasons }
    }
}

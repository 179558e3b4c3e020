import APITypes
import Lifecycle
import Linux

/// Quell's states and Docker's, and the texts for people.
enum StateText {
    /// DESIGN's names.
    static func quell(_ live: ContainerMachine.State) -> String {
        switch live {
        case .created: "created"
        case .starting, .running: "running"
        case .paused: "paused"
        case .stopping: "stopping"
        case .stuck: "stuck"
        case .quarantined: "quarantined"
        case .restarting: "restarting"
        case .exited: "exited"
        case .removing: "removing"
        }
    }

    /// The nearest of Docker's that is not a lie: what may still have tasks is running; what is quarantined is `dead`, "only
    /// partially removed because resources were kept busy".
    static func docker(_ snapshot: ContainerSnapshot) -> String {
        switch snapshot.live {
        case .created: "created"
        case .starting: snapshot.state.startedAt == 0 ? "created" : "restarting"
        case .running, .stopping, .stuck: "running"
        case .paused: "paused"
        case .quarantined: "dead"
        case .restarting: "restarting"
        case .exited: "exited"
        case .removing: "removing"
        }
    }

    /// `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`
    static func status(_ snapshot: ContainerSnapshot, _ seen: Observation, now: Int64) -> String {
        let state = snapshot.state
        let ended = "\(exitText(state.exit?.status))) \(span(since: state.finishedAt, now)) ago"
        switch snapshot.live {
        case .created: return "Created"
        case .starting: return state.startedAt == 0 ? "Created" : "Restarting (\(ended)"
        case .restarting: return "Restarting (\(ended)"
        case .exited: return state.startedAt == 0 && state.finishedAt == 0 ? "Created" : "Exited (\(ended)"
        case .removing: return "Removal In Progress"
        case .quarantined: return quarantine(state, now)
        case .running, .paused, .stopping, .stuck:
            return "Up \(span(since: state.startedAt, now))" + remark(snapshot, seen)
        }
    }

    private static func quarantine(_ state: RunState, _ now: Int64) -> String {
        guard let record = state.quarantine else { return "Quarantined" }
        return "Quarantined \(span(since: record.since, now)) ago (was \(record.formerName))"
    }

    private static func remark(_ snapshot: ContainerSnapshot, _ seen: Observation) -> String {
        if !snapshot.supervised { return " (unsupervised)" }
        switch (snapshot.live, seen) {
        case (.stuck, _): return " (stuck\(duration(snapshot).map { ", stopping for \($0)" } ?? ""))"
        case (_, .empty): return " (ending)"
        case (.paused, _): return " (Paused)"
        case (.stopping, _): return " (stopping\(duration(snapshot).map { " for \($0)" } ?? ""))"
        case (_, .mainEnded): return " (main process has ended)"
        default: break
        }
        switch snapshot.state.health?.status {
        case nil: return ""
        case .starting: return " (health: starting)"
        case .healthy: return " (healthy)"
        case .unhealthy: return " (unhealthy)"
        }
    }

    /// Of the stop that goes on; nil where an engine before this one accepted it and nothing was heard of it since.
    private static func duration(_ snapshot: ContainerSnapshot) -> String? {
        snapshot.stopSince.map { span((MonotonicClock.now() - $0).wholeNanoseconds).lowercased() }
    }

    static func exitText(_ status: ExitStatus?) -> String {
        guard let status else { return "unknown" }
        if status == .unobserved(.neverStarted) { return "\(status.dockerCode)" }
        return status.shellCode.map { "\($0)" } ?? "unknown"
    }

    private static func span(since begin: Int64, _ now: Int64) -> String {
        let (nanoseconds, overflow) = now.subtractingReportingOverflow(begin)
        return span(overflow ? 0 : nanoseconds)
    }

    /// Docker's words for a span of time.
    static func span(_ nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds) / 1_000_000_000
        let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600)
        switch seconds {
        case 0: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        case ..<120: return "About a minute"
        default: break
        }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(hours / 24 / 365) years"
    }
}

extension ContainerState {
    init(_ snapshot: ContainerSnapshot, _ seen: Observation) {
        self.init()
        let state = snapshot.state
        status = StateText.docker(snapshot)
        running = snapshot.isRunning
        paused = snapshot.live == .paused
        restarting = snapshot.live == .restarting
        dead = snapshot.live == .quarantined
        (oomKilled, pid, error) = (state.oomKilled, Int(state.pid), state.error)
        exitCode = state.exit?.status.dockerCode ?? 0
        exitCodeObserved = state.exit.map { $0.status.shellCode != nil }
        startedAt = StateText.stamp(state.startedAt)
        finishedAt = StateText.stamp(state.finishedAt)
        quellState = seen == .empty ? "ending" : StateText.quell(snapshot.live)
        quellVerdict = state.verdict
        health = state.health.map(Health.init)
    }
}

extension StateText {
    static func stamp(_ nanoseconds: Int64) -> String {
        nanoseconds == 0 ? Timestamp.never.description : Timestamp(nanosecondsSince1970: nanoseconds).description
    }
}

extension ExitStatus {
    /// For APIs that know nothing but a number: 128+n for a signal, 128 for what never started (as Docker), and 255 for a
    /// status nobody saw, which no success can be mistaken for.
    var dockerCode: Int {
        if let code = shellCode { return Int(code) }
        return self == .unobserved(.neverStarted) ? 128 : 255
    }
}

extension Health {
    init(_ state: HealthState) {
        self.init()
        (status, failingStreak) = (state.status.rawValue, state.failingStreak)
        log = state.log.map { entry in
            var result = HealthcheckResult()
            (result.start, result.end) = (StateText.stamp(entry.start), StateText.stamp(entry.end))
            (result.exitCode, result.output) = (entry.exitCode, entry.output)
            return result
        }
    }
}

extension Finding {
    mutating func add(_ cause: StuckCause?) {
        (reason, summary, remedies) = (cause?.reason, cause?.summary, cause?.remedies)
    }

    init(_ finding: StuckFinding) {
        self.init()
        message = Verdict.tasks(finding)
        add(finding.cause)
        tasks = finding.tasks.map { task in
            var shown = FindingTask()
            (shown.pid, shown.tid, shown.comm) = (Int(task.pid), Int(task.tid), task.comm)
            (shown.state, shown.wchan, shown.sigkillPending) = (String(task.state), task.wchan, task.killPending)
            return shown
        }
    }
}

import APITypes
import Engine
import Lifecycle
import Linux

// What a stop did and found, as the API tells it.

extension StopUpdateLine {
    /// Nil for the verdicts, which are told in the result.
    init?(_ update: StopUpdate, elapsed: Duration, ladder: Ladder) {
        self.init()
        elapsedMs = Int(elapsed.wholeMilliseconds)
        switch update {
        case .signalled(let signal, let pids, let rung):
            phase = "signalled"
            self.signal = signal.description
            recipients = pids.map { Int($0) }
            self.rung = ladder.name(ofRung: rung)
        case .waiting(let rung, let until):
            phase = "waiting"
            self.rung = ladder.name(ofRung: rung)
            remainingMs = until.map(StopUpdateLine.remaining)
        case .unhandled(let signal, let unhandled):
            phase = "unhandled"
            self.signal = signal.description
            message = unhandled == .kill ? "no process can react: waiting cannot help" : "no process can react"
        case .thawed: phase = "thawed"
        case .killing(let until):
            phase = "killing"
            signal = Signal.kill.description
            remainingMs = StopUpdateLine.remaining(until)
        case .mainEnded(let status, let remaining):
            phase = "main-ended"
            message = "\(status); \(remaining) processes are left"
        case .stuck, .ended: return nil
        }
    }

    private static func remaining(_ until: Instant) -> Int {
        max(0, Int((until - MonotonicClock.now()).wholeMilliseconds))
    }
}

extension Ladder {
    /// `TERM@init:10s`; `KILL` for what follows the last rung.
    func name(ofRung index: Int) -> String { rungs.indices.contains(index) ? rungs[index].description : "KILL" }
}

extension StopResult {
    init(_ outcome: StopOutcome) {
        self.init()
        (id, name) = (outcome.id, outcome.name)
        elapsedMs = Int(outcome.elapsed.wholeMilliseconds)
        switch outcome.verdict {
        case .already(let status):
            how = "already"
            verdict = "exited"
            if let status { observe(status) }
        case .ended(let report):
            observe(report.status)
            how = report.how.name
            rung = report.rung?.description
        case .stuck(let finding):
            verdict = "stuck"
            self.finding = Finding(finding, message: outcome.line)
        case .unsupervised(let finding, _):
            verdict = "unsupervised"
            self.finding = Finding(finding, message: outcome.line)
        }
    }

    private mutating func observe(_ status: ExitStatus) {
        exitCode = status.shellCode.map { Int($0) }
        switch status {
        case .code: verdict = "exited"
        case .signal(let signal, _):
            verdict = "exited"
            self.signal = signal.description
        case .unobserved(let reason):
            verdict = "exited-unknown"
            finding = Finding()
            finding?.message = reason.description
        }
    }
}

extension How {
    var name: String {
        switch self {
        case .already: "already"
        case .handled: "handled"
        case .defaultAction: "default-action"
        case .killed: "killed"
        }
    }
}

extension Finding {
    init(_ finding: StuckFinding, message: String) {
        self.init()
        self.message = message
        (reason, summary, remedies) = (finding.cause?.reason, finding.cause?.summary, finding.cause?.remedies)
        tasks = finding.tasks.map { task in
            var line = FindingTask()
            (line.pid, line.tid, line.comm) = (Int(task.pid), Int(task.tid), task.comm)
            line.state = String(task.state)
            line.wchan = task.wchan.isEmpty ? nil : task.wchan
            line.sigkillPending = task.killPending
            return line
        }
    }
}

extension StopOutcome {
    /// The verdict in one line, for a client that gets no more.
    var line: String {
        let line = "container " + Verdict.line(name, verdict)
        if case .stuck = verdict { return line + "; it is watched until the kernel lets go" }
        return line
    }
}

public import Lifecycle

/// The one line that says how a stop ended.
public enum Verdict {
    public static func line(_ name: String, _ verdict: StopVerdict) -> String {
        switch verdict {
        case .already(nil): "\(name) was not running"
        case .already(let status?): "\(name) had ended already: \(status)"
        case .ended(let report): "\(name) \(report.status) (\(cause(report))) after \(report.elapsed.rounded.shortText)"
        case .stuck(let finding): "\(name) is stuck: \(tasks(finding))"
        case .unsupervised(let finding, let why): "\(name) is unsupervised (\(why)): \(tasks(finding))"
        }
    }

    private static func cause(_ report: StopReport) -> String {
        switch report.how {
        case .already: "it had ended before the first signal"
        case .handled: "it handled \(report.rung?.signal.description ?? "the signal")"
        case .defaultAction: "default action of \(report.rung?.signal.description ?? "the signal")"
        case .killed: "killed"
        }
    }

    /// `2 tasks alive 10s after KILL: cat[4711] D in request_wait_answer, …`
    public static func tasks(_ finding: StuckFinding) -> String {
        let count = finding.tasks.count
        let cause = finding.cause.map { "; \($0.line)" } ?? ""
        if count == 0 { return "no task was seen, but its cgroup is not empty\(cause)" }
        let shown = finding.tasks.prefix(3).map { task in
            "\(task.comm)[\(task.pid)] \(task.state)"
                + (task.wchan.isEmpty || task.wchan == "0" ? "" : " in \(task.wchan)")
        }
        let more = count > 3 || finding.truncated ? ", …" : ""
        return "\(count) task\(count == 1 ? "" : "s") alive \(finding.sinceKill.rounded.shortText) after KILL: "
            + shown.joined(separator: ", ") + more + cause
    }
}

extension Duration {
    /// To whole milliseconds.
    var rounded: Duration { .milliseconds(wholeMilliseconds) }
}

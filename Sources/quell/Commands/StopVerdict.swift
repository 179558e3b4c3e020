import APITypes

/// What is printed of the end of a stop.
struct StopVerdict: Sendable {
    let result: StopResult
    /// What the daemon said when it found that nothing can react to the signal.
    var unhandledSignal: String?

    var isStuck: Bool { result.verdict == "stuck" || result.verdict == "unsupervised" }

    /// The verdict line, and for a stuck container a line per task.
    var lines: [String] {
        let seconds = fixed(Double(result.elapsedMs) / 1000, decimals: 2) + " s"
        let time = result.elapsedMs < 1000 ? "\(result.elapsedMs) ms" : seconds
        let name = result.name.isEmpty ? shortID(result.id) : withoutSlash(result.name)
        switch result.verdict {
        case "stuck":
            let count = result.finding?.tasks.count ?? 0
            // Where all are dead, and somebody has not reaped them.
            let what = count == 0 ? "it does" : "\(count) task\(count == 1 ? "" : "s") will"
            return ["\(name): STUCK after \(time): \(what) not end; the stop goes on"] + findingLines
        case "unsupervised":
            return ["\(name): unsupervised: its supervisor is gone, what is left is watched, \(time)"] + findingLines
        default: return ["\(name): \(ending)\(cause)" + (result.how == "already" ? "" : ", \(time)")] + findingLines
        }
    }

    private var ending: String {
        if result.verdict == "exited-unknown" { return "ended, exit status unknown" }
        if let signal = result.signal { return "ended by \(signal)" }
        return result.exitCode.map { "exited \($0)" } ?? "ended"
    }

    private var cause: String {
        let rung = result.rung.map { String($0.prefix { $0 != ":" }) }
        switch result.how {
        case "already": return ", already before this stop"
        case "handled": return " after \(rung ?? "the signal") (handled)"
        case "default-action": return " after \(rung ?? "the signal") (default action)"
        case "killed":
            guard let signal = unhandledSignal else { return " (killed)" }
            return " (killed: nothing in it reacts to \(signal))"
        default: return ""
        }
    }

    private var findingLines: [String] {
        guard let finding = result.finding else { return [] }
        let tasks = finding.tasks.map { task in
            let thread = task.tid == task.pid ? "" : " tid \(task.tid)"
            let place = task.wchan.flatMap { $0.isEmpty ? nil : " in \($0)" } ?? ""
            return "  pid \(task.pid)\(thread) (\(task.comm)) state \(task.state)\(place)"
                + (task.sigkillPending ? ", SIGKILL pending" : "")
        }
        var cause: [String] = []
        if let reason = finding.reason, let summary = finding.summary { cause.append("  reason \(reason): \(summary)") }
        if let remedy = finding.remedies?.first { cause.append("  what frees it: \(remedy)") }
        // With tasks or a cause listed, the message would say the same once more.
        return tasks.isEmpty && cause.isEmpty && !finding.message.isEmpty ? ["  \(finding.message)"] : tasks + cause
    }

    /// Every member, also those that are null.
    var json: JSONValue {
        let finding = result.finding.map { finding in
            JSONValue.object([
                .init("tasks", .array(finding.tasks.map(StopVerdict.json))), .init("message", .string(finding.message)),
                .init("reason", finding.reason.map(JSONValue.string) ?? .null),
                .init("summary", finding.summary.map(JSONValue.string) ?? .null),
                .init("remedies", .array((finding.remedies ?? []).map(JSONValue.string))),
            ])
        }
        return .object([
            .init("id", .string(result.id)), .init("name", .string(withoutSlash(result.name))),
            .init("verdict", .string(result.verdict)), .init("exitCode", result.exitCode.map(JSONValue.int) ?? .null),
            .init("signal", result.signal.map(JSONValue.string) ?? .null),
            .init("rung", result.rung.map(JSONValue.string) ?? .null),
            .init("how", result.how.map(JSONValue.string) ?? .null), .init("elapsedMs", .int(result.elapsedMs)),
            .init("finding", finding ?? .null),
        ])
    }

    private static func json(_ task: FindingTask) -> JSONValue {
        .object([
            .init("pid", .int(task.pid)), .init("tid", .int(task.tid)), .init("comm", .string(task.comm)),
            .init("state", .string(task.state)), .init("wchan", .string(task.wchan ?? "")),
            .init("sigkillPending", .bool(task.sigkillPending)),
        ])
    }
}

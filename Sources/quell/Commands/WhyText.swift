import APITypes
import Diagnosis

/// An explanation as prose. Pure.
struct WhyText {
    let report: WhyReport
    private static let shownTasks = 8
    private static let shownFrames = 12

    init(_ report: WhyReport) { self.report = report }

    var text: String { lines.map { $0 + "\n" }.joined() }

    var lines: [String] {
        [headline] + report.causes.flatMap(cause) + remedies + stop + report.pressure.notes.map { "  load: \($0)" }
            + notes
    }

    private var headline: String {
        let name = report.name + (report.kind == "container" && report.pid != nil ? " (pid \(report.pid ?? 0))" : "")
        guard let first = report.causes.first else {
            return "\(name): " + (report.stop.expectation == "gone" ? "nothing of it runs" : ends)
        }
        switch first.certainty {
        case "proven": return "\(name): STUCK, reason \(first.reason)"
        case "expected": return "\(name): KILL would not end it now, reason \(first.reason)"
        default: return "\(name): \(ends); it waits now, reason \(first.reason)"
        }
    }

    /// Nobody in its PID namespace can end its init, and we are in that of whatever we see as 1.
    private var ends: String {
        guard report.kind != "container", report.pid == 1 else { return "nothing keeps it from ending" }
        let who = report.kind == "process" ? "" : "pid 1 of it is "
        return who + "not ended by any signal that it has no handler for, not even by KILL"
    }

    // MARK: causes

    private func cause(_ cause: WhyCause) -> [String] {
        var lines = ["  \(cause.summary)"]
        for task in cause.tasks.prefix(WhyText.shownTasks) { lines += self.task(task) }
        let more = cause.tasks.count - WhyText.shownTasks
        if more > 0 { lines.append("    … and \(more) more tasks") }
        return lines + cause.blockers.map { "    blocked by \($0.text)" }
    }

    private func task(_ task: WhyTask) -> [String] {
        var facts = [task.state + (task.wchan.map { " in \($0)" } ?? "")]
        facts.append(task.sigkillPending ? "KILL pending" : "no KILL pending")
        if task.unchanged {
            facts.append(
                task.asleepMs.map { "has not run for about \(WhyText.time($0))" }
                    ?? "has not run for \(report.sampleMs) ms at least")
        }
        let thread = task.tid == task.pid ? "" : " thread \(task.tid)"
        var lines = ["    \(task.comm) pid \(task.pid)\(thread): " + facts.joined(separator: ", ")]
        if let call = task.syscall { lines.append("      call \(call)" + file(task)) }
        if let mount = task.mount {
            let host = mount.hostMountPoint.flatMap { $0 == mount.mountPoint ? nil : ", on the host \($0)" } ?? ""
            lines.append(
                "      mount \(mount.mountPoint)\(host): \(mount.type) of \(mount.source), device \(mount.device)")
        }
        if !task.stack.isEmpty {
            let cut = task.stack.count > WhyText.shownFrames ? " < …" : ""
            lines.append("      stack " + task.stack.prefix(WhyText.shownFrames).joined(separator: " < ") + cut)
        }
        return lines
    }

    private func file(_ task: WhyTask) -> String {
        guard let file = task.file else { return "" }
        return task.descriptor.map { " on descriptor \($0), \(file)" } ?? " on \(file)"
    }

    static func time(_ milliseconds: Int) -> String {
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        return seconds < 120 ? "\(seconds) s" : humanDuration(seconds: seconds)
    }

    // MARK: what to do

    private var remedies: [String] {
        let (freeing, others) = (report.remedies.filter(\.frees), report.remedies.filter { !$0.frees })
        var lines: [String] = []
        if !freeing.isEmpty {
            lines = ["  what frees it:"] + freeing.flatMap(remedy)
        } else if report.stuck {
            lines = ["  what frees it: nothing that is known from here"]
        }
        if !others.isEmpty { lines += ["  what helps meanwhile, and does not free it:"] + others.flatMap(remedy) }
        return lines
    }

    private func remedy(_ remedy: WhyRemedy) -> [String] {
        let release = "quell release" + (remedy.flag.map { " \($0)" } ?? "") + " \(operand)"
        let ways = [release, remedy.command].filter { !$0.isEmpty }
        return ["    \(remedy.name): " + ways.joined(separator: "   or   "), "      costs others: \(remedy.cost)"]
    }

    /// What it is called on a command line.
    private var operand: String {
        switch report.kind {
        case "process": "--pid \(report.pid ?? 0)"
        case "cgroup": "--cgroup \((report.cgroup ?? "").shellQuoted())"
        default: report.name
        }
    }

    private var stop: [String] {
        if report.stop.expectation == "gone" { return [] }
        // KILL was sent: what a signal would do is beside the point.
        if report.stuck || report.stop.killed {
            guard let elapsed = report.stop.elapsedMs else { return [] }
            return ["  a stop has been going on for \(WhyText.time(elapsed)), and goes on until the kernel lets go"]
        }
        let headline =
            report.stop.elapsedMs.map { "  a stop has been going on for \(WhyText.time($0))\(step)" }
            ?? "  a stop (\(report.stop.ladder)): \(WhyText.expectation(report.stop.expectation))"
        return [headline] + report.stop.notes.map { "    \($0)" }
    }

    /// What the stop waits for that goes on.
    private var step: String {
        let rest = report.stop.remainingMs.map(WhyText.time)
        switch report.stop.waitsOn {
        case "container":
            return ": it waits for the container"
                + (rest.map { ", and takes the next step in \($0)" } ?? ", without a bound")
        case "kernel": return ": it waits for the kernel" + (rest.map { ", and tells in \($0) what is left" } ?? "")
        default: return ""
        }
    }

    private static func expectation(_ word: String) -> String {
        switch word {
        case "graceful": "graceful, the main process gets the signal"
        case "forwarded": "graceful, for those below the main process that handle the signal"
        case "late": "too late, the shell handles the signal when its foreground command has ended"
        case "ignored": "waits the grace period, then kills"
        case "default-action": "ends at once by the signal's default action"
        case "unhandled": "nothing reacts to the signal"
        case "kill": "kills at once"
        default: "not known"
        }
    }

    private var notes: [String] {
        var lines = report.gaps.map { "  not read: \($0)" }
        if report.probes.abandoned > 0 || report.probes.hanging > 0 {
            lines.append(
                "  helper processes left behind: \(report.probes.abandoned) by this look, \(report.probes.hanging) in all"
            )
        }
        if report.probes.refused { lines.append("  arguments and paths were not read: too many helper processes hang") }
        if report.truncated { lines.append("  there are more processes or tasks than were looked at") }
        return lines
    }
}

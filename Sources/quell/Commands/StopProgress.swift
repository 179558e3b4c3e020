import APITypes
import Lifecycle

/// What a stop under way has done and waits for, as one line. Pure; time comes with each call.
struct StopProgress: Sendable {
    private let name: String
    /// The last thing that was done.
    private var done = "asked to stop"
    /// What is waited for, and until when.
    private var wait = ""
    private var until: Instant?
    private var accepted: Instant?

    init(name: String) { self.name = name }

    mutating func note(_ update: StopUpdateLine, at now: Instant) {
        if accepted == nil { accepted = now + .milliseconds(-update.elapsedMs) }
        let signal = update.signal.map { $0.hasPrefix("SIG") ? String($0.dropFirst(3)) : $0 } ?? "the signal"
        switch update.phase {
        case "signalled":
            done = "\(signal) sent to \(StopProgress.processes(update.recipients ?? []))"
            (wait, until) = ("", nil)
        case "waiting": waits("waiting for it to end", update, now)
        case "unhandled":
            done = "nothing in it reacts to \(signal)"
            (wait, until) = ("", nil)
        case "killing":
            done = "KILL sent"
            waits("waiting for the kernel to let go", update, now)
        case "main-ended": done = update.message ?? "the main process has ended"
        case "thawed": done = "thawed, to be able to end"
        case let other: done = ([other] + [update.message].compactMap { $0 }).joined(separator: ": ")
        }
    }

    private mutating func waits(_ text: String, _ update: StopUpdateLine, _ now: Instant) {
        wait = text
        until = update.remainingMs.map { now + .milliseconds($0) }
    }

    private static func processes(_ pids: [Int]) -> String {
        switch pids.count {
        case 0: "nobody"
        case 1: "pid \(pids[0])"
        default: "\(pids.count) processes"
        }
    }

    /// `web: TERM sent to pid 4711; waiting for it to end, 8.7 s left (1.3 s)`
    func line(at now: Instant) -> String {
        var text = "\(name): \(done)"
        if !wait.isEmpty {
            text += "; \(wait), " + (until.map { "\(StopProgress.seconds($0 - now)) left" } ?? "without end")
        }
        guard let accepted else { return text }
        return text + " (\(StopProgress.seconds(now - accepted)))"
    }

    private static func seconds(_ span: Duration) -> String {
        fixed(Double(max(0, span.wholeMilliseconds)) / 1000, decimals: 1) + " s"
    }
}

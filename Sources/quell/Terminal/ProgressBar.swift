import Lifecycle
import Linux
import Synchronization

/// How far a transfer is, on a terminal; nothing elsewhere.
final class ProgressBar: Sendable {
    private struct State: Sendable {
        var done = 0
        var note = ""
        var drawn = Instant(sinceBoot: .zero)
    }
    private let state = Mutex(State())
    private let region: LiveRegion?
    private let title: String
    /// Bytes; nil: not known.
    private let total: Int?
    private static let redraw = Duration.milliseconds(100)

    /// - Parameter output: nil draws nothing.
    init(_ output: Output?, _ title: String, total: Int?) {
        (self.title, self.total) = (title, total)
        region = output.map { LiveRegion($0) }
    }

    func advance(_ bytes: Int) {
        update { $0.done += bytes }
    }

    /// A word of the daemon beside the bar.
    func note(_ text: String) { update { $0.note = text } }

    func finish() {
        // A progress bar is not worth failing for.
        try? region?.clear()
    }

    private func update(_ change: (inout State) -> Void) {
        let now = MonotonicClock.now()
        let line = state.withLock { state -> String? in
            change(&state)
            guard now - state.drawn >= ProgressBar.redraw else { return nil }
            state.drawn = now
            return ProgressBar.line(title, done: state.done, total: total, note: state.note)
        }
        // As above.
        if let line { try? region?.draw([line]) }
    }

    static func line(_ title: String, done: Int, total: Int?, note: String) -> String {
        let tail = note.isEmpty ? "" : "  \(note)"
        guard let total, total > 0 else { return "\(title) \(humanSize(done))\(tail)" }
        let filled = min(30, done * 30 / total)
        let bar = String(repeating: "=", count: filled) + (filled < 30 ? ">" : "")
        return
            "\(title) [\(bar)\(String(repeating: " ", count: 30 - bar.count))] \(humanSize(done))/\(humanSize(total))\(tail)"
    }
}

import Lifecycle
import Linux

/// Passes progress on, not more than ten times a second.
struct ProgressTicker {
    private let handler: ImageProgressHandler?
    private let phase: ImageProgress.Phase
    private let id: String
    private let total: Int64?
    private var next = MonotonicClock.now()

    init(_ handler: ImageProgressHandler?, _ phase: ImageProgress.Phase, _ id: String, _ total: Int64?) {
        self.handler = handler
        self.phase = phase
        self.id = id
        self.total = total
    }

    mutating func moved(to current: Int64) {
        guard let handler else { return }
        let now = MonotonicClock.now()
        guard now >= next else { return }
        next = now + .milliseconds(100)
        handler(ImageProgress(phase: phase, id: id, current: current, total: total))
    }

    func finished(at current: Int64) {
        handler?(ImageProgress(phase: phase, id: id, current: current, total: total ?? current))
        handler?(ImageProgress(phase: .complete, id: id, current: current, total: total ?? current))
    }
}

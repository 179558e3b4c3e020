import Lifecycle

/// When a job is reported as overdue: once when its expectation has passed, then ever more seldom. Pure.
struct OverdueAlarm: Hashable, Sendable {
    /// What comes this little late is not late.
    static let slack = Duration.milliseconds(500)
    static let firstPause = Duration.seconds(30)
    static let longestPause = Duration.seconds(3600)

    private(set) var reports = 0
    private var last: Instant?

    static func isOverdue(since: Instant, _ expectation: Duration?, at now: Instant) -> Bool {
        guard let expectation else { return false }
        return now >= since + expectation + slack
    }

    /// Nil: never.
    func due(since: Instant, _ expectation: Duration?) -> Instant? {
        guard let expectation else { return nil }
        guard let last else { return since + expectation + OverdueAlarm.slack }
        return last + pause
    }

    /// 30 s, 1 min, 2 min … 1 h.
    private var pause: Duration {
        var pause = OverdueAlarm.firstPause
        for _ in 1..<max(1, min(reports, 16)) { pause = min(pause * 2, OverdueAlarm.longestPause) }
        return pause
    }

    /// Whether it is time; then it is not for another while.
    mutating func rings(since: Instant, _ expectation: Duration?, at now: Instant) -> Bool {
        guard let due = due(since: since, expectation), now >= due else { return false }
        reports += 1
        last = now
        return true
    }
}

import Lifecycle
import Linux
import Synchronization

// How stops end. Each end is counted once, whoever told of it.

extension Container {
    /// The stop's end is observed. How it came about may follow: the shim tells it after the end.
    func noteEndOfStop() {
        core.stuckReasons.withLock { _ = $0.removeValue(forKey: id) }
        guard let entry = stopEntry else { return }
        uncountedStop = entry.since
        endStopEntry()
        if let report = stopReport { countStop(report) }
    }

    func countStop(_ report: StopReport) {
        guard uncountedStop != nil else { return }
        uncountedStop = nil
        core.metrics.countStop(EngineMetrics.StopKey(report), after: report.elapsed)
    }

    /// Nobody will tell any more how it came about.
    func countStopUntold() {
        guard let since = uncountedStop.take(), let status = state.exit?.status else { return }
        var key = EngineMetrics.StopKey(status)
        key.how = "unknown"
        core.metrics.countStop(key, after: MonotonicClock.now() - since)
    }

    /// A verdict that is no end; when it ends after all, that is counted too.
    func countVerdict(_ verdict: String) {
        guard let since = stopSince ?? stopEntry?.since else { return }
        core.metrics.countStop(EngineMetrics.StopKey(verdict: verdict), after: MonotonicClock.now() - since)
    }
}

import Lifecycle
import Synchronization

/// What the engine has counted since it was opened.
final class EngineMetrics: Sendable {
    struct StopKey: Hashable, Sendable {
        var verdict: String
        /// `handled`, `default-action`, `killed`, `already`, `unknown`; empty without an end.
        var how = ""
        /// The rung that ended it, without its duration: `TERM@init`; `KILL` for the closing one; empty without an end.
        var rung = ""
    }

    struct KillKey: Hashable, Sendable {
        var mechanism: KillMechanism
        /// `shim`, or `engine` where the shim was gone.
        var by: String
    }

    struct Counts: Sendable {
        var stops: [StopKey: Histogram] = [:]
        var kills: [KillKey: UInt64] = [:]
        /// Containers whose shim was lost while they ran.
        var lostShims: UInt64 = 0
        /// Shims that were reached again.
        var regainedShims: UInt64 = 0
        var abandonedLooks: UInt64 = 0
    }

    private let counts = Mutex(Counts())

    var current: Counts { counts.withLock { $0 } }

    func count(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    func countStop(_ key: StopKey, after elapsed: Duration) {
        counts.withLock { $0.stops[key, default: Histogram(bounds: Histogram.stops)].record(elapsed) }
    }

    func countKill(_ mechanism: KillMechanism, by: String) {
        counts.withLock { $0.kills[KillKey(mechanism: mechanism, by: by), default: 0] += 1 }
    }
}

extension EngineMetrics.StopKey {
    init(_ report: StopReport) {
        self.init(report.status)
        how =
            switch report.how {
            case .already: "already"
            case .handled: "handled"
            case .defaultAction: "default-action"
            case .killed: "killed"
            }
        // With its duration every user could make as many series as there are durations.
        if let rung = report.rung {
            self.rung = String(rung.description.prefix { $0 != ":" })
        } else if report.how == .killed {
            rung = "KILL"
        }
    }

    init(_ status: ExitStatus) {
        switch status {
        case .code, .signal: verdict = "exited"
        case .unobserved: verdict = "exited-unknown"
        }
    }
}

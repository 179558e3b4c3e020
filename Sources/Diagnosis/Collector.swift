public import Lifecycle
public import Linux

/// Reads evidence. Blocks: for a thread of its own, never one that serves others.
public struct Collector: Sendable {
    let procfs: Procfs
    let prober: any Prober

    public init(prober: any Prober, procfs: Procfs = Procfs()) { (self.prober, self.procfs) = (prober, procfs) }

    /// Returns at the instant at the latest, with what was read by then. Nothing that can hang is read by this process.
    public func collect(_ subject: Subject, until deadline: Instant) -> Evidence {
        Evidence(subject, takenAt: MonotonicClock.now())
    }
}

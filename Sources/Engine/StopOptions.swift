public import Lifecycle

/// What a client asks of a stop; what it leaves out comes from the container's labels, its configuration, its image and
/// the engine's defaults, in this order.
public struct StopOptions: Hashable, Sendable {
    /// Replaces signal, timeout and scope.
    public var ladder: Ladder?
    public var signal: Signal?
    public var timeout: Grace?
    public var scope: Scope?
    public var unhandled: Unhandled?
    public var killDeadline: Duration?

    public init(
        ladder: Ladder? = nil, signal: Signal? = nil, timeout: Grace? = nil, scope: Scope? = nil,
        unhandled: Unhandled? = nil, killDeadline: Duration? = nil
    ) {
        (self.ladder, self.signal, self.timeout) = (ladder, signal, timeout)
        (self.scope, self.unhandled, self.killDeadline) = (scope, unhandled, killDeadline)
    }
}

/// What is known of a container whose stop was asked.
public enum StopVerdict: Hashable, Sendable {
    /// It was not running when the stop was asked; its last status, if it ever ran.
    case already(ExitStatus?)
    /// It has ended, by all evidence. `report.status` may be unobserved, with the reason.
    case ended(StopReport)
    /// The kill deadline passed with tasks alive; the job goes on.
    case stuck(StuckFinding)
    /// The shim is gone or does not answer; what was seen of the container through its cgroup and /proc.
    case unsupervised(StuckFinding, why: String)
}

/// The outcome of a stop, with the container it is about.
public struct StopOutcome: Hashable, Sendable {
    public var id: String
    public var name: String
    public var verdict: StopVerdict
    /// From the request to the verdict.
    public var elapsed: Duration

    public init(id: String, name: String, verdict: StopVerdict, elapsed: Duration) {
        (self.id, self.name, self.verdict, self.elapsed) = (id, name, verdict, elapsed)
    }

    /// Every task is gone.
    public var hasEnded: Bool {
        switch verdict {
        case .already, .ended: true
        case .stuck, .unsupervised: false
        }
    }
}

/// A stop under way. Dropping it cancels nothing.
public struct StopJob: Sendable {
    public let id: String
    public let name: String
    /// What this request asked for; empty when nothing ran. Rungs in `updates` count in the ladder the shim walks, which is
    /// this one unless another stop came first.
    public let ladder: Ladder
    /// Its number in the register of calls; nil when nothing ran.
    public let number: UInt64?
    /// What the job does, from now on; ends with the verdict. At most 64 updates are kept for a slow reader.
    public let updates: AsyncStream<StopUpdate>
    let outcome: @Sendable () async -> StopOutcome

    /// The verdict; comes by ladder + kill deadline + 2 s, whatever happens. May be asked many times.
    public func result() async -> StopOutcome { await outcome() }
}

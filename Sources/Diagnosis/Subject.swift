public import Lifecycle
public import Linux

/// What is to be explained. A value; making it touches nothing.
public struct Subject: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case container(id: String, name: String)
        case process(Int32)
        case cgroup(String)
    }
    public var kind: Kind
    /// The main process of a container, or the process that was asked about; nil: the first of the control group.
    public var main: Int32?
    /// Looked at whether or not they are still in a control group: an init that waits for its last children is not.
    public var pids: [Int32]
    /// Each with all below it.
    public var cgroups: [Cgroup]
    /// How a stop would go.
    public var plan: StopPlan
    /// The stop that goes on; nil: none does.
    public var stop: StopUnderWay?
    /// A file with the mountinfo of the main process as it was while it lived: a dying one has none any more. Read only then.
    public var savedMounts: String?

    public init(
        _ kind: Kind, main: Int32? = nil, pids: [Int32] = [], cgroups: [Cgroup] = [], plan: StopPlan = StopPlan(),
        stop: StopUnderWay? = nil
    ) {
        (self.kind, self.main, self.pids, self.cgroups) = (kind, main, pids, cgroups)
        (self.plan, self.stop) = (plan, stop)
    }

    /// `web`, `pid 4711`, `cgroup /quell/0123`.
    public var title: String {
        switch kind {
        case .container(_, let name): name
        case .process(let pid): "pid \(pid)"
        case .cgroup(let path): "cgroup \(path)"
        }
    }
}

/// How a stop would go: the defaults are those of `docker stop`.
public struct StopPlan: Hashable, Sendable {
    public var ladder: Ladder
    public var unhandled: Unhandled

    public init(
        ladder: Ladder = Ladder(stopSignal: .term, grace: .bounded(.seconds(10))), unhandled: Unhandled = .kill
    ) {
        (self.ladder, self.unhandled) = (ladder, unhandled)
    }
}

/// A stop that goes on.
public struct StopUnderWay: Hashable, Sendable {
    public var since: Instant
    /// The kill deadline passed with tasks alive.
    public var isStuck: Bool
    /// What it waits for at this moment; nil: not known from here.
    public var step: Step?

    public enum Step: Hashable, Sendable {
        /// For the container to end by the signal it was sent; at the instant the next rung is taken. Nil: without a bound.
        case container(until: Instant?)
        /// For the kernel, after KILL, to let go of its tasks; at the instant the verdict is due.
        case kernel(until: Instant)
    }

    public init(since: Instant, isStuck: Bool = false, step: Step? = nil) {
        (self.since, self.isStuck, self.step) = (since, isStuck, step)
    }
}

import Lifecycle

/// What has become of a container: the changing half of its row.
struct RunState: Codable, Hashable, Sendable {
    /// Coarse, durable; the finer states live in memory and are found again by asking the shim.
    enum Phase: String, Codable, Sendable { case created, active, quarantined, exited, removing }
    enum Desired: String, Codable, Sendable { case stopped, running }

    var phase = Phase.created
    /// What the user last asked for: a restart policy never acts against it.
    var desired = Desired.stopped
    /// The stop that was asked of this run; nil: none was. (A signal that is also the stop signal sets `desired`, but is no stop.)
    var order: StoredOrder?
    /// The host's boot in which it became active; pids mean nothing in another one.
    var boot: String?
    var pid: Int32 = 0
    /// Field 22 of stat(5), so that a reused pid is not mistaken.
    var pidStart: UInt64 = 0
    /// Nanoseconds since 1970; 0: never.
    var startedAt: Int64 = 0
    var finishedAt: Int64 = 0
    var exit: StoredStatus?
    var oomKilled = false
    /// Why it could not be started, or why its status is unknown.
    var error = ""
    var restartCount = 0
    /// It is being stopped to be started again: `restart`.
    var isRestarting: Bool?
    /// The verdict line of the last stop.
    var verdict: String?
    /// The root file system and the volumes' first content are in place.
    var prepared = false
    /// The root file system is an overlay, and no copy; nil: it was not made yet.
    var usesOverlay: Bool?
    var health: HealthState?
    /// What it has of its networks while it runs.
    var endpoints: [Endpoint]?
    /// Since it is quarantined, and for good: it is removed when it has ended.
    var quarantine: QuarantineRecord?
}

/// A `StopOrder` as the database keeps it: for an engine that ends before its supervisor has heard of it.
struct StoredOrder: Codable, Hashable, Sendable {
    var ladder: String
    var unhandled: String
    /// Nanoseconds.
    var killDeadline: Int64

    init(_ order: StopOrder) {
        (ladder, unhandled) = (order.ladder.description, order.unhandled.description)
        killDeadline = order.killDeadline.wholeNanoseconds
    }

    /// Nil when it was written by an engine that knew other words.
    var order: StopOrder? {
        guard let unhandled = Unhandled(name: unhandled) else { return nil }
        do throws(LadderError) {
            return StopOrder(
                ladder: try Ladder(parsing: ladder), unhandled: unhandled, killDeadline: .nanoseconds(killDeadline))
        } catch { return nil }
    }
}

/// An `ExitStatus` as the database keeps it. 127 and 126 of a failed start are codes like others: `error` tells them.
struct StoredStatus: Codable, Hashable, Sendable {
    var code: UInt8?
    var signal: Int32?
    var core: Bool?
    var unobserved: UInt8?

    init(_ status: ExitStatus) {
        switch status {
        case .code(let code): self.code = code
        case .signal(let signal, let coreDumped): (self.signal, core) = (signal.number, coreDumped)
        case .unobserved(let reason): unobserved = reason.rawValue
        }
    }

    var status: ExitStatus {
        if let code { return .code(code) }
        if let signal = signal.flatMap({ Signal(number: $0) }) { return .signal(signal, coreDumped: core ?? false) }
        return .unobserved(unobserved.flatMap { UnobservedReason(rawValue: $0) } ?? .recordDamaged)
    }
}

/// The health of a running container.
struct HealthState: Codable, Hashable, Sendable {
    enum Status: String, Codable, Sendable { case starting, healthy, unhealthy }
    struct Result: Codable, Hashable, Sendable {
        var start: Int64
        var end: Int64
        var exitCode: Int
        var output: String
    }
    var status = Status.starting
    var failingStreak = 0
    /// The last five, oldest first.
    var log: [Result] = []
}

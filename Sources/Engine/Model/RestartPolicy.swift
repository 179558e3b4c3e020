import APITypes
import Lifecycle

/// When a container that ended by itself is started again, and how soon.
struct RestartRule: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case no, always, unlessStopped, onFailure(limit: Int) }
    var kind: Kind

    init(_ policy: RestartPolicy?) throws(EngineError) {
        let limit = policy?.maximumRetryCount ?? 0
        switch policy?.name ?? "" {
        case "", "no": kind = .no
        case "always": kind = .always
        case "unless-stopped": kind = .unlessStopped
        case "on-failure":
            guard limit >= 0 else { throw .invalid("maximum retry count cannot be negative") }
            kind = .onFailure(limit: limit)
        case let other: throw .invalid("invalid restart policy: unknown policy '\(other)'")
        }
        if limit != 0, policy?.name != "on-failure" {
            throw .invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'")
        }
    }

    /// After an end that nobody asked for. `count`: how often it was restarted in a row.
    func restarts(after status: ExitStatus, count: Int) -> Bool {
        switch kind {
        case .no: false
        case .always, .unlessStopped: true
        case .onFailure(let limit): !status.isSuccess && (limit == 0 || count < limit)
        }
    }

    /// When the engine starts and finds it ended. As Docker: `always` starts even what was stopped by hand.
    func restartsAtOpen(_ state: RunState) -> Bool {
        guard state.phase == .exited else { return false }
        switch kind {
        case .no: return false
        case .always: return true
        case .unlessStopped: return state.desired == .running
        case .onFailure(let limit):
            guard let status = state.exit?.status, state.desired == .running else { return false }
            return !status.isSuccess && (limit == 0 || state.restartCount < limit)
        }
    }
}

/// Docker's waiting times: 100 ms, doubled each time, at most a minute; reset by a run of ten seconds.
struct RestartBackOff: Hashable, Sendable {
    static let first = Duration.milliseconds(100)
    static let longest = Duration.seconds(60)
    static let goodRun = Duration.seconds(10)
    private var last: Duration?

    mutating func next(afterRunOf run: Duration) -> Duration {
        let wait = run >= RestartBackOff.goodRun ? nil : last
        let chosen = wait.map { min($0 * 2, RestartBackOff.longest) } ?? RestartBackOff.first
        last = chosen
        return chosen
    }
}

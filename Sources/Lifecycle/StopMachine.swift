/// Carries one container to its end: decides which signal goes to whom and when, and when the end is proved.
///
/// Pure: events in, actions out, no clock and no I/O. Every event carries its instant. The caller performs the
/// actions in order and answers `look` with `observed`, `examine` with `examined`, and an expired `arm` with
/// `deadlineReached`. Events may come in any order and more than once.
///
/// What it guarantees (explored exhaustively and at random by its tests):
/// - `conclude` and `ended` come once, and only with all evidence present;
/// - from the kill on, a verdict (`ended` or `stuck`) comes by the kill deadline;
/// - an order joining a job never moves the kill later, and sends no process the same signal again;
/// - a kill order reaches `killAll` in the same call;
/// - while a stop goes on, an instant is armed or a `look` or `examine` is to be answered.
public struct StopMachine: Hashable, Sendable {
    /// What the supervisor must do, in this order.
    public enum Action: Hashable, Sendable {
        /// Read the members' signal dispositions and call `observed`.
        case look
        case send(Signal, [Int32])
        /// Thaw the container if it is frozen, and if it was, tell `thawed`.
        case thaw
        /// Kill every process of the container, thawing as needed.
        case killAll
        /// Call `deadlineReached` at this instant; replaces the instant armed before.
        case arm(Instant)
        /// List the live tasks and call `examined`.
        case examine
        case tell(StopUpdate)
        /// The container has ended: record it durably before the next action.
        case conclude(ExitStatus)
    }

    enum Phase: Hashable {
        /// No stop was asked.
        case idle
        /// In the grace period of a rung.
        case waiting(Attempt)
        /// KILL was sent.
        case killing(Killing)
        /// The kill deadline passed.
        case stuck(Killing)
        case ended
    }

    public private(set) var evidence = Evidence()
    var phase = Phase.idle
    var job: Job?

    public init() {}

    /// A stop job goes on (asked for, or begun because the main process left others behind).
    public var isStopping: Bool {
        switch phase {
        case .idle, .ended: false
        case .waiting, .killing, .stuck: true
        }
    }

    /// The kill deadline passed, and no new order has come since.
    public var isStuck: Bool {
        switch phase {
        case .stuck: true
        case .idle, .waiting, .killing, .ended: false
        }
    }

    /// KILL was sent: a freeze now would only be in its way.
    public var isKilling: Bool {
        switch phase {
        case .idle, .ended, .waiting: false
        case .killing, .stuck: true
        }
    }
}

// MARK: - Evidence comes in

extension StopMachine {
    /// The main process was reaped; `remaining` others are known to be alive.
    public mutating func mainReaped(_ status: ExitStatus, remaining: Int, at now: Instant) -> [Action] {
        guard evidence.mainStatus == nil else { return [] }
        evidence.mainStatus = status
        let outcome = job?.outcome(of: status, killing: isKilling)
        job?.outcome = outcome
        if let actions = concluded(at: now) { return actions }
        let tell: Action = .tell(.mainEnded(status, remaining: remaining))
        switch phase {
        case .idle:
            // Leftovers of a main process that ended by itself, in a shared PID namespace.
            job = Job(order: .kill(), since: now)
            return startKilling(at: now)
        case .waiting(let attempt):
            // Others that were asked too keep their grace period; those that were not asked have nothing to wait for.
            return attempt.rung.scope == .all ? [tell] : [tell] + climb(to: attempt.index + 1, at: now)
        case .killing, .stuck, .ended: return [tell]
        }
    }

    /// The cgroup subtree has live tasks, or has none.
    public mutating func populationObserved(_ populated: Bool, at now: Instant) -> [Action] {
        guard phase != .ended else { return [] }
        evidence.isPopulated = populated
        return concluded(at: now) ?? []
    }

    /// This many exec children have been started and not been reaped.
    public mutating func unreapedExecsObserved(_ count: Int, at now: Instant) -> [Action] {
        guard phase != .ended else { return [] }
        evidence.unreapedExecs = count
        return concluded(at: now) ?? []
    }

    private mutating func concluded(at now: Instant) -> [Action]? {
        guard phase != .ended, let status = evidence.conclusion else { return nil }
        phase = .ended
        guard let job else { return [.conclude(status)] }
        let outcome = job.outcome ?? Outcome(how: .already, rung: nil)
        let report = StopReport(status: status, how: outcome.how, rung: outcome.rung, elapsed: now - job.since)
        return [.conclude(status), .tell(.ended(report))]
    }
}

// MARK: - Orders

extension StopMachine {
    /// A stop is asked for: begins a job, or joins the one that goes on and sharpens it.
    public mutating func stopRequested(_ order: StopOrder, at now: Instant) -> [Action] {
        switch phase {
        case .ended: return []
        case .idle:
            job = Job(order: order, since: now)
            return [.thaw] + climb(to: 0, at: now)
        case .waiting(let attempt): return sharpen(attempt, with: order, at: now)
        case .killing(var killing):
            killing.deadline = min(killing.deadline, now + order.killDeadline)
            phase = .killing(killing)
            return [.killAll] + armAndTell(killing)
        case .stuck(let killing):
            // A new order gets a verdict of its own.
            let again = Killing(since: killing.since, now: now, deadline: now + order.killDeadline)
            phase = .killing(again)
            return [.killAll] + armAndTell(again)
        }
    }

    private mutating func sharpen(_ attempt: Attempt, with order: StopOrder, at now: Instant) -> [Action] {
        guard var job else { preconditionFailure("a waiting machine has a job") }
        job.order.killDeadline = min(job.order.killDeadline, order.killDeadline)
        if order.unhandled == .kill { job.order.unhandled = .kill }
        let mainEnded = evidence.mainStatus != nil
        let current = job.killInstant(during: attempt, mainEnded: mainEnded)
        let ordered = order.ladder.killInstant(from: 0, at: now, mainEnded: mainEnded)
        let isSooner = ordered.map { ordered in current.map { ordered < $0 } ?? true } ?? false
        if isSooner { job.order.ladder = order.ladder }
        self.job = job
        if order.isKill { return startKilling(at: now) }
        if isSooner { return climb(to: 0, at: now) }
        // `unhandled` may have changed: look at once.
        return [.tell(.waiting(rung: attempt.index, until: attempt.deadline)), .look]
    }

    /// Enters a rung, or the kill after the last one.
    private mutating func climb(to index: Int, at now: Instant) -> [Action] {
        let mainEnded = evidence.mainStatus != nil
        let rungs = job?.order.ladder.rungs.dropFirst(index) ?? []
        guard let next = rungs.firstIndex(where: { $0.isClimbed(mainEnded: mainEnded) }),
            let attempt = job?.attempt(next, at: now)
        else { return startKilling(at: now) }
        phase = .waiting(attempt)
        return [.look]
    }

    private mutating func startKilling(at now: Instant) -> [Action] {
        guard let job else { preconditionFailure("a kill has a job") }
        let killing = Killing(since: now, now: now, deadline: now + job.order.killDeadline)
        phase = .killing(killing)
        return [.killAll] + armAndTell(killing)
    }

    private func armAndTell(_ killing: Killing) -> [Action] {
        [.arm(killing.nextInstant), .tell(.killing(until: killing.deadline))]
    }
}

// MARK: - Looking and waiting

extension StopMachine {
    /// The answer to `look`: every process of the container and what it would do with each signal.
    public mutating func observed(_ members: [Member], at now: Instant) -> [Action] {
        guard case .waiting(var attempt) = phase, var job else { return [] }
        let mainEnded = evidence.mainStatus != nil
        job.sight.note(members)
        self.job = job
        if !mainEnded && job.sight.isLeaving { return startKilling(at: now) }
        let isFirst = attempt.looks == 0
        let targets = attempt.targets(among: members)
        attempt.note(targets)
        job.note(targets, on: attempt.rung)
        (self.job, phase) = (job, .waiting(attempt))
        var actions = sending(attempt, to: targets)
        if job.isUnanswerable(attempt, members, mainEnded: mainEnded) {
            let unhandled = job.order.unhandled
            if isFirst || unhandled == .kill { actions.append(.tell(.unhandled(attempt.rung.signal, unhandled))) }
            if unhandled == .kill { return actions + climb(to: attempt.index + 1, at: now) }
        }
        if isFirst { actions.append(.tell(.waiting(rung: attempt.index, until: attempt.deadline))) }
        return actions + [.arm(attempt.nextInstant(after: now))]
    }

    private func sending(_ attempt: Attempt, to targets: [Member]) -> [Action] {
        guard !targets.isEmpty else { return [] }
        let (signal, pids) = (attempt.rung.signal, targets.map(\.pid))
        return [.send(signal, pids), .tell(.signalled(signal, pids: pids, rung: attempt.index))]
    }

    /// The armed instant has come. Early and repeated calls are harmless.
    public mutating func deadlineReached(at now: Instant) -> [Action] {
        switch phase {
        case .idle, .ended: return []
        case .waiting(let attempt):
            if let deadline = attempt.deadline, now >= deadline { return climb(to: attempt.index + 1, at: now) }
            return [.look]
        case .killing(var killing):
            if now >= killing.deadline { return [.examine] }
            guard now >= killing.nextRepeat else { return [.arm(killing.nextInstant)] }
            killing.repeated(at: now)
            phase = .killing(killing)
            return [.killAll, .arm(killing.nextInstant)]
        case .stuck(var killing):
            guard now >= killing.nextRepeat else { return [.arm(killing.nextInstant)] }
            killing.repeated(at: now)
            phase = .stuck(killing)
            return [.killAll, .arm(killing.nextInstant)]
        }
    }

    /// The answer to `examine`.
    public mutating func examined(_ finding: StuckFinding, at now: Instant) -> [Action] {
        guard case .killing(var killing) = phase else { return [] }
        guard now >= killing.deadline else { return [.arm(killing.nextInstant)] }
        killing.deadline = .distantFuture
        killing.repeated(at: now)
        phase = .stuck(killing)
        return [.tell(.stuck(finding)), .arm(killing.nextInstant)]
    }

    /// Since when KILL has been sent; nil before.
    public var killedSince: Instant? {
        switch phase {
        case .killing(let killing), .stuck(let killing): killing.since
        case .idle, .waiting, .ended: nil
        }
    }
}

extension StopMachine {
    /// The stop that goes on.
    struct Job: Hashable {
        var order: StopOrder
        let since: Instant
        /// What was sent so far, one entry a signal, the latest last.
        var deliveries: [Delivery] = []
        var sight = MainSight()
        /// Set when the main process is reaped.
        var outcome: Outcome?

        init(order: StopOrder, since: Instant) { (self.order, self.since) = (order, since) }
    }

    struct Outcome: Hashable {
        var how: How
        var rung: Rung?
    }

    /// One signal, and whom it was sent to, on whatever rung.
    struct Delivery: Hashable {
        /// The latest rung that sent it.
        var rung: Rung
        /// They react to it, or end by it.
        var pids: Set<Int32>
        /// What the main process would do with it when it was sent to it; nil: it was not sent there.
        var mainDisposition: Disposition?
    }

    /// Whether the looks of a job find the main process.
    struct MainSight: Hashable {
        enum Kind { case unseen, namespaceInit, other }
        var kind = Kind.unseen
        /// Looks in a row that did not find it; counted to 2.
        var misses = 0

        mutating func note(_ members: [Member]) {
            guard let main = members.first(where: \.isMain) else {
                misses = min(misses + 1, 2)
                return
            }
            kind = main.isNamespaceInit ? .namespaceInit : .other
            misses = 0
        }

        /// Two looks in a row missed it though it is not reaped: it is exiting, and the kernel kills the rest of its
        /// namespace (zap_pid_ns_processes). Only a process that is no namespace init may be missed for another reason.
        var isLeaving: Bool { kind != .other && misses >= 2 }
    }

    /// One rung's grace period.
    struct Attempt: Hashable {
        let index: Int
        let rung: Rung
        /// Nil: unbounded.
        let deadline: Instant?
        /// Counted to 4, where the pauses between looks stop growing.
        var looks = 0
        /// Whom the signal need not be sent to (again).
        var signalled: Set<Int32>
    }

    /// The time from the first KILL on.
    struct Killing: Hashable {
        let since: Instant
        var deadline: Instant
        /// KILL again: a process may have been put into the cgroup after the first one.
        var nextRepeat: Instant
        var pause = Killing.firstPause

        static let firstPause = Duration.milliseconds(50)
        static let longestPause = Duration.seconds(1)

        init(since: Instant, now: Instant, deadline: Instant) {
            (self.since, self.deadline) = (since, deadline)
            nextRepeat = now + Killing.firstPause
        }

        var nextInstant: Instant { min(deadline, nextRepeat) }

        mutating func repeated(at now: Instant) {
            pause = min(pause * 2, Killing.longestPause)
            nextRepeat = now + pause
        }
    }
}

extension StopMachine.Job {
    /// When KILL follows at the latest; nil: never by itself.
    func killInstant(during attempt: StopMachine.Attempt, mainEnded: Bool) -> Instant? {
        attempt.deadline.flatMap { order.ladder.killInstant(from: attempt.index + 1, at: $0, mainEnded: mainEnded) }
    }

    /// Begins a rung. A signal that was sent before (by an order which this one joined) is not sent to the same process
    /// again, unless the ladder itself repeats it.
    mutating func attempt(_ index: Int, at now: Instant) -> StopMachine.Attempt {
        let rung = order.ladder.rungs[index]
        let isRepeated = order.ladder.rungs[..<index].contains { $0.signal == rung.signal }
        var signalled: Set<Int32> = []
        if !isRepeated, let known = deliveries.firstIndex(where: { $0.rung.signal == rung.signal }) {
            deliveries[known].rung = rung
            signalled = deliveries[known].pids
        }
        return .init(index: index, rung: rung, deadline: rung.grace.end(from: now), signalled: signalled)
    }

    mutating func note(_ targets: [Member], on rung: Rung) {
        guard !targets.isEmpty else { return }
        let known = deliveries.firstIndex { $0.rung.signal == rung.signal }
        var delivery = known.map { deliveries.remove(at: $0) } ?? .init(rung: rung, pids: [])
        delivery.rung = rung
        delivery.pids.formUnion(targets.map(\.pid))
        if let main = targets.first(where: \.isMain) {
            delivery.mainDisposition = main.masks.disposition(of: rung.signal)
        }
        deliveries.append(delivery)
    }

    /// Waiting on this rung cannot help: its signal was sent to nobody and nobody can receive it, and no living process
    /// was asked before, on another rung. A main process that ignores the signal on purpose asks for the grace period.
    func isUnanswerable(_ attempt: StopMachine.Attempt, _ members: [Member], mainEnded: Bool) -> Bool {
        let signal = attempt.rung.signal
        if members.contains(where: { member in deliveries.contains { $0.pids.contains(member.pid) } }) { return false }
        if mainEnded { return !members.isEmpty && !members.contains { $0.masks.disposition(of: signal) == .ignored } }
        guard attempt.signalled.isEmpty, let main = members.first(where: \.isMain) else { return false }
        return main.masks.disposition(of: signal) != .ignored
    }

    /// What ended the main process, judged by what it had been sent.
    func outcome(of status: ExitStatus, killing: Bool) -> StopMachine.Outcome {
        if case .signal(let signal, _) = status {
            let delivery = deliveries.first { $0.rung.signal == signal }
            if signal == .kill {
                if killing { return .init(how: .killed, rung: nil) }
                // A rung's own KILL, or somebody else's (the OOM killer's).
                if !deliveries.isEmpty { return .init(how: .killed, rung: delivery?.rung) }
            } else if let delivery, delivery.mainDisposition == .byDefault {
                return .init(how: .defaultAction, rung: delivery.rung)
            }
        }
        return deliveries.last.map { .init(how: .handled, rung: $0.rung) } ?? .init(how: .already, rung: nil)
    }
}

extension StopMachine.Attempt {
    static let firstPause = Duration.milliseconds(10)
    static let longestPause = Duration.milliseconds(100)

    /// Whom the rung's signal goes to now, without those that have had it.
    func targets(among members: [Member]) -> [Member] {
        let fresh = members.filter { !signalled.contains($0.pid) }
        switch rung.scope {
        case .all: return fresh.filter { $0.canReceive(rung.signal) }
        case .initial: return fresh.filter { $0.isMain && $0.canReceive(rung.signal) }
        case .auto:
            guard let main = members.first(where: \.isMain) else { return [] }
            if main.canReceive(rung.signal) { return fresh.filter(\.isMain) }
            // Ignored there on purpose: nobody else is asked instead.
            if main.masks.disposition(of: rung.signal) == .ignored { return [] }
            return fresh.filter { $0.masks.disposition(of: rung.signal).reacts }
        }
    }

    mutating func note(_ targets: [Member]) {
        looks = min(looks + 1, 4)
        signalled.formUnion(targets.map(\.pid))
    }

    /// When to look again: soon at first (a handler may appear), less often later, and at the deadline.
    func nextInstant(after now: Instant) -> Instant {
        let pause = min(Self.firstPause * (1 << looks), Self.longestPause)
        return deadline.map { min($0, now + pause) } ?? now + pause
    }
}

extension Rung {
    /// The rung is climbed: once the main process has ended, only a signal to all has anybody to wait for.
    func isClimbed(mainEnded: Bool) -> Bool { !mainEnded || scope == .all }
}

extension Ladder {
    /// When KILL follows, if the rungs from `index` on are climbed from this instant; nil: never by itself.
    func killInstant(from index: Int, at start: Instant, mainEnded: Bool) -> Instant? {
        var instant = start
        for rung in rungs.dropFirst(index) where rung.isClimbed(mainEnded: mainEnded) {
            guard let end = rung.grace.end(from: instant) else { return nil }
            instant = end
        }
        return instant
    }
}

extension Grace {
    func end(from now: Instant) -> Instant? {
        switch self {
        case .bounded(let duration): now + duration
        case .unbounded: nil
        }
    }
}

extension Instant {
    static let distantFuture = Instant(sinceBoot: .seconds(Int64.max / 4))
}

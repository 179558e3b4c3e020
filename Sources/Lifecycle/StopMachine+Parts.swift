extension StopMachine {
    /// The stop that goes on.
    struct Job: Hashable {
        var order: StopOrder
        let since: Instant
        /// Set when the main process is reaped.
        var outcome: Outcome?

        /// When KILL follows at the latest; nil: never by itself.
        func killInstant(during attempt: Attempt) -> Instant? {
            guard var instant = attempt.deadline else { return nil }
            for rung in order.ladder.rungs.dropFirst(attempt.index + 1) {
                guard case .bounded(let grace) = rung.grace else { return nil }
                instant = instant + grace
            }
            return instant
        }
    }

    struct Outcome: Hashable {
        var how: How
        var rung: Rung?
    }

    /// One rung's grace period.
    struct Attempt: Hashable {
        var index: Int
        var rung: Rung
        /// Nil: unbounded.
        var deadline: Instant?
        var looks = 0
        /// Looks in a row that did not find the main process, having found it before.
        var misses = 0
        var sawMainAsInit = false
        /// Whom the signal was sent to, and would react or end.
        var signalled: Set<Int32> = []
        /// What the main process would do with the signal when it was sent to it.
        var mainDisposition: Disposition?

        init(index: Int, rung: Rung, deadline: Instant?) { (self.index, self.rung, self.deadline) = (index, rung, deadline) }
    }

    /// The time from the first KILL on.
    struct Killing: Hashable {
        let since: Instant
        var deadline: Instant
        /// KILL again: a process may have been put into the cgroup after the first one.
        var nextRepeat: Instant
        var pause = Killing.firstPause
        /// The rung that was current when KILL was sent.
        var last: Attempt?

        static let firstPause = Duration.milliseconds(50)
        static let longestPause = Duration.seconds(1)

        init(since: Instant, now: Instant, deadline: Instant, last: Attempt?) {
            (self.since, self.deadline, self.last) = (since, deadline, last)
            nextRepeat = now + Killing.firstPause
        }

        var nextInstant: Instant { min(deadline, nextRepeat) }

        mutating func repeated(at now: Instant) {
            pause = min(pause * 2, Killing.longestPause)
            nextRepeat = now + pause
        }
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
            if let main = members.first(where: \.isMain), reachesMain(main) { return fresh.filter(\.isMain) }
            return fresh.filter { $0.masks.disposition(of: rung.signal).reacts }
        }
    }

    /// The signal gets through to the main process, or is ignored there on purpose: nobody else is asked instead.
    private func reachesMain(_ main: Member) -> Bool {
        main.canReceive(rung.signal) || main.masks.disposition(of: rung.signal) == .ignored
    }

    /// Nobody has been asked, and nobody here could be: waiting cannot help. Ignoring on purpose asks for the grace.
    func isUnanswerable(among members: [Member]) -> Bool {
        guard signalled.isEmpty, let main = members.first(where: \.isMain) else { return false }
        return main.masks.disposition(of: rung.signal) != .ignored && targets(among: members).isEmpty
    }

    /// Two looks in a row missed a namespace init that was there: it is exiting, and the kernel kills the rest.
    func isMainLeaving(_ members: [Member]) -> Bool {
        sawMainAsInit && misses >= 1 && !members.contains(where: \.isMain)
    }

    /// Remembers one look at the members, and whom the signal is sent to after it.
    mutating func note(_ targets: [Member], among members: [Member]) {
        looks += 1
        signalled.formUnion(targets.map(\.pid))
        if let main = targets.first(where: \.isMain) { mainDisposition = main.masks.disposition(of: rung.signal) }
        guard let main = members.first(where: \.isMain) else {
            misses += 1
            return
        }
        sawMainAsInit = main.isNamespaceInit
        misses = 0
    }

    /// When to look again: soon at first (a handler may appear), less often later, and at the deadline.
    func nextInstant(after now: Instant) -> Instant {
        let pause = min(Self.firstPause * (1 << min(looks, 4)), Self.longestPause)
        return deadline.map { min($0, now + pause) } ?? now + pause
    }

    func outcome(of status: ExitStatus) -> StopMachine.Outcome {
        guard !signalled.isEmpty else { return .init(how: .already, rung: nil) }
        if case .signal(rung.signal, _) = status, mainDisposition == .byDefault {
            return .init(how: .defaultAction, rung: rung)
        }
        return .init(how: .handled, rung: rung)
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

import Lifecycle
import Linux
import Synchronization

/// All calls in flight. A call costs one object, and two short times under a lock.
public final class JobTable: Sendable {
    private struct State {
        var jobs: [UInt64: Job] = [:]
        var next: UInt64 = 1
        /// When the watchdog looks next; nil: not by itself.
        var armed: Instant?
        /// Calls the watchdog at an instant.
        var arm: (@Sendable (Instant) -> Void)?
        /// How many were found overdue, each counted once.
        var found: [Job.Kind: Int] = [:]
    }

    private let state = Mutex(State())
    let clock: @Sendable () -> Instant

    init(clock: @escaping @Sendable () -> Instant = MonotonicClock.now) { self.clock = clock }

    // MARK: beginning and ending

    /// Runs the body as a job. Who asked is who asked for the job it is part of.
    public func track<Value, Failure: Error>(
        _ kind: Job.Kind, _ container: String? = nil, call: String? = nil, asker: Job.Asker? = nil,
        within expectation: Duration?, _ body: (Job) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let job = begin(kind, container, call: call, asker: asker, within: expectation)
        defer { end(job) }
        return try await Job.wait(on: .job(job.number)) { () async throws(Failure) in
            try await Job.run(as: job) { () async throws(Failure) in try await body(job) }
        }
    }

    /// Until `end`.
    func begin(
        _ kind: Job.Kind, _ container: String? = nil, call: String? = nil, asker: Job.Asker? = nil,
        within expectation: Duration?
    ) -> Job {
        let asker = asker ?? JobTable.inheritedAsker
        let job = state.withLock { state in
            let job = Job(
                state.next, kind, container: container, call: call, asker: asker, expectation: expectation, clock: clock
            )
            state.next += 1
            state.jobs[job.number] = job
            return job
        }
        watch(job)
        return job
    }

    /// A task that has outlived its job is nobody's any more.
    private static var inheritedAsker: Job.Asker {
        guard let outer = Job.current, !outer.hasEnded else { return .engine("engine") }
        return outer.asker
    }

    func end(_ job: Job) {
        job.end()
        _ = state.withLock { $0.jobs.removeValue(forKey: job.number) }
    }

    /// A stop that was sharpened: it is expected sooner.
    func sharpen(_ job: Job, isKill: Bool, within expectation: Duration?) {
        job.expect(expectation, isKill: isKill)
        watch(job)
    }

    // MARK: looking

    public var all: [Job] {
        state.withLock { $0.jobs.values.sorted { $0.number < $1.number } }
    }

    /// How many there are of a kind, and how many of them are overdue.
    func counts(at now: Instant) -> [Job.Kind: (inFlight: Int, overdue: Int, found: Int)] {
        var counts: [Job.Kind: (inFlight: Int, overdue: Int, found: Int)] = [:]
        let (jobs, found) = state.withLock { (Array($0.jobs.values), $0.found) }
        for kind in Job.Kind.allCases { counts[kind] = (0, 0, found[kind] ?? 0) }
        for view in jobs.map({ $0.view(at: now) }) {
            counts[view.kind]?.inFlight += 1
            if view.isOverdue { counts[view.kind]?.overdue += 1 }
        }
        return counts
    }

    // MARK: the watchdog's

    /// From now on `arm` is called with the instant at which `overdue` is to be asked.
    func onDue(_ arm: @escaping @Sendable (Instant) -> Void) {
        state.withLock { $0.arm = arm }
        for job in all { watch(job) }
    }

    /// Most jobs end long before they are due: the watch that is set for an earlier one does for them as well.
    private func watch(_ job: Job) {
        guard let due = job.due else { return }
        let arm = state.withLock { state -> (@Sendable (Instant) -> Void)? in
            if let armed = state.armed, armed <= due { return nil }
            guard let arm = state.arm else { return nil }
            state.armed = due
            return arm
        }
        arm?(due)
    }

    /// Those that are to be reported now. The watch is set for the next.
    func overdue(at now: Instant) -> [Job] {
        // One that begins from here on sets the watch by itself.
        state.withLock { $0.armed = nil }
        let jobs = all
        let ringing = jobs.filter { $0.rings(at: now) }
        for job in jobs { watch(job) }
        state.withLock { state in
            for job in ringing where job.reports == 1 { state.found[job.view(at: now).kind, default: 0] += 1 }
        }
        return ringing
    }
}

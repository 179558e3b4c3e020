public import Lifecycle
import Linux
import Synchronization

/// A call in flight: what it is, of which container, who asked, since when, and what it waits on now.
///
/// The task that carries it out, and every task that one starts, has it as `current`; whatever makes such a task wait says
/// so by `Job.wait`. It is an observation only: nothing is decided by it.
public final class Job: Sendable {
    /// The innermost job of this task.
    @TaskLocal public static var current: Job?

    public enum Kind: String, Hashable, Sendable, CaseIterable { case call, start, stop, kill, exec, remove, restart }

    /// Who asked.
    public enum Asker: Hashable, Sendable {
        /// A process on this host, by its end of the socket.
        case client(pid: Int32, uid: UInt32)
        /// Nobody outside; says what in the engine.
        case engine(String)
        case unknown
    }

    private struct Waiting {
        var token: UInt64
        var hop: Hop
        var since: Instant
    }

    private struct State {
        var kind: Kind
        var expectation: Duration?
        /// The innermost last. More than one also where tasks of one job wait side by side.
        var waits: [Waiting] = []
        var nextToken: UInt64 = 1
        var alarm = OverdueAlarm()
        var finding: String?
        var hasEnded = false
    }

    public let number: UInt64
    public let since: Instant
    /// The id of the container it is about.
    public let container: String?
    /// Of a call: method and route, `POST /containers/{id}/stop`.
    public let call: String?
    public let asker: Asker
    private let state: Mutex<State>
    private let clock: @Sendable () -> Instant

    init(
        _ number: UInt64, _ kind: Kind, container: String?, call: String?, asker: Asker, expectation: Duration?,
        clock: @escaping @Sendable () -> Instant
    ) {
        (self.number, self.container, self.call, self.asker) = (number, container, call, asker)
        (self.clock, since) = (clock, clock())
        state = Mutex(State(kind: kind, expectation: expectation))
    }

    /// A job as it is at one moment.
    public struct View: Sendable {
        public var number: UInt64
        public var kind: Kind
        public var container: String?
        public var call: String?
        public var asker: Asker
        public var age: Duration
        /// Nil: it may last as long as it likes.
        public var expectation: Duration?
        public var isOverdue: Bool
        public var hop: Hop
        public var waitingFor: Duration
        /// What the watchdog found, when it is overdue.
        public var finding: String?
    }

    public func view(at now: Instant) -> View {
        state.withLock { state in
            View(
                number: number, kind: state.kind, container: container, call: call, asker: asker, age: now - since,
                expectation: state.expectation,
                isOverdue: OverdueAlarm.isOverdue(since: since, state.expectation, at: now),
                hop: state.waits.last?.hop ?? .engine, waitingFor: now - (state.waits.last?.since ?? since),
                finding: state.finding)
        }
    }

    public var hasEnded: Bool { state.withLock { $0.hasEnded } }

    // MARK: what it waits on

    /// Until `leave` with the result.
    func enter(_ hop: Hop) -> UInt64 {
        let now = clock()
        return state.withLock { state in
            // From here on it lasts as long as that one, which has an expectation of its own.
            if case .job = hop, state.kind == .call { state.expectation = nil }
            defer { state.nextToken += 1 }
            state.waits.append(Waiting(token: state.nextToken, hop: hop, since: now))
            return state.nextToken
        }
    }

    /// As `enter`, where it is not said more precisely already.
    func enterUnlessSaid(_ hop: Hop) -> UInt64? {
        let isSaid = state.withLock { !$0.waits.isEmpty }
        return isSaid ? nil : enter(hop)
    }

    func leave(_ token: UInt64?) {
        guard let token else { return }
        state.withLock { state in state.waits.removeAll { $0.token == token } }
    }

    /// For a job that no task carries out: it waits on this until told otherwise.
    public func waits(on hop: Hop) {
        let now = clock()
        state.withLock { state in
            // The token of those is 0: there is one at most, and it stands behind what tasks say.
            if state.waits.first?.token == 0 { state.waits.removeFirst() }
            state.waits.insert(Waiting(token: 0, hop: hop, since: now), at: 0)
        }
    }

    // MARK: what is expected

    /// What it may last from its beginning. Only ever less.
    func expect(_ expectation: Duration?, isKill: Bool) {
        state.withLock { state in
            if isKill, state.kind == .stop { state.kind = .kill }
            state.expectation = [state.expectation, expectation].compactMap { $0 }.min()
        }
    }

    /// It lasts as long as somebody watches.
    public func expectsNoEnd() { state.withLock { $0.expectation = nil } }

    func note(finding: String) { state.withLock { $0.finding = finding } }

    func end() { state.withLock { $0.hasEnded = true } }

    // MARK: the watchdog's

    /// When it is to be looked at next.
    var due: Instant? { state.withLock { $0.alarm.due(since: since, $0.expectation) } }

    /// Whether it is to be reported now; then it is not again for a while.
    func rings(at now: Instant) -> Bool {
        state.withLock { state in state.alarm.rings(since: since, state.expectation, at: now) }
    }

    /// How often it was reported.
    var reports: Int { state.withLock { $0.alarm.reports } }
}

extension Job {
    /// Runs the body and says meanwhile what the current job, where there is one, waits on.
    public static func wait<Value, Failure: Error>(
        on hop: Hop, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let job = current else { return try await body() }
        let token = job.enter(hop)
        defer { job.leave(token) }
        return try await body()
    }

    /// As `wait`, for what is waited on where nobody has said it more precisely.
    static func waitUnlessSaid<Value, Failure: Error>(
        on hop: Hop, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let job = current else { return try await body() }
        let token = job.enterUnlessSaid(hop)
        defer { job.leave(token) }
        return try await body()
    }

    /// Runs the body as part of the job.
    static func run<Value, Failure: Error>(
        as job: Job?, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await Job.$current.withValue(job) {
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

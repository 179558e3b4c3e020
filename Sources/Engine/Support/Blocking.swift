import Dispatch
import Lifecycle
import Linux

/// System calls that block run here, on threads of their own, never on the threads that serve everybody.
///
/// Only what is sure to come back belongs here: quelld's own files, cgroups, /proc. What may hang in the kernel (a path
/// somebody named, a process's memory) is for a `Child`: a thread in D keeps a killed quelld from going away.
enum Blocking {
    /// What a call is about. Each kind has its own threads, so that slow ones of one kind hold up no other.
    enum Kind: CaseIterable {
        case files
        /// Reading what containers have written.
        case logs
        /// Ending and unmounting what a run has left: waits for the kernel at times.
        case clearing
        /// Starting programs.
        case children
        /// Finding out why something does not end.
        case diagnosis
    }

    static func threads(of kind: Kind) -> BlockingThreads {
        switch kind {
        case .files: files
        case .logs: logs
        case .clearing: clearing
        case .children: children
        case .diagnosis: diagnosis
        }
    }

    // Together less than libdispatch's 255, beyond which nothing begins any more.
    private static let files = BlockingThreads("files", .files, limit: 80)
    private static let logs = BlockingThreads("logs", .files, limit: 48)
    private static let clearing = BlockingThreads("clearing away", .cleanup, limit: 64)
    private static let children = BlockingThreads("starting programs", .helper, limit: 32)
    private static let diagnosis = BlockingThreads("diagnosis", .helper, limit: 8)

    static func run<Value: Sendable>(
        _ kind: Kind = .files, _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        try await threads(of: kind).run(body)
    }

    /// As `run`; `.timedOut` when it has not come back by then. The thread is left to itself.
    static func run<Value: Sendable>(
        _ what: String, within limit: Duration, on reactor: Reactor, _ kind: Kind = .clearing,
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        try await threads(of: kind).run(what, within: limit, on: reactor, body)
    }
}

/// Threads for calls of one kind, at most so many at once.
final class BlockingThreads: Sendable {
    var limit: Int { gate.limit }
    /// Calls under way.
    var inside: Int { gate.inside }
    private let name: String
    /// What a job waits on meanwhile.
    private let hop: Hop
    private let gate: Gate
    /// What a call may wait for a thread.
    private let patience: Duration

    init(_ name: String, _ hop: Hop, limit: Int, patience: Duration = .seconds(20)) {
        (self.name, self.hop, self.patience) = (name, hop, patience)
        gate = Gate(limit: limit)
    }

    /// Has no deadline of its own; `.timedOut` when no thread was free for long, as all are in calls that do not end.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let place = try await enter(within: patience)
        let result: Result<Value, EngineError> = await Job.waitUnlessSaid(on: hop) {
            await withCheckedContinuation { continuation in
                start(place) { continuation.resume(returning: BlockingThreads.capture(body)) }
            }
        }
        return try result.get()
    }

    /// The limit is for waiting and for the call together.
    func run<Value: Sendable>(
        _ what: String, within limit: Duration, on reactor: Reactor,
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let due = MonotonicClock.now() + limit
        let place = try await enter(within: min(limit, patience))
        let promise = Promise<Result<Value, EngineError>>()
        let timer = reactor.at(due) {
            promise.resolve(.failure(.timedOut("\(what) took longer than \(limit.shortText)")))
        }
        start(place) { promise.resolve(BlockingThreads.capture(body)) }
        let result = await Job.waitUnlessSaid(on: hop) { await promise.value() }
        reactor.cancel(timer)
        return try result.get()
    }

    private func enter(within patience: Duration) async throws(EngineError) -> Gate.Place {
        if let place = await gate.enter(within: patience) { return place }
        throw .timedOut(
            "no thread was free within \(patience.shortText): \(gate.limit) calls (\(name)) have not come back")
    }

    /// A serial queue of its own gets a thread at once, as long as there are less than 255.
    private func start(_ place: Gate.Place, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "quell.blocking").async {
            body()
            place.leave()
        }
    }

    private static func capture<Value>(_ body: () throws(EngineError) -> Value) -> Result<Value, EngineError> {
        do throws(EngineError) { return .success(try body()) } catch { return .failure(error) }
    }
}

extension EngineError {
    init(_ error: SystemError) { self = .system(error.description) }

    init(_ what: String, _ error: SystemError) { self = .system("\(what): \(error)") }
}

extension EngineCore {
    /// Something on our own disks, said as what it is to do: `write the bundle`. `.timedOut` after the `diskDeadline`: then it
    /// may still be done, at any time.
    func onDisk<Value: Sendable>(
        _ what: String, _ kind: Blocking.Kind = .files, _ body: @escaping @Sendable () throws(SystemError) -> Value
    ) async throws(EngineError) -> Value {
        try await Blocking.run(
            "to \(what): the disk", within: configuration.diskDeadline, on: reactor, kind
        ) { () throws(EngineError) in try attempt(what, body) }
    }
}

/// Runs kernel-layer calls and says what for when they fail.
func attempt<Value: ~Copyable>(
    _ what: String = "", _ body: () throws(SystemError) -> Value
) throws(EngineError) -> Value {
    do throws(SystemError) { return try body() } catch {
        throw what.isEmpty ? EngineError(error) : EngineError(what, error)
    }
}

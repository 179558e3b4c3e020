import APITypes
import Client
import Lifecycle
import Linux
import Synchronization

/// Stops many containers at once, shows on a terminal what each waits for, and tells each verdict as it comes.
struct StopFleet: Sendable {
    typealias Job = @Sendable (String, (StopUpdateLine) async throws -> Void) async throws -> StopResult

    let session: Session
    let format: OutputFormat
    let job: Job

    /// Begun at once; more follow with every one that ends, and every `step`, so that quick stops share few connections
    /// and slow ones do not hold up the rest.
    private static let width = 16
    private static let step = Duration.milliseconds(20)
    private static let redraw = Duration.milliseconds(100)

    private enum Event: Sendable {
        case ended(String, Result<StopVerdict, any Error>)
        case step
        case redraw
        case interrupted(Signal)
    }

    /// Where the whole stands.
    private struct Tally {
        var waiting: ArraySlice<String>
        var running = 0
        var stuck = false
        var failed = false

        /// The next names to begin with.
        mutating func next(_ count: Int) -> ArraySlice<String> {
            defer { waiting = waiting.dropFirst(count) }
            running += min(count, waiting.count)
            return waiting.prefix(count)
        }

        var status: Int32 { stuck ? 3 : failed ? 1 : 0 }
    }

    /// 0 when all have ended, 3 when any is stuck, else 1 when any failed; 128+n when signal n interrupted.
    func run(_ names: [String]) async throws -> Int32 {
        let board = StopBoard(session.err)
        return try await withThrowingTaskGroup(of: Event.self) { group in
            var tally = Tally(waiting: names[...])
            group.addTask { try await StopFleet.interruption() }
            group.addTask { try await StopFleet.later(.zero, .step) }
            if session.err.isTerminal { group.addTask { try await StopFleet.later(StopFleet.redraw, .redraw) } }
            while tally.running > 0 || !tally.waiting.isEmpty, let event = try await group.next() {
                switch event {
                case .step:
                    for name in tally.next(StopFleet.width) { group.addTask { await one(name, board) } }
                    if !tally.waiting.isEmpty { group.addTask { try await StopFleet.later(StopFleet.step, .step) } }
                case .redraw:
                    try board.draw()
                    group.addTask { try await StopFleet.later(StopFleet.redraw, .redraw) }
                case .ended(let name, let result):
                    tally.running -= 1
                    for name in tally.next(1) { group.addTask { await one(name, board) } }
                    try board.remove(name)
                    try count(result, of: name, in: &tally)
                case .interrupted(let signal):
                    group.cancelAll()
                    try board.clear()
                    try session.warn("interrupted; the stops that were begun go on in quelld, 'quell ps' shows them")
                    return 128 + signal.number
                }
            }
            group.cancelAll()
            return tally.status
        }
    }

    private func count(_ result: Result<StopVerdict, any Error>, of name: String, in tally: inout Tally) throws {
        switch result {
        case .success(let verdict):
            tally.stuck = tally.stuck || verdict.isStuck
            try tell(verdict)
        case .failure(let error):
            // Without a daemon every name would say the same.
            if case ClientError.daemonNotRunning = error { throw error }
            tally.failed = true
            try session.warn("\(name): \(error)")
        }
    }

    private static func later(_ delay: Duration, _ event: Event) async throws -> Event {
        try await Task.sleep(for: delay)
        return event
    }

    private static func interruption() async throws -> Event {
        for await signal in SignalHub.shared.subscribe([.int, .term, .hup, .quit]) { return .interrupted(signal) }
        throw CancellationError()
    }

    private func one(_ name: String, _ board: StopBoard) async -> Event {
        do {
            var unhandled: String?
            let result = try await job(name) { update in
                if update.phase == "unhandled" { unhandled = update.signal ?? update.rung }
                board.note(name, update)
            }
            return .ended(name, .success(StopVerdict(result: result, unhandledSignal: unhandled)))
        } catch {
            return .ended(name, .failure(error))
        }
    }

    private func tell(_ verdict: StopVerdict) throws {
        switch format {
        case .table: try session.out.write(verdict.lines.map { $0 + "\n" }.joined())
        case .json: try session.print(verdict.json.compact)
        case .template(let template), .tableTemplate(let template): try session.print(try template.render(verdict.json))
        }
    }
}

/// The live lines of stops under way.
private final class StopBoard: Sendable {
    private let stops = Mutex<[String: StopProgress]>([:])
    private let region: LiveRegion

    init(_ output: Output) { region = LiveRegion(output) }

    func note(_ name: String, _ update: StopUpdateLine) {
        stops.withLock { $0[name, default: StopProgress(name: name)].note(update, at: MonotonicClock.now()) }
    }

    func remove(_ name: String) throws {
        stops.withLock { _ = $0.removeValue(forKey: name) }
        try region.clear()
    }

    func clear() throws { try region.clear() }

    func draw() throws {
        let now = MonotonicClock.now()
        try region.draw(stops.withLock { $0.sorted { $0.key < $1.key }.map { $0.value.line(at: now) } })
    }
}

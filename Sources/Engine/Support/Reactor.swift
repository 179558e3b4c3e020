import Dispatch
import Lifecycle
import Linux
import Logging
import Synchronization

/// One thread that waits for all the engine's descriptors and deadlines. Handlers run on it, one after another: they
/// must not block.
final class Reactor: Sendable {
    /// Names a registration; never used twice.
    struct Token: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Entry {
        var raw: Int32
        var events: PollEvents
        var handler: @Sendable (PollEvents) -> Void
    }
    private struct Timer {
        var due: Instant
        var handler: @Sendable () -> Void
    }
    private struct Table {
        var entries: [Token: Entry] = [:]
        var timers: [Token: Timer] = [:]
        var next: UInt64 = 1
        var stopped = false

        mutating func token() -> Token {
            defer { next += 1 }
            return Token(number: next)
        }
    }

    private let table = Mutex(Table())
    private let wakeup: Wakeup
    private let lateness = Mutex(Histogram(bounds: Histogram.delays))
    private let logger: Logger

    init(logger: Logger) throws(SystemError) {
        wakeup = try Wakeup()
        self.logger = logger
        DispatchQueue(label: "quell.reactor").async { [self] in loop() }
    }

    /// Calls the handler whenever one of the events is there, until `unregister`. The descriptor must stay open so long.
    func register(_ raw: Int32, _ events: PollEvents, _ handler: @escaping @Sendable (PollEvents) -> Void) -> Token {
        let token = table.withLock {
            let token = $0.token()
            $0.entries[token] = Entry(raw: raw, events: events, handler: handler)
            return token
        }
        wake()
        return token
    }

    /// Without events the descriptor is left alone altogether.
    func update(_ token: Token, _ events: PollEvents) {
        let changed = table.withLock {
            guard let old = $0.entries[token]?.events, old != events else { return false }
            $0.entries[token]?.events = events
            return true
        }
        if changed { wake() }
    }

    /// After it a handler that was about to run may still run once.
    func unregister(_ token: Token) {
        _ = table.withLock { $0.entries.removeValue(forKey: token) }
    }

    /// Calls the handler once.
    @discardableResult
    func after(_ duration: Duration, _ handler: @escaping @Sendable () -> Void) -> Token {
        at(MonotonicClock.now() + duration, handler)
    }

    @discardableResult
    func at(_ due: Instant, _ handler: @escaping @Sendable () -> Void) -> Token {
        let (token, isFirst) = table.withLock {
            let first = $0.timers.values.allSatisfy { due < $0.due }
            let token = $0.token()
            $0.timers[token] = Timer(due: due, handler: handler)
            return (token, first)
        }
        if isFirst { wake() }
        return token
    }

    func cancel(_ timer: Token) { _ = table.withLock { $0.timers.removeValue(forKey: timer) } }

    /// Ends the thread. Nothing is called any more.
    func stop() {
        table.withLock { $0 = Table(stopped: true) }
        wake()
    }

    /// How late timers came.
    var delays: Histogram { lateness.withLock { $0 } }

    private func wake() {
        do throws(SystemError) { try wakeup.wake() } catch { logger.error("waking the reactor: \(error)") }
    }

    private func loop() {
        var set = PollSet()
        var watched: [Token] = []
        while true {
            set.removeAll()
            watched.removeAll(keepingCapacity: true)
            set.add(wakeup.descriptor.raw, .readable)
            let (due, stopped) = table.withLock { table in
                for (token, entry) in table.entries where entry.events != [] {
                    set.add(entry.raw, entry.events)
                    watched.append(token)
                }
                return (table.timers.values.map(\.due).min(), table.stopped)
            }
            if stopped { return }
            do throws(SystemError) {
                if try set.wait(until: due) > 0 { try dispatch(&set, watched) }
            } catch { logger.error("the reactor: \(error)") }
            fireTimers()
        }
    }

    private func dispatch(_ set: inout PollSet, _ watched: [Token]) throws(SystemError) {
        if set.found(at: 0) != [] { try wakeup.clear() }
        for (index, token) in watched.enumerated() {
            let found = set.found(at: index + 1)
            guard found != [], let handler = table.withLock({ $0.entries[token]?.handler }) else { continue }
            handler(found)
        }
    }

    private func fireTimers() {
        let now = MonotonicClock.now()
        let due = table.withLock { table in
            let due = table.timers.filter { $0.value.due <= now }.sorted { $0.value.due < $1.value.due }
            for (token, _) in due { table.timers[token] = nil }
            return due.map(\.value)
        }
        if !due.isEmpty { lateness.withLock { for timer in due { $0.record(now - timer.due) } } }
        for timer in due { timer.handler() }
    }
}

extension Reactor {
    /// Suspends the task until then; true when the task was not cancelled meanwhile. Cancelling ends the wait.
    func pause(_ duration: Duration) async -> Bool {
        let promise = Promise<Bool>()
        let timer = after(duration) { promise.resolve(true) }
        return await withTaskCancellationHandler {
            let ran = await promise.value()
            cancel(timer)
            return ran
        } onCancel: {
            promise.resolve(false)
        }
    }
}

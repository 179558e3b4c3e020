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
    private struct Table {
        var entries: [Token: Entry] = [:]
        /// Whose a watched descriptor is. One that was closed too early loses it to the next of that number.
        var owners: [Int32: Token] = [:]
        var timers = Timers()
        var next: UInt64 = 1
        var stopped = false

        mutating func token() -> Token {
            defer { next += 1 }
            return Token(number: next)
        }
    }

    private let table = Mutex(Table())
    private let queue: EventQueue
    private let wakeup: Wakeup
    private let lateness = Mutex(Histogram(bounds: Histogram.delays))
    private let logger: Logger

    init(logger: Logger) throws(SystemError) {
        wakeup = try Wakeup()
        queue = try EventQueue()
        // Tokens begin at 1.
        try queue.add(wakeup.descriptor.raw, .readable, mark: 0)
        self.logger = logger
        DispatchQueue(label: "quell.reactor").async { [self] in loop() }
    }

    /// Calls the handler whenever one of the events is there, until `unregister`. The descriptor must stay open so long.
    func register(_ raw: Int32, _ events: PollEvents, _ handler: @escaping @Sendable (PollEvents) -> Void) -> Token {
        table.withLock { table in
            let token = table.token()
            table.entries[token] = Entry(raw: raw, events: events, handler: handler)
            table.owners[raw] = token
            if events != [] {
                attempt { (queue) throws(SystemError) in try queue.add(raw, events, mark: token.number) }
            }
            return token
        }
    }

    /// Without events the descriptor is left alone altogether.
    func update(_ token: Token, _ events: PollEvents) {
        table.withLock { table in
            guard let old = table.entries[token], old.events != events else { return }
            table.entries[token]?.events = events
            guard table.owners[old.raw] == token else { return }
            attempt { (queue) throws(SystemError) in
                if events == [] {
                    try queue.remove(old.raw)
                } else if old.events == [] {
                    try queue.add(old.raw, events, mark: token.number)
                } else {
                    try queue.change(old.raw, events, mark: token.number)
                }
            }
        }
    }

    /// After it a handler that was about to run may still run once.
    func unregister(_ token: Token) {
        table.withLock { table in
            guard let old = table.entries.removeValue(forKey: token), table.owners[old.raw] == token else { return }
            table.owners[old.raw] = nil
            if old.events == [] { return }
            attempt { (queue) throws(SystemError) in try queue.remove(old.raw) }
        }
    }

    /// Under the table's lock, so that what the kernel watches is what the table has.
    private func attempt(_ body: (borrowing EventQueue) throws(SystemError) -> Void) {
        do throws(SystemError) { try body(queue) } catch { logger.error("the reactor: \(error)") }
    }

    /// Calls the handler once.
    @discardableResult
    func after(_ duration: Duration, _ handler: @escaping @Sendable () -> Void) -> Token {
        at(MonotonicClock.now() + duration, handler)
    }

    @discardableResult
    func at(_ due: Instant, _ handler: @escaping @Sendable () -> Void) -> Token {
        let (token, isFirst) = table.withLock {
            let token = $0.token()
            return (token, $0.timers.add(token, due, handler))
        }
        if isFirst { wake() }
        return token
    }

    func cancel(_ timer: Token) { table.withLock { $0.timers.cancel(timer) } }

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
        while true {
            let (due, stopped) = table.withLock { table in (table.timers.first, table.stopped) }
            if stopped { return }
            do throws(SystemError) {
                for found in try queue.wait(until: due) { try dispatch(found.mark, found.events) }
            } catch { logger.error("the reactor: \(error)") }
            fireTimers()
        }
    }

    private func dispatch(_ mark: UInt64, _ events: PollEvents) throws(SystemError) {
        if mark == 0 { return try wakeup.clear() }
        guard let handler = table.withLock({ $0.entries[Token(number: mark)]?.handler }) else { return }
        handler(events)
    }

    private func fireTimers() {
        let now = MonotonicClock.now()
        let due = table.withLock { $0.timers.take(until: now) }
        if !due.isEmpty { lateness.withLock { for timer in due { $0.record(now - timer.due) } } }
        for timer in due { timer.handler() }
    }

    /// Deadlines, the first at hand however many there are: a binary heap. Those that were cancelled leave it when their
    /// time comes, or when they are the most of it.
    private struct Timers {
        private struct Place {
            var due: Instant
            var token: Token
        }
        private var handlers: [Token: (due: Instant, handler: @Sendable () -> Void)] = [:]
        private var heap: [Place] = []

        /// When the first is due, or was before it was cancelled.
        var first: Instant? { heap.first?.due }

        /// True when it is the first.
        mutating func add(_ token: Token, _ due: Instant, _ handler: @escaping @Sendable () -> Void) -> Bool {
            handlers[token] = (due, handler)
            heap.append(Place(due: due, token: token))
            rise(from: heap.count - 1)
            return heap[0].token == token
        }

        mutating func cancel(_ token: Token) {
            handlers[token] = nil
            guard heap.count > 64, heap.count > 4 * handlers.count else { return }
            // In order, it is a heap.
            heap = handlers.map { Place(due: $0.value.due, token: $0.key) }.sorted { $0.due < $1.due }
        }

        /// Those that are due, the earliest first.
        mutating func take(until now: Instant) -> [(due: Instant, handler: @Sendable () -> Void)] {
            var due: [(due: Instant, handler: @Sendable () -> Void)] = []
            while let place = heap.first, place.due <= now {
                heap.swapAt(0, heap.count - 1)
                heap.removeLast()
                sink()
                if let timer = handlers.removeValue(forKey: place.token) { due.append(timer) }
            }
            return due
        }

        private mutating func rise(from start: Int) {
            var child = start
            while child > 0, heap[child].due < heap[(child - 1) / 2].due {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        private mutating func sink() {
            var parent = 0
            while true {
                let children = (2 * parent + 1..<2 * parent + 3).filter { $0 < heap.count }
                guard let least = children.min(by: { heap[$0].due < heap[$1].due }), heap[least].due < heap[parent].due
                else { return }
                heap.swapAt(parent, least)
                parent = least
            }
        }
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

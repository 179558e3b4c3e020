import APITypes
import Linux
import Synchronization

/// What happened, for subscribers and for later.
final class EventLog: Sendable {
    /// An event that a reader has not fetched yet is kept; a reader further behind than this is cut off.
    static let backlog = 4096

    private final class Reader: Sendable {
        private struct State {
            var waiting: [EventMessage] = []
            var waiter: Promise<Void>?
            var ended = false
        }
        private let state = Mutex(State())

        func put(_ event: EventMessage) {
            let waiter = state.withLock { state -> Promise<Void>? in
                guard !state.ended else { return nil }
                state.waiting.append(event)
                if state.waiting.count > EventLog.backlog { state.ended = true }
                return state.waiter.take()
            }
            waiter?.resolve(())
        }

        func end() {
            let waiter = state.withLock { state -> Promise<Void>? in
                state.ended = true
                return state.waiter.take()
            }
            waiter?.resolve(())
        }

        func next() async -> EventMessage? {
            while true {
                let (event, waiter) = state.withLock { state -> (EventMessage?, Promise<Void>?) in
                    if !state.waiting.isEmpty { return (state.waiting.removeFirst(), nil) }
                    if state.ended { return (nil, nil) }
                    let waiter = Promise<Void>()
                    state.waiter = waiter
                    return (nil, waiter)
                }
                guard let waiter else { return event }
                await waiter.value()
            }
        }
    }

    private struct State {
        var readers: [Int: Reader] = [:]
        var next = 0
        var last: Int64 = 0
    }
    private let state = Mutex(State())
    private let store: Store
    private let reactor: Reactor

    init(store: Store, reactor: Reactor) { (self.store, self.reactor) = (store, reactor) }

    /// Goes on behind the events of the engine before, whatever the clock says now.
    func load() async throws(EngineError) {
        let newest = try await store.newestEvent()
        state.withLock { $0.last = max($0.last, newest) }
    }

    var readerCount: Int { state.withLock { $0.readers.count } }

    func post(type: String, action: String, id: String, attributes: [String: String]) {
        var event = EventMessage()
        (event.type, event.action, event.scope) = (type, action, "local")
        (event.actor.id, event.actor.attributes) = (id, attributes)
        if type == "container" || type == "image" {
            (event.status, event.id) = (action, id)
            if type == "container" { event.from = attributes["image"] }
        }
        state.withLock { state in
            // Strictly growing, so that no two events share a place in time.
            state.last = max(WallTime.now().nanosecondsSince1970, state.last + 1)
            (event.timeNano, event.time) = (Int(state.last), Int(state.last / 1_000_000_000))
            store.enqueue(event)
            for reader in state.readers.values { reader.put(event) }
        }
    }

    /// See `Engine.events`.
    func stream(since: Timestamp?, until: Timestamp?, filters: Filters) async throws(EngineError)
        -> PulledStream<EventMessage>
    {
        let filter = try EventFilter(filters)
        let (number, reader) = state.withLock { state in
            let reader = Reader()
            state.next += 1
            state.readers[state.next] = reader
            return (state.next, reader)
        }
        let now = WallTime.now().nanosecondsSince1970
        let end = until.map(\.nanosecondsSince1970)
        let past = EventHistory(store, from: since?.nanosecondsSince1970, to: end ?? .max)
        // A fault is told before anything else is.
        do throws(EngineError) { try await past.begin() } catch {
            state.withLock { $0.readers[number] = nil }
            throw error
        }
        // Both may be at the ends of `Int64`.
        let timer = end.map { end in
            let (left, isPast) = end.subtractingReportingOverflow(now)
            return reactor.after(.nanoseconds(isPast ? 0 : max(0, left))) { reader.end() }
        }
        return PulledStream { () throws(EngineError) in
            while let event = try await past.next() {
                if filter.matches(event) { return event }
            }
            while let event = await reader.next() {
                if event.timeNano > past.newest, end.map({ event.timeNano <= $0 }) ?? true, filter.matches(event) {
                    return event
                }
            }
            return nil
        } cancel: { [self] in
            reader.end()
            if let timer { reactor.cancel(timer) }
            state.withLock { $0.readers[number] = nil }
        }
    }

    func close() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.end() }
    }
}

/// What happened before, a page at a time. One caller at a time.
private final class EventHistory: Sendable {
    private struct State {
        var events: ArraySlice<EventMessage> = []
        var place: Int64? = 0
        var newest = 0
    }
    private let state: Mutex<State>
    private let store: Store
    private let from: Int64
    private let to: Int64

    /// Without a beginning there is none.
    init(_ store: Store, from: Int64?, to: Int64) {
        (self.store, self.from, self.to) = (store, from ?? .max, to)
        state = Mutex(State(place: from == nil ? nil : 0))
    }

    /// The time of the last event it gave, in nanoseconds.
    var newest: Int { state.withLock { $0.newest } }

    func begin() async throws(EngineError) { try await readOn() }

    func next() async throws(EngineError) -> EventMessage? {
        while true {
            if let event = state.withLock({ $0.events.popFirst() }) { return event }
            if state.withLock({ $0.place }) == nil { return nil }
            try await readOn()
        }
    }

    private func readOn() async throws(EngineError) {
        guard let place = state.withLock({ $0.place }) else { return }
        let page = try await store.events(from: from, to: to, after: place)
        state.withLock { state in
            (state.events, state.place) = (page.events[...], page.next)
            if let last = page.events.last { state.newest = last.timeNano }
        }
    }
}

extension WallTime {
    /// Saturates.
    var nanosecondsSince1970: Int64 {
        Timestamp(seconds: Int(seconds), nanoseconds: Int(nanoseconds)).nanosecondsSince1970
    }
}

extension Timestamp {
    /// Saturates.
    var nanosecondsSince1970: Int64 {
        let (high, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : high.saturatingSum(Int64(nanoseconds))
    }

    init(nanosecondsSince1970 total: Int64) {
        let (seconds, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(
            seconds: Int(rest < 0 ? seconds - 1 : seconds), nanoseconds: Int(rest < 0 ? rest + 1_000_000_000 : rest))
    }
}

/// Docker's filters of events.
struct EventFilter: Sendable {
    private let filters: Filters

    init(_ filters: Filters) throws(EngineError) {
        let known: Set = [
            "container", "image", "event", "type", "label", "volume", "network", "scope", "daemon", "job",
            // There are no events about these here: the filter is Docker's, and lets nothing through.
            "builder", "config", "node", "plugin", "secret", "service",
        ]
        if let key = filters.keys.first(where: { !known.contains($0) }) { throw .invalid("invalid filter '\(key)'") }
        self.filters = filters
    }

    func matches(_ event: EventMessage) -> Bool {
        filters.allSatisfy { key, values in
            values.isEmpty || values.contains { matches(event, key, $0) }
        }
    }

    private func matches(_ event: EventMessage, _ key: String, _ value: String) -> Bool {
        switch key {
        case "type": event.type == value
        case "event": event.action == value || event.action.hasPrefix(value + ":")
        case "scope": event.scope == value
        case "label": Labels.match(event.actor.attributes, value)
        case "image":
            event.type == "image"
                ? names(event, value) : event.actor.attributes["image"].map { sameImage($0, value) } ?? false
        default: event.type == key && names(event, value)
        }
    }

    /// As in Docker by how an id or a name begins.
    private func names(_ event: EventMessage, _ value: String) -> Bool {
        event.actor.id.hasPrefix(value) || event.actor.attributes["name"]?.hasPrefix(value) == true
    }

    private func sameImage(_ image: String, _ value: String) -> Bool {
        image == value || image == value + ":latest" || image.split(separator: ":").first.map(String.init) == value
    }
}

/// Filters by label: `key` or `key=value`.
enum Labels {
    static func match(_ labels: [String: String], _ filter: String) -> Bool {
        guard let mark = filter.firstIndex(of: "=") else { return labels[filter] != nil }
        return labels[String(filter[..<mark])] == String(filter[filter.index(after: mark)...])
    }
}

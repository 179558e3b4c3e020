import APITypes
import GRDB
import Synchronization

/// Events of one look into the history, and where the next one begins.
struct EventPage: Sendable {
    var events: [EventMessage]
    /// Nil: there are no more.
    var next: Int64?
}

extension Store {
    /// Events that are kept; older ones go.
    static let keptEvents = 4096
    /// Read at once.
    static let eventPage = 256

    /// What comes while the database is busy is written together, in one transaction. Whoever asked for a write before it,
    /// or asks for one afterwards, does not wait for each of them.
    func enqueue(_ event: EventMessage) {
        let isFirst = pendingEvents.withLock { pending in
            pending.append(event)
            return pending.count == 1
        }
        guard isFirst else { return }
        enqueue("record events") { [self] database in
            for event in pendingEvents.withLock({ $0.take() }) { try Store.insert(event, database) }
        }
    }

    private static func insert(_ event: EventMessage, _ database: Database) throws {
        try database.cachedStatement(sql: "INSERT INTO event (time, message) VALUES (?, ?)").execute(
            arguments: [event.timeNano, try encode(event)])
        if database.lastInsertedRowID % Int64(eventPage) == 0 {
            try database.execute(
                sql: "DELETE FROM event WHERE number <= ?",
                arguments: [database.lastInsertedRowID - Int64(keptEvents)])
        }
    }

    /// In the order in which they happened; from and to in nanoseconds since 1970, both included. A page of them, behind
    /// the number.
    func events(from: Int64, to: Int64, after number: Int64) async throws(EngineError) -> EventPage {
        try await write("read the events", durable: false) { database in
            let rows = try Row.fetchAll(
                database,
                sql:
                    "SELECT number, message FROM event WHERE number > ? AND time BETWEEN ? AND ? ORDER BY number LIMIT ?",
                arguments: [number, from, to, Store.eventPage])
            return EventPage(
                events: try rows.map { try Store.decode(EventMessage.self, $0["message"]) },
                next: rows.count < Store.eventPage ? nil : rows.last?["number"])
        }
    }

    /// The time of the last one, nanoseconds since 1970; 0 where there is none.
    func newestEvent() async throws(EngineError) -> Int64 {
        try await write("read the events", durable: false) { database in
            try Int64.fetchOne(database, sql: "SELECT time FROM event ORDER BY number DESC LIMIT 1") ?? 0
        }
    }
}

extension Array {
    /// All of it; it is empty afterwards.
    fileprivate mutating func take() -> [Element] {
        var taken: [Element] = []
        swap(&taken, &self)
        return taken
    }
}

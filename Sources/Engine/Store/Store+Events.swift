import APITypes
import GRDB

extension Store {
    /// Events that are kept; older ones go.
    static let keptEvents = 4096

    func enqueue(_ event: EventMessage) {
        enqueue("record an event") { database in
            try database.execute(
                sql: "INSERT INTO event (time, message) VALUES (?, ?)",
                arguments: [event.timeNano, try Store.encode(event)])
            if database.lastInsertedRowID % 256 == 0 {
                try database.execute(
                    sql: "DELETE FROM event WHERE number <= ?",
                    arguments: [database.lastInsertedRowID - Int64(Store.keptEvents)])
            }
        }
    }

    /// In the order in which they happened; from and to in nanoseconds since 1970, both included.
    func events(from: Int64, to: Int64) async throws(EngineError) -> [EventMessage] {
        try await write("read the events", durable: false) { database in
            try String.fetchAll(
                database, sql: "SELECT message FROM event WHERE time BETWEEN ? AND ? ORDER BY number",
                arguments: [from, to]
            ).map { try Store.decode(EventMessage.self, $0) }
        }
    }
}

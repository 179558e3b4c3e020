import FoundationEssentials
import GRDB

/// A container as the database has it.
struct ContainerRow: Sendable {
    var id: String
    var name: String
    var document: ContainerDocument
    var state: RunState
}

extension ContainerRow {
    fileprivate init(_ row: Row) throws {
        func column(_ name: String) throws(EngineError) -> String {
            guard let text = ContainerRow.text(row, name) else { throw .system("\(name) is no text") }
            return text
        }
        self.init(
            id: try column("id"), name: try column("name"),
            document: try Store.decode(ContainerDocument.self, try column("document")),
            state: try Store.decode(RunState.self, try column("state")))
    }

    /// Nil where there is something else.
    fileprivate static func text(_ row: Row, _ column: String) -> String? {
        String.fromDatabaseValue(row[column] as DatabaseValue)
    }
}

/// A container of which too little is known to do anything with it. It is left as it is.
struct UnreadableRow: Sendable, Hashable {
    var id: String
    var name: String
    var fault: String
}

struct StoredContainers: Sendable {
    var rows: [ContainerRow] = []
    var unreadable: [UnreadableRow] = []
}

extension Store {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    func insert(_ row: ContainerRow, durable: Bool) async throws(EngineError) {
        try await write("record container \(row.name)", durable: durable, undo: Store.deletion(of: row.id)) {
            database in
            try database.execute(
                sql: "INSERT INTO container (id, name, document, state) VALUES (?, ?, ?, ?)",
                arguments: [row.id, row.name, try Store.encode(row.document), try Store.encode(row.state)])
        }
    }

    /// All, in no order. One row that cannot be read keeps none of the others.
    func containers() async throws(EngineError) -> StoredContainers {
        try await write("read the containers", durable: false) { database in
            var stored = StoredContainers()
            for row in try Row.fetchAll(database, sql: "SELECT id, name, document, state FROM container") {
                do { stored.rows.append(try ContainerRow(row)) } catch {
                    let (id, name) = (ContainerRow.text(row, "id"), ContainerRow.text(row, "name"))
                    stored.unreadable.append(UnreadableRow(id: id ?? "", name: name ?? "", fault: "\(error)"))
                }
            }
            return stored
        }
    }

    /// `important`: see `write`.
    func save(_ state: RunState, of id: String, durable: Bool, important: Bool = false) async throws(EngineError) {
        try await write("record the state of container \(id)", durable: durable, important: important) {
            try Store.update(state, of: id, in: $0)
        }
    }

    /// As `save`, durable and important, and asked for before this returns: no later write can overtake it.
    func saving(_ state: RunState, of id: String) -> Promise<Result<Void, EngineError>> {
        let promise = Promise<Result<Void, EngineError>>()
        enqueue("record the state of container \(id)", durable: true, important: true) {
            try Store.update(state, of: id, in: $0)
        } then: {
            promise.resolve($0)
        }
        return promise
    }

    /// In order with all other writes, without waiting.
    func enqueueSave(_ state: RunState, of id: String) {
        enqueue("record the state of container \(id)") { try Store.update(state, of: id, in: $0) }
    }

    private static func update(_ state: RunState, of id: String, in database: Database) throws {
        try database.execute(
            sql: "UPDATE container SET state = ? WHERE id = ?", arguments: [try encode(state), id])
    }

    func save(_ document: ContainerDocument, insteadOf former: ContainerDocument) async throws(EngineError) {
        try await write("record container \(document.id)", durable: true) {
            try Store.update(former, in: $0)
        } _: {
            try Store.update(document, in: $0)
        }
    }

    private static func update(_ document: ContainerDocument, in database: Database) throws {
        try database.execute(
            sql: "UPDATE container SET document = ? WHERE id = ?", arguments: [try encode(document), document.id])
    }

    func rename(_ id: String, from former: String, to name: String) async throws(EngineError) {
        try await write("rename container \(id)", durable: true) {
            try Store.rename(id, to: former, in: $0)
        } _: {
            try Store.rename(id, to: name, in: $0)
        }
    }

    private static func rename(_ id: String, to name: String, in database: Database) throws {
        try database.execute(sql: "UPDATE container SET name = ? WHERE id = ?", arguments: [name, id])
    }

    /// Name and state in one step: whoever finds the row after a crash finds both or neither.
    func setAside(_ id: String, as name: String, _ state: RunState) async throws(EngineError) {
        try await write("record the quarantine of container \(id)", durable: true) { database in
            try Store.rename(id, to: name, state, in: database)
        }
    }

    /// Takes `setAside` back, in order with all other writes, without waiting.
    func enqueueReturn(_ id: String, to name: String, _ state: RunState) {
        enqueue("take back the quarantine of container \(id)") { try Store.rename(id, to: name, state, in: $0) }
    }

    private static func rename(_ id: String, to name: String, _ state: RunState, in database: Database) throws {
        try database.execute(
            sql: "UPDATE container SET name = ?, state = ? WHERE id = ?", arguments: [name, try encode(state), id])
    }

    func deleteContainer(_ id: String) async throws(EngineError) {
        try await write("forget container \(id)", durable: false, important: true, Store.deletion(of: id))
    }

    private static func deletion(of id: String) -> @Sendable (Database) throws -> Void {
        { try $0.execute(sql: "DELETE FROM container WHERE id = ?", arguments: [id]) }
    }
}

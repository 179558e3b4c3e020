import GRDB
import Networks

extension Store {
    static func migrate2(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE network (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL)
                WITHOUT ROWID;
                PRAGMA user_version = 2;
                """)
    }

    func insert(_ network: NetworkDefinition) async throws(EngineError) {
        try await write("record network \(network.name)", durable: true) { database in
            try database.execute(sql: "DELETE FROM network WHERE id = ?", arguments: [network.id])
        } _: { database in
            try database.execute(
                sql: "INSERT INTO network (id, name, definition) VALUES (?, ?, ?)",
                arguments: [network.id, network.name, try Store.encode(network)])
        }
    }

    func replace(_ network: NetworkDefinition) async throws(EngineError) {
        try await write("record network \(network.name)", durable: true) { database in
            try database.execute(
                sql: "UPDATE network SET definition = ? WHERE id = ?",
                arguments: [try Store.encode(network), network.id])
        }
    }

    func networks() async throws(EngineError) -> [NetworkDefinition] {
        try await write("read the networks", durable: false) { database in
            try Row.fetchAll(database, sql: "SELECT * FROM network ORDER BY name").map { row in
                try Store.decode(NetworkDefinition.self, row["definition"])
            }
        }
    }

    func deleteNetwork(_ id: String) async throws(EngineError) {
        try await write("forget network \(id)", durable: true) { database in
            try database.execute(sql: "DELETE FROM network WHERE id = ?", arguments: [id])
        }
    }
}

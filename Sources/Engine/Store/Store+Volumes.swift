import GRDB

/// A local volume.
struct VolumeRow: Hashable, Sendable {
    var name: String
    /// Nanoseconds since 1970.
    var created: Int64
    var anonymous: Bool
    var labels: [String: String]
    var options: [String: String]
}

extension Store {
    /// False when there was one of this name already.
    func insert(_ volume: VolumeRow) async throws(EngineError) -> Bool {
        try await write("record volume \(volume.name)", durable: !volume.anonymous) { database in
            // An older one of that name stays.
            try database.execute(
                sql: "DELETE FROM volume WHERE name = ? AND created = ?", arguments: [volume.name, volume.created])
        } _: { database in
            try database.execute(
                sql: """
                    INSERT INTO volume (name, created, anonymous, labels, options) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (name) DO NOTHING
                    """,
                arguments: [
                    volume.name, volume.created, volume.anonymous, try Store.encode(volume.labels),
                    try Store.encode(volume.options),
                ])
            return database.changesCount > 0
        }
    }

    func volumes() async throws(EngineError) -> [VolumeRow] {
        try await write("read the volumes", durable: false) { database in
            try Row.fetchAll(database, sql: "SELECT * FROM volume ORDER BY name").map { row in
                VolumeRow(
                    name: row["name"], created: row["created"], anonymous: row["anonymous"],
                    labels: try Store.decode([String: String].self, row["labels"]),
                    options: try Store.decode([String: String].self, row["options"]))
            }
        }
    }

    func deleteVolume(_ name: String) async throws(EngineError) {
        try await write("forget volume \(name)", durable: true, important: true) { database in
            try database.execute(sql: "DELETE FROM volume WHERE name = ?", arguments: [name])
        }
    }
}

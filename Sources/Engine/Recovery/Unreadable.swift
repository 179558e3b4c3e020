import Logging
import Synchronization

extension EngineCore {
    /// Its name stays taken, and nothing of it is touched, while this engine is open.
    func leave(_ row: UnreadableRow) {
        unreadable.withLock { $0.append(row) }
        _ = registry.reserve(row.name, for: row.id)
        logger.error(
            """
            container \(row.id) (\(row.name)): what \(paths.database) has of it cannot be used: \(row.fault). It is left as \
            it is, running or not, and cannot be seen; all others are served. Start the quelld that wrote it, or restore \
            the database from a copy. To give the container up instead: end quelld and run \
            sqlite3 \(paths.database) "DELETE FROM container WHERE id = '\(row.id)'"; the next start ends and removes \
            what is left of it
            """)
    }

    /// What such a container uses is not known, so nothing counts as unused.
    func checkAllAreReadable(before what: String) throws(EngineError) {
        let ids = unreadable.withLock { $0.map { String($0.id.prefix(12)) }.sorted() }
        guard ids.isEmpty else {
            throw .conflict(
                "\(what) is refused: it is not known what these containers use, as the database cannot be read there: "
                    + "\(ids.joined(separator: ", ")) (the log of quelld says what to do)")
        }
    }

    var unreadableWarnings: [String] {
        unreadable.withLock { rows in
            rows.map { "WARNING: Container \($0.id) (\($0.name)) cannot be read: see the log of quelld" }.sorted()
        }
    }
}

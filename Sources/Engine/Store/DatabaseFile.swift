import Linux

/// The database as a file among others: what must hold before and while SQLite has it.
struct DatabaseFile: Hashable, Sendable {
    let path: String
    /// The directory whose entries are containers of this database; nil: nobody checks them.
    let containers: String?

    /// Before SQLite opens it. A database that is missing or empty where containers are is refused: an empty one made in its
    /// place would have them swept away. (SQLite itself would even remove the write-ahead log beside an empty file.)
    ///
    /// It holds what containers were given as environment, so only its owner may read it.
    func prepare() throws(EngineError) {
        let status = try attempt("open the database") { () throws(SystemError) in try File.status(of: path) }
        if (status?.size ?? 0) == 0 { try refuseEmpty(status == nil ? "missing" : "empty") }
        try attempt("open the database") { () throws(SystemError) in
            // SQLite gives its log the mode of the database.
            if status == nil { try File.open(path, [.writeOnly, .create], mode: 0o600).close() }
            for file in [path, path + "-wal", path + "-shm"] {
                guard let status = try File.status(of: file), status.mode & 0o077 != 0 else { continue }
                try File.setMode(0o600, of: file)
            }
        }
    }

    /// Called when the database knows no container because it was never filled.
    func refuseEmpty(_ how: String) throws(EngineError) {
        guard let containers else { return }
        let count = try attempt("look for containers") { () throws(SystemError) in
            guard try File.status(of: containers) != nil else { return 0 }
            return try File.list(containers).count { Identifier.isWhole($0.name) }
        }
        guard count > 0 else { return }
        throw .system(
            "the database \(path) is \(how), but \(containers) holds \(count) container\(count == 1 ? "" : "s"). "
                + "Nothing was changed. " + remedy)
    }

    func damaged(_ why: String) -> String {
        "the database \(path) is damaged (\(why)). Nothing was changed. " + remedy
    }

    /// The log has the last transactions, so it goes where the database goes; and containers without a database are refused.
    private var remedy: String {
        let root = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let aside = "\(root)/aside"
        return
            "Restore it from a copy. To begin with an empty one and give up the containers (what still runs of them is "
            + "killed), move all of it aside: mkdir \(aside) && mv \(path)* \(containers ?? "\(root)/containers") \(aside)/"
    }

    /// Whether the disk that holds it has no room left.
    var isOnFullDisk: Bool {
        let root = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do throws(SystemError) { return try File.space(at: root).availableBytes < 65536 } catch { return false }
    }
}

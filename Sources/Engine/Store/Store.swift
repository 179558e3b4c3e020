import APITypes
import GRDB
import Lifecycle
import Linux
import Logging
import Synchronization

/// The database: what must outlive the engine. SQLite, write-ahead log, one connection on a thread of its own; writes
/// happen in the order in which they were asked for.
final class Store: Sendable {
    static let schema = 2
    private let queue: DatabaseQueue
    private let file: DatabaseFile
    private let reserve: DiskReserve
    private var path: String { file.path }
    private let logger: Logger
    private let reactor: Reactor?
    private let deadline: Duration
    private let closed = Mutex(false)
    /// Those that no transaction has taken yet.
    let pendingEvents = Mutex<[EventMessage]>([])

    /// Nothing is overwritten: a file that cannot be used is left as it is, and the error says what to do. `containers` is
    /// the directory whose entries this database must know, see `DatabaseFile`.
    ///
    /// Without a reactor nothing has a deadline.
    init(
        path: String, containers: String? = nil, logger: Logger = Logger(label: "quell.store"), reactor: Reactor? = nil,
        deadline: Duration = .seconds(30)
    ) throws(EngineError) {
        let file = DatabaseFile(path: path, containers: containers)
        (self.file, self.logger, self.reactor, self.deadline) = (file, logger, reactor, deadline)
        reserve = DiskReserve(beside: path, logger: logger)
        try file.prepare()
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "quell.store"
        configuration.prepareDatabase { database in
            // Nobody else has it open: so there is no shared memory beside it, which a full disk would have no room for.
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
            // KiB of pages in memory. Rows are read at the start and written from then on: SQLite's 2 MiB would only be held.
            try database.execute(sql: "PRAGMA cache_size = -256")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { try Store.check($0, file) }
        } catch let error as EngineError { throw error } catch { throw Store.explain(error, file, "open") }
        reserve.keep()
    }

    private static func check(_ database: Database, _ file: DatabaseFile) throws {
        let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else { throw EngineError.system(file.damaged(verdict)) }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= schema else {
            throw EngineError.system(
                "the database \(file.path) was written by a newer quelld (schema \(version), this one knows \(schema)): start that version again"
            )
        }
        if version < 1 {
            try file.refuseEmpty("empty")
            try database.inTransaction {
                try Store.migrate1(database); return .commit
            }
        }
        if version < 2 {
            try database.inTransaction {
                try Store.migrate2(database); return .commit
            }
        }
    }

    private static func migrate1(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE container (
                    id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL, state TEXT NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE volume (
                    name TEXT PRIMARY KEY NOT NULL, created INTEGER NOT NULL, anonymous INTEGER NOT NULL,
                    labels TEXT NOT NULL, options TEXT NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE event (number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, message TEXT NOT NULL);
                PRAGMA user_version = 1;
                """)
    }

    static func explain(_ error: any Error, _ file: DatabaseFile, _ what: String) -> EngineError {
        let path = file.path
        guard let error = error as? DatabaseError else { return .system("\(what) \(path): \(error)") }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return .system(
                "the database \(path) is locked by another process: end it (fuser \(path) names it), then start quelld again"
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .system(file.damaged(error.message ?? "not a database"))
        case .SQLITE_FULL: return .system("\(what): the disk that holds \(path) is full")
        case .SQLITE_IOERR where file.isOnFullDisk: return .system("\(what): the disk that holds \(path) is full")
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            return .system("cannot \(what) the database \(path): \(error.message ?? "\(error.resultCode)")")
        default:
            return .system("\(what) in \(path): \(error.message ?? "") (SQLite \(error.extendedResultCode.rawValue))")
        }
    }

    /// What is asked for afterwards is `.closing`.
    func close() {
        closed.withLock { $0 = true }
        do { try queue.close() } catch { logger.warning("closing \(path): \(error)") }
    }

    // MARK: writing and reading

    /// Runs as one transaction. `durable`: on return it survives a loss of power, and everything before it too;
    /// otherwise it survives the end of this process.
    ///
    /// `.timedOut` at the deadline; it may still be written then. With `undo` nothing of it stays: a transaction that has not
    /// begun never does, and one that hung is taken back, before anything else is written. `important`: a full disk gives its
    /// reserve for it.
    func write<Value: Sendable>(
        _ what: String, durable: Bool, important: Bool = false, undo: (@Sendable (Database) throws -> Void)? = nil,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(EngineError) -> Value {
        let promise = Promise<Result<Value, EngineError>>()
        let timer = reactor?.after(deadline) { [path, deadline] in
            promise.resolve(
                .failure(.timedOut("\(what): the disk that holds \(path) took longer than \(deadline.shortText)"))
            )
        }
        enqueue(what, durable: durable, important: important, undo: undo) { database in
            if undo != nil, case .failure(let calledOff)? = promise.current { throw calledOff }
            return try body(database)
        } then: {
            promise.resolve($0)
        }
        let result = await Job.wait(on: .store) { await promise.value() }
        if let timer { reactor?.cancel(timer) }
        return try result.get()
    }

    /// As `write`, not durable, without waiting; a failure is logged.
    func enqueue(_ what: String, _ body: @escaping @Sendable (Database) throws -> Void) {
        enqueue(what, durable: false, body) { [logger] result in
            if case .failure(let error) = result { logger.error("\(error)") }
            return true
        }
    }

    /// `done` says whether anybody has waited for it; otherwise it is undone.
    func enqueue<Value: Sendable>(
        _ what: String, durable: Bool, important: Bool = false, undo: (@Sendable (Database) throws -> Void)? = nil,
        _ body: @escaping @Sendable (Database) throws -> Value,
        then done: @escaping @Sendable (Result<Value, EngineError>) -> Bool
    ) {
        if closed.withLock({ $0 }) {
            _ = done(.failure(.closing))
            return
        }
        queue.asyncWriteWithoutTransaction { [file, logger, reserve] database in
            let write = { Store.perform(what, file) { try Store.transaction(database, durable: durable, body) } }
            var result = write()
            if case .failure = result, important, file.isOnFullDisk, reserve.giveUp() { result = write() }
            if case .success = result { reserve.keep() }
            guard !done(result), case .success = result, let undo else { return }
            let undone = Store.perform("take back: \(what)", file) {
                try Store.transaction(database, durable: durable, undo)
            }
            if case .failure(let error) = undone { logger.error("\(error)") }
        }
    }

    private static func perform<Value>(
        _ what: String, _ file: DatabaseFile, _ body: () throws -> Value
    ) -> Result<Value, EngineError> {
        do { return .success(try body()) } catch let error as EngineError { return .failure(error) } catch {
            return .failure(Store.explain(error, file, what))
        }
    }

    private static func transaction<Value>(
        _ database: Database, durable: Bool, _ body: (Database) throws -> Value
    ) throws -> Value {
        if durable { try database.execute(sql: "PRAGMA synchronous = FULL") }
        let result = Swift.Result {
            var value: Value?
            try database.inTransaction {
                value = try body(database)
                return .commit
            }
            guard let value else { throw EngineError.system("a transaction gave no value") }
            return value
        }
        if durable { try database.execute(sql: "PRAGMA synchronous = NORMAL") }
        return try result.get()
    }
}

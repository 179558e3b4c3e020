import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// The database is lost, damaged, locked: nothing that it knew is swept away, and the text says what to do.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct DatabaseTests {
    /// Damages the database of an engine that was killed, and expects it to be refused with these words; the container must
    /// run on, and be known again when the database is back.
    private func refuses(saying words: [String], _ damage: (_ database: String) throws -> Void) async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let pid = try await fixture.engine.inspectContainer(id).state.pid
            await fixture.abandon()
            let (database, copy) = (fixture.directory("data/quell.db"), fixture.directory("copy.db"))
            try #require(try Command.run("cp", [database, copy]).status.isSuccess)
            try damage(database)
            // A child that is being spawned by another test has the lock's descriptor for a moment.
            try await poll("the root is free") {
                switch try FileLock(fixture.directory("data/lock")) {
                case nil: false
                case _?: true
                }
            }
            do throws(EngineError) {
                let engine = try await Engine.open(fixture.configuration)
                Issue.record("it was opened")
                await engine.close()
            } catch {
                for word in words + [database, fixture.directory("data/containers"), "mv "] {
                    #expect(error.description.contains(word), "\(error)")
                }
            }
            #expect(try Procfs.live.status(of: Int32(pid)) != nil)
            #expect(try File.status(of: fixture.directory("data/containers/\(id)")) != nil)
            try #require(try Command.run("cp", [copy, database]).status.isSuccess)
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer(id).state.pid == pid)
        }
    }

    @Test func aMissingDatabaseWithContainersIsRefused() async throws {
        try await refuses(saying: ["missing", "1 container"]) { try File.unlink($0) }
    }

    @Test func anEmptyDatabaseWithContainersIsRefused() async throws {
        try await refuses(saying: ["empty", "1 container"]) {
            try File.open($0, [.writeOnly, .truncate], mode: 0).close()
        }
    }

    /// A new one that was never filled: SQLite's header, no tables.
    @Test func aDatabaseWithoutTablesIsRefused() async throws {
        try await refuses(saying: ["empty", "1 container"]) { path in
            try File.unlink(path)
            let file = try File.open(path, [.writeOnly, .create], mode: 0o600)
            try file.writeAll(DatabaseTests.withoutTables)
            try file.close()
        }
    }

    /// The format's header (https://sqlite.org/fileformat.html, section 1.3), and on the same page an empty table of tables.
    private static var withoutTables: [UInt8] {
        var page = [UInt8](repeating: 0, count: 4096)
        page.replaceSubrange(0..<15, with: "SQLite format 3".utf8)
        // Page size 4096, format 1, fractions of a page.
        page.replaceSubrange(16..<24, with: [0x10, 0, 1, 1, 0, 64, 32, 32])
        // One page, text in UTF-8; then a leaf whose content begins at the page's end.
        (page[27], page[31], page[59], page[95], page[100], page[105]) = (1, 1, 1, 1, 13, 0x10)
        return page
    }

    @Test func aDamagedDatabaseIsRefused() async throws {
        try await refuses(saying: ["damaged", "quell.db*"]) { path in
            let file = try File.open(path, [.writeOnly], mode: 0o600)
            try file.writeAll(Array(repeating: 0x5a, count: 4096))
            try file.close()
        }
    }

    /// It holds environments, and so secrets.
    @Test func nobodyElseMayReadIt() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.create(["true"])
            let database = fixture.directory("data/quell.db")
            func modes() throws -> [UInt32] {
                try ["", "-wal", "-shm"].compactMap { try File.status(of: database + $0)?.mode }.map { $0 & 0o777 }
            }
            #expect(try modes() == [0o600, 0o600])
            await fixture.abandon()
            // As an earlier engine made it.
            try File.setMode(0o644, of: database)
            try await fixture.reopen()
            _ = try await fixture.create(["true"])
            #expect(try modes() == [0o600, 0o600])
        }
    }

    @Test func aReaderOfEventsThatCannotBeReadIsForgotten() async throws {
        try await Fixture.with { fixture in
            fixture.engine.core.store.close()
            await #expect(throws: EngineError.self) {
                _ = try await fixture.engine.events(since: Timestamp(seconds: 0), until: nil, filters: [:])
            }
            #expect(fixture.engine.core.events.readerCount == 0)
            try await fixture.reopen()
        }
    }

    /// A full disk is when an administrator restarts things.
    @Test func itIsOpenedOnAFullDisk() async throws {
        let directory = try TemporaryDirectory("store")
        let disk = try directory.makeDirectory("disk")
        try Mount.tmpfs(at: disk, options: "size=1m", flags: [])
        defer {
            do { try Mount.unmountAll(under: disk) } catch { Issue.record("\(error)") }
        }
        let path = disk + "/quell.db"
        var row = VolumeRow(name: "first", created: 1, anonymous: false, labels: [:], options: [:])
        let store = try Store(path: path)
        #expect(try await store.insert(row))
        store.close()
        _ = try Command.run("dd", ["if=/dev/zero", "of=\(disk)/ballast", "bs=4k"])
        let again = try Store(path: path)
        #expect(try await again.volumes().map(\.name) == ["first"])
        (row.name, row.labels) = ("second", ["long": String(repeating: "x", count: 200_000)])
        let refused = row
        let error = await #expect(throws: EngineError.self) { _ = try await again.insert(refused) }
        #expect(error?.description.contains("is full") == true, "\(String(describing: error))")
        try File.unlink(disk + "/ballast")
        #expect(try await again.insert(refused))
        again.close()
    }

    @Test func aSecondReaderIsToldWhoHasIt() async throws {
        let directory = try TemporaryDirectory("store")
        let store = try Store(path: directory("quell.db"))
        #expect(throws: EngineError.self) { _ = try Store(path: directory("quell.db")) }
        store.close()
        let again = try Store(path: directory("quell.db"))
        again.close()
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

/// The database is held by somebody, damaged, cut short or gone. It is named, left as it is, and no container pays for it.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DatabaseTests {
    private static let hasPython = File.isExecutable("/usr/bin/python3")

    /// Tries to take the exclusive lock, says "held", and keeps it until it is killed.
    private func hold(_ daemon: Daemon) throws -> RunningCommand {
        let script = """
            import sqlite3, sys, time
            database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
            database.execute("BEGIN EXCLUSIVE")
            print("held", flush=True)
            time.sleep(120)
            """
        return try RunningCommand(
            "/usr/bin/python3", ["-c", script, database(daemon)], environment: Programs.environment)
    }

    private func database(_ daemon: Daemon) -> String { daemon.dataRoot + "/quell.db" }

    /// quelld ends, or crashes; then comes the harm. quelld refuses to start and changes nothing; after the repair the
    /// running container is what it was.
    private func refusesThenRecovers(
        afterCrash: Bool = false, harm: (Daemon) throws -> Void, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                if afterCrash { try daemon.crash() } else { try daemon.shutDown() }
                let copy = daemon.directory + "/copy"
                try File.makeDirectory(copy)
                let names = try File.list(daemon.dataRoot).map(\.name).filter { $0.hasPrefix("quell.db") }
                for name in names { try File.rename("\(daemon.dataRoot)/\(name)", to: "\(copy)/\(name)") }
                let back = try Programs.system("cp", ["-a", copy + "/.", daemon.dataRoot])
                try #require(back.succeeded, "\(back.text)")
                try harm(daemon)
                let before = try contents(daemon)
                try daemon.mustNotStart(saying: words, sourceLocation: sourceLocation)
                #expect(try contents(daemon) == before, "nothing was changed", sourceLocation: sourceLocation)
                for name in try File.list(daemon.dataRoot).map(\.name) where name.hasPrefix("quell.db") {
                    try File.unlink("\(daemon.dataRoot)/\(name)")
                }
                for name in names { try File.rename("\(copy)/\(name)", to: "\(daemon.dataRoot)/\(name)") }
                try daemon.start()
            }
        }
    }

    /// The database itself, byte by byte, and what there is of containers.
    private func contents(_ daemon: Daemon) throws -> [[UInt8]] {
        let bytes = try File.readIfPresent(database(daemon), limit: 1 << 24) ?? []
        let found = try Programs.system("find", [daemon.dataRoot + "/containers", "-mindepth", "1", "-maxdepth", "2"])
        return [bytes]
            + found.output.split(separator: "\n").map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test func pagesThatAreOverwritten() throws {
        try refusesThenRecovers(
            harm: { daemon in
                let size = try #require(try File.status(of: database(daemon))).size
                try #require(size > 4 * 4096)
                let file = try File.open(database(daemon), .readWrite)
                try file.seek(to: 4096)
                try file.writeAll((4096..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            }, saying: ["quell.db", "damaged", "Nothing was changed", "Restore it from a copy"])
    }

    @Test func aFileThatIsNoDatabase() throws {
        try refusesThenRecovers(
            harm: { daemon in
                try File.write(String(repeating: "this is no database. ", count: 500), to: database(daemon))
            }, saying: ["quell.db", "damaged", "not a database"])
    }

    /// An empty file is a valid database without containers; those that are there must not be swept away for it.
    @Test func aFileThatWasCutToNothing() throws {
        try refusesThenRecovers(
            afterCrash: true, harm: { try File.write("", to: database($0)) }, saying: ["quell.db", "containers"])
    }

    @Test func aFileThatIsGone() throws {
        try refusesThenRecovers(
            afterCrash: true,
            harm: { daemon in
                for name in try File.list(daemon.dataRoot).map(\.name) where name.hasPrefix("quell.db") {
                    try File.unlink("\(daemon.dataRoot)/\(name)")
                }
            }, saying: ["quell.db", "containers"])
    }

    @Test(.enabled(if: hasPython, "no python3"))
    func aNewerSchemaIsLeftAlone() throws {
        try refusesThenRecovers(
            harm: { daemon in
                let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version = 99')"
                let end = try Programs.system("/usr/bin/python3", ["-c", script, database(daemon)])
                try #require(end.succeeded, "\(end.text)")
            }, saying: ["quell.db", "newer quelld", "schema 99"])
    }

    /// The row of one container is damaged, or of a kind that this quelld does not know.
    @Test(.enabled(if: hasPython, "no python3"), arguments: ["state", "document"])
    func aRowThatCannotBeReadHarmsNobodyElse(_ column: String) throws {
        try withDaemon { daemon in
            func change(to expression: String) throws {
                let script = """
                    import sqlite3, sys
                    d = sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()
                    """
                let statement = "UPDATE container SET \(column) = \(expression) WHERE name = 'broken'"
                let end = try Programs.system("/usr/bin/python3", ["-c", script, database(daemon), statement])
                try #require(end.succeeded, "\(end.text)")
            }
            try daemon.losingNothing {
                try daemon.runReady("broken", Scripts.handles, options: ["-v", "kept:/data"])
                let (id, pid) = (try daemon.inspect("broken", ".Id"), try daemon.inspect("broken", ".State.Pid"))
                let mounts = try HostView.mounts(under: daemon.dataRoot)
                try daemon.crash()
                try change(to: "'x' || \(column)")
                try daemon.start()
                #expect(try daemon.must("ps", "-a", "--format", "{{.Names}}").split(separator: "\n").count == 2)
                #expect(try HostView.mounts(under: daemon.dataRoot) == mounts)
                #expect(try daemon.quell("info").text.contains("Container \(id) (broken) cannot be read"))
                try daemon.refuses(
                    ["create", "--name", "broken", Programs.image, "true"], code: 125, saying: ["in use", id])
                try daemon.refuses(["volume", "prune", "-af"], code: 1, saying: [String(id.prefix(12))])
                let told = try #require(try daemon.shutDown()).errors
                for word in [id, "broken", "All others are served", "DELETE FROM container"] {
                    #expect(told.lowercased().contains(word.lowercased()), "\(told)")
                }
                try change(to: "substr(\(column), 2)")
                try daemon.start()
                #expect(try daemon.inspect("broken", ".State.Pid") == pid)
                #expect(try StopVerdict.one(try daemon.quell("stop", "--format", "json", "broken")).exitCode == 0)
                try daemon.must("rm", "broken")
                try daemon.must("volume", "rm", "kept")
            }
        }
    }

    @Test(.enabled(if: hasPython, "no python3"))
    func heldWhenQuelldStarts() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                try daemon.crash()
                let holder = try hold(daemon)
                try #require(try holder.says("held", within: Limit.command), "\(holder.errorsSoFar)")
                try daemon.mustNotStart(saying: ["quell.db is locked by another process", "fuser"])
                try holder.send(.kill)
                _ = try holder.finish(within: Limit.command)
                try daemon.start()
            }
        }
    }

    /// quelld has it for itself: whoever comes later is told so, and holds nothing up.
    @Test(.enabled(if: hasPython, "no python3"))
    func cannotBeHeldWhileQuelldRuns() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let holder = try hold(daemon)
                #expect(try !holder.says("held", within: Limit.command))
                #expect(try holder.finish(within: Limit.command).errors.contains("database is locked"))
                try daemon.must("rename", "ended", "other")
                try daemon.must("rename", "other", "ended")
            }
        }
    }
}

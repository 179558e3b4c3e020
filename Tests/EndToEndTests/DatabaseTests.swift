import Lifecycle
import Linux
import TestKit
import Testing

/// The database is held by somebody, damaged, cut short or gone. It is named, left as it is, and no container pays for it.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DatabaseTests {
    private static let hasPython = File.isExecutable("/usr/bin/python3")

    /// A process that holds the exclusive lock until it is let go.
    private func holder(of daemon: Daemon) throws -> RunningCommand {
        let script = """
            import sqlite3, sys, time
            database = sqlite3.connect(sys.argv[1], isolation_level=None)
            database.execute("BEGIN EXCLUSIVE")
            print("held", flush=True)
            time.sleep(120)
            """
        let holder = try RunningCommand(
            "/usr/bin/python3", ["-c", script, database(daemon)], environment: Programs.environment)
        try #require(try holder.says("held", within: Limit.command), "\(holder.errorsSoFar)")
        return holder
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
                for name in ["quell.db", "quell.db-wal", "quell.db-shm"] {
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

    /// While quelld runs: what must be recorded first is refused with the reason; looking, stopping and killing are not
    /// held up. That a quelld does not start while it is held, `EngineTests` show.
    @Test(.enabled(if: hasPython, "no python3"))
    func heldBySomebody() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                try daemon.runReady("polite", Scripts.handles)
                try daemon.runReady("stubborn", Scripts.ignores)
                let holder = try holder(of: daemon)
                let create = try daemon.command(["create", "--name", "late", Programs.image, "true"])
                let stop = try daemon.quell("stop", "--format", "json", "polite")
                #expect(try StopVerdict.one(stop).exitCode == 0, "\(stop.text)")
                #expect(stop.elapsed < Limit.atOnce, "\(stop.elapsed)")
                #expect(try daemon.quell("kill", "stubborn").succeeded)
                #expect(try daemon.must("ps", "--format", "{{.Names}}") == "runs")
                #expect(try daemon.must("exec", "runs", "echo", "well") == "well")
                let refused = try create.finish(within: Limit.command)
                #expect(refused.status == .code(125), "\(refused.text)")
                #expect(refused.errors.contains("quell.db is locked by another process"), "\(refused.text)")
                // What could not be recorded is not lost with the daemon.
                try daemon.crash()
                try holder.send(.kill)
                _ = try holder.finish(within: Limit.command)
                try daemon.start()
                #expect(try daemon.inspect("polite", ".State.ExitCode") == "0")
                #expect(try daemon.inspect("stubborn", ".State.ExitCode") == "137")
                try daemon.must("rm", "polite", "stubborn")
            }
        }
    }
}

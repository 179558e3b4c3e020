import APITypes
import Engine
import Lifecycle
import Linux
import TestKit
import Testing

/// The daemon as a process of its own: what signals and the end of the host do to it and to its containers.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct DaemonProcessTests {
    /// A running daemon that has taken over a container, which ends with 3 at TERM.
    private struct Stage {
        let directory: TemporaryDirectory
        let container: String
        private let daemon: SpawnedDaemon

        init(_ directory: TemporaryDirectory, _ configuration: EngineConfiguration, _ container: String) throws {
            (self.directory, self.container) = (directory, container)
            daemon = try SpawnedDaemon(directory, configuration)
        }

        var log: String {
            get throws { String(decoding: try File.readIfPresent(directory("log")) ?? [], as: UTF8.self) }
        }

        func waitUntilItSays(_ text: String) throws {
            try eventually("quelld says \(text)") { try log.contains(text) }
        }

        func send(_ signal: Signal) throws { try daemon.process.pidfd.send(signal) }

        func end(by signal: Signal) throws -> Lifecycle.ExitStatus? {
            try send(signal)
            return try daemon.process.pidfd.reap(by: MonotonicClock.now() + .seconds(60))
        }

        /// As its supervisor recorded it; nil while it runs.
        func exit() throws -> Lifecycle.ExitStatus? {
            let path = directory("data/containers/\(container)/exit")
            return try File.readIfPresent(path).flatMap {
                ExitRecord(text: String(decoding: $0, as: UTF8.self))?.status
            }
        }
    }

    private final class SpawnedDaemon: Sendable {
        let process: SpawnedProcess

        init(_ directory: TemporaryDirectory, _ configuration: EngineConfiguration) throws {
            let log = try File.open(directory("log"), [.writeOnly, .create, .truncate], mode: 0o600)
            var request = SpawnRequest(
                try BuiltProduct.path("quelld"),
                [
                    "--data-root", configuration.dataRoot, "--run-root", configuration.runRoot, "--cgroup-parent",
                    configuration.cgroupParent ?? "", "--shim", configuration.shimPath, "--unpack",
                    configuration.unpackPath, "-H", "unix://" + directory("sock"),
                ])
            request.environment = Command.plainEnvironment
            let null = try File.open("/dev/null", .readOnly)
            request.descriptors = [
                DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: log.raw),
                DescriptorMapping(2, from: log.raw),
            ]
            process = try Spawn.start(request)
        }
    }

    private func with(stopRequest: Bool = false, _ body: (Stage) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("daemon")
        let configuration = try RealAPI.configuration(directory)
        var engine = try await Engine.open(configuration)
        let api = RealAPI(engine: engine, socket: directory("sock"))
        try await api.importImage(directory)
        let id = try await api.run(["/bin/sh", "-c", "trap 'exit 3' TERM; while :; do sleep 1000 & wait; done"])
        await engine.close()
        if stopRequest { _ = try directory.write("", to: "run/stop-containers") }
        let stage = try Stage(directory, configuration, id)
        var failure: (any Error)?
        do {
            try stage.waitUntilItSays("listening")
            try await body(stage)
        } catch { failure = error }
        do { _ = try stage.end(by: .kill) } catch {
            // It has ended, as most of these tests have it.
        }
        engine = try await Engine.open(configuration)
        try await RealAPI(engine: engine, socket: "").removeAll()
        await engine.close()
        if let failure { throw failure }
    }

    @Test func hangUpsAreIgnored() async throws {
        try await with { stage throws in
            try stage.send(.hup)
            try stage.waitUntilItSays("SIGHUP")
            try stage.send(.hup)
            #expect(try stage.end(by: .term) == .code(0))
        }
    }

    @Test func containersOutliveIt() async throws {
        try await with { stage throws in
            #expect(try stage.end(by: .term) == .code(0))
            #expect(try stage.exit() == nil)
        }
    }

    /// What the unit asks for when the host goes down.
    @Test func containersAreStoppedByTheirLadderWhereThatIsAskedFor() async throws {
        try await with { stage throws in
            _ = try stage.directory.write("", to: "run/stop-containers")
            #expect(try stage.end(by: .term) == .code(0))
            #expect(try stage.exit() == .code(3))
            #expect(try File.status(of: stage.directory("run/stop-containers")) == nil)
        }
    }

    /// Its daemon was killed, perhaps: it does not hold for the next one's end.
    @Test func anOldRequestIsForgotten() async throws {
        try await with(stopRequest: true) { stage throws in
            #expect(try File.status(of: stage.directory("run/stop-containers")) == nil)
            #expect(try stage.end(by: .term) == .code(0))
            #expect(try stage.exit() == nil)
        }
    }
}

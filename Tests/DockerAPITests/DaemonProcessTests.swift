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

        init(
            _ directory: TemporaryDirectory, _ configuration: EngineConfiguration, _ container: String,
            _ more: [String] = []
        ) throws {
            (self.directory, self.container) = (directory, container)
            daemon = try SpawnedDaemon(directory, configuration, more)
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

        init(_ directory: TemporaryDirectory, _ configuration: EngineConfiguration, _ more: [String]) throws {
            let log = try File.open(directory("log"), [.writeOnly, .create, .truncate, .append], mode: 0o600)
            var request = SpawnRequest(
                try BuiltProduct.path("quelld"),
                [
                    "--data-root", configuration.dataRoot, "--run-root", configuration.runRoot, "--cgroup-parent",
                    configuration.cgroupParent ?? "", "--shim", configuration.shimPath, "--unpack",
                    configuration.unpackPath, "-H", "unix://" + directory("sock"), "--default-network", "none",
                ] + more)
            request.environment = Command.plainEnvironment
            let null = try File.open("/dev/null", .readOnly)
            request.descriptors = [
                DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: log.raw),
                DescriptorMapping(2, from: log.raw),
            ]
            try eventually("the root is free") { try RealAPI.isFree(configuration) }
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
        engine = try await RealAPI.reopen(configuration)
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

    /// A runtime that does not come back before `gate` is there, and a configuration that names it.
    private func slowRuntime(_ directory: TemporaryDirectory) throws -> String {
        let script = """
            #!/bin/sh
            case " $* " in *" run "*) : > \(directory("begun")); while [ ! -e \(directory("gate")) ]; do sleep 0.05; done;; esac
            exec crun "$@"
            """
        let runtime = try directory.write(script, to: "slow", mode: 0o755)
        return try directory.write(#"{"runtimes":{"slow":{"path":"\#(runtime)"}}}"#, to: "daemon.json")
    }

    /// A stop was accepted while the runtime was still at work, and the daemon was killed.
    @Test func aStopDuringTheStartOutlivesTheDaemon() async throws {
        let directory = try TemporaryDirectory("daemon")
        let configuration = try RealAPI.configuration(directory)
        var engine = try await Engine.open(configuration)
        try await RealAPI(engine: engine, socket: "").importImage(directory)
        await engine.close()
        let arguments = ["--config-file", try slowRuntime(directory)]
        let api = RealAPI(engine: engine, socket: directory("sock"))
        let first = try Stage(directory, configuration, "", arguments)
        try first.waitUntilItSays("listening")
        let body = """
            {"Image":"busybox","Cmd":["/bin/sh","-c","trap 'exit 6' INT; while :; do sleep 1000 & wait; done"],\
            "HostConfig":{"Runtime":"slow","RestartPolicy":{"Name":"unless-stopped"}}}
            """
        let made = try await api.send("POST", "/containers/create?name=late", body)
        let id = try #require(
            made.text.firstRange(of: #""Id":""#).map { String(made.text[$0.upperBound...].prefix(64)) })
        let calls = Task {
            async let started = api.send("POST", "/containers/\(id)/start")
            try eventually("the runtime is at work") { try File.status(of: directory("begun")) != nil }
            async let stopped = api.send("POST", "/containers/\(id)/stop?signal=INT&t=2")
            _ = try await (started, stopped)
        }
        var state = ""
        while !state.contains("stopElapsedMs") {
            state = try await api.send("GET", "/quell/v1/containers/\(id)/state").text
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try first.end(by: .kill) == .signal(.kill, coreDumped: false))
        _ = await calls.result
        let second = try Stage(directory, configuration, id, arguments)
        try second.waitUntilItSays("listening")
        _ = try directory.write("", to: "gate")
        // The signal may come before its handler is there: then KILL follows it.
        try eventually("it is stopped") { try second.exit() != nil }
        #expect(try [.code(6), .signal(.kill, coreDumped: false)].contains(second.exit()))
        #expect(try second.end(by: .term) == .code(0))
        engine = try await RealAPI.reopen(configuration)
        try await RealAPI(engine: engine, socket: "").removeAll()
        await engine.close()
    }
}

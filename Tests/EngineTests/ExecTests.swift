import APITypes
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ExecTests {
    @Test func runsAFurtherProcessWithItsOutputAndCode() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout, request.attachStderr) = (
                shell("echo $GREETING; id -u; exit 5"), true, true
            )
            (request.env, request.user) = (["GREETING=hello"], "user")
            let exec = try await fixture.engine.createExec(id, request)
            let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
            #expect(try await text(streams.output) == "hello\n1000\n")
            try await poll("its end is known") { try await !fixture.engine.inspectExec(exec).running }
            #expect(try await fixture.engine.inspectExec(exec).exitCode == 5)
        }
    }

    @Test func inputReachesIt() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdin, request.attachStdout) = (["cat"], true, true)
            let exec = try await fixture.engine.createExec(id, request)
            let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
            try await streams.write(Array("to and fro\n".utf8))
            try await streams.closeInput()
            #expect(try await text(streams.output) == "to and fro\n")
        }
    }

    @Test func aMissingCommandIsTold() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout) = (["/bin/nothing"], true)
            let exec = try await fixture.engine.createExec(id, request)
            let error = await #expect(throws: EngineError.self) {
                try await fixture.engine.startExec(exec, ExecStartRequest())
            }
            guard case .commandNotFound = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func aFileThatIsNoProgramIsNamed() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout) = (["/etc/passwd"], true)
            let exec = try await fixture.engine.createExec(id, request)
            let error = await #expect(throws: EngineError.self) {
                try await fixture.engine.startExec(exec, ExecStartRequest())
            }
            guard case .notExecutable(let text) = error, text.contains("/etc/passwd") else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func aContainerThatDoesNotRunTakesNone() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"])
            var request = ExecCreateRequest()
            request.cmd = ["true"]
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.createExec(id, request) }
            #expect(error == .notRunning("container \(id) is not running"))
        }
    }

    /// What does not fit into a frame must not cost the connection to the shim, on which everything else goes.
    @Test func whatIsTooLongIsRefused() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            var request = ExecCreateRequest()
            (request.cmd, request.env) = (["true"], ["LONG=" + String(repeating: "x", count: 5 << 20)])
            let exec = try await fixture.engine.createExec(id, request)
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.engine.startExec(exec, ExecStartRequest())
            }
            #expect(error?.description.hasPrefix("command and environment of the exec are too long: ") == true)
            #expect(try fixture.engine.core.container(id).snapshot.supervised)
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
        }
    }

    private func text(_ output: OutputReader) async throws -> String {
        var bytes: [UInt8] = []
        while let chunk = try await output.next() { bytes += chunk.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }
}

import APITypes
import Lifecycle
import Linux
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct StartTests {
    @Test func runsACommandToItsEndAndKeepsOutputAndCode() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(shell("echo out; echo err >&2; exit 7"))
            #expect(code == 7)
            #expect(text.contains("out\n") && text.contains("err\n"))
        }
    }

    @Test func aMissingCommandIs127AndSaysSo() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["/bin/nothing"])
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            guard case .commandNotFound = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.exitCode == 127)
            #expect(!state.error.isEmpty)
        }
    }

    @Test func aFileThatIsNoProgramIs126() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["/etc/passwd"])
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            guard case .notExecutable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.description.contains("/etc/passwd") == true, "\(String(describing: error))")
            #expect(try await fixture.engine.inspectContainer(id).state.exitCode == 126)
        }
    }

    /// Runtimes differ in what they say; the command is named once.
    @Test(arguments: [
        (StartFailure.notExecutable, "Permission denied", #"cannot execute "/bin/x": Permission denied"#),
        (.notExecutable, "/bin/x: Permission denied", "/bin/x: Permission denied"),
        (.commandNotFound, "not found", #"cannot execute "/bin/x": not found"#), (.runtime, "no cgroup", "no cgroup"),
    ])
    func theCommandIsNamed(_ failure: StartFailure, _ message: String, _ text: String) {
        #expect(Container.naming(["/bin/x", "arg"], in: message, of: failure) == text)
        #expect(Container.naming([], in: message, of: failure) == message)
    }

    /// A runtime is executed from a copy in memory, and its log is one: nothing of that reaches the container.
    @Test func nothingOfTheRuntimeIsOpenInTheContainer() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let pid = try await fixture.engine.inspectContainer(id).state.pid
            #expect(try File.list("/proc/\(pid)/fd").map(\.name).sorted() == ["0", "1", "2"])
            #expect(try File.readLink("/proc/\(pid)/exe").hasSuffix("/busybox"))
        }
    }

    /// Nobody waits a deadline out for one that cannot answer.
    @Test(arguments: [("STOP", "it is stopped"), ("KILL", "it ended without a word")])
    func aShimThatCannotAnswerIsNotWaitedFor(_ signal: String, _ words: String) async throws {
        try await Fixture.with { configuration in
            configuration.shimPath = configuration.dataRoot + "-shim"
        } _: { fixture in
            let script = try File.open(fixture.configuration.shimPath, [.writeOnly, .create], mode: 0o755)
            try script.writeAll(Array("#!/bin/sh\nkill -\(signal) $$\n".utf8))
            try script.close()
            let id = try await fixture.create(["true"])
            let began = MonotonicClock.now()
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            #expect(MonotonicClock.now() - began < .seconds(8))
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
        }
    }

    @Test func startingTwiceIsNotModified() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            guard case .notModified = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}

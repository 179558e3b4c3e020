import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// Bind sources and devices on a file system that does not answer: whoever looks at one is a child that is left behind,
/// and never a thread of the engine, which could then not be killed.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct HungSourceTests {
    @Test func noThreadOfTheEngineLooksAtASource() async throws {
        let hung = try HungFileSystem()
        try await Fixture.with { fixture in
            let began = MonotonicClock.now()
            let first = await failure { _ = try await fixture.create(["true"], mount(of: hung.silent)) }
            #expect(first?.hasPrefix("looking at the bind source \(hung.silent) took longer than 10s") == true)
            #expect(MonotonicClock.now() - began < .seconds(20))
            #expect(try threadsThatWait() == [], "a thread of this process hangs in the kernel")
            // It is known by now: nobody waits for it a second time, and nothing more is left behind.
            let again = await failure { _ = try await fixture.create(["true"], mount(of: hung.silent)) }
            #expect(again?.contains("an earlier look at it has not come back (pid ") == true)
            #expect(hung.waiting == 1)
            #expect(try await fixture.output(["echo", "well"]).text == "well\n")
            try hung.abort()
            // The child that was left behind is reaped once it comes back.
            try await poll("the look is forgotten") {
                await failure { _ = try await fixture.create(["true"], mount(of: hung.silent)) }?.contains("pid")
                    == false
            }
        }
    }

    @Test func noThreadOfTheEngineLooksAtADevice() async throws {
        let hung = try HungFileSystem()
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"]) { request in
                var mapping = DeviceMapping()
                mapping.pathOnHost = hung.silent
                request.hostConfig?.devices = [mapping]
            }
            let error = await failure { try await fixture.engine.startContainer(id) }
            #expect(error?.contains("custom device \"\(hung.silent)\" took longer than 10s") == true, "\(error ?? "")")
            #expect(try threadsThatWait() == [])
            try hung.abort()
        }
    }

    @Test func devicesAreFound() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(shell("ls -l /dev/nothing; echo x > /dev/nothing")) { request in
                var mapping = DeviceMapping()
                (mapping.pathOnHost, mapping.pathInContainer) = ("/dev/null", "/dev/nothing")
                request.hostConfig?.devices = [mapping]
            }
            #expect(code == 0 && text.contains("1,   3"), "\(text)")
            let id = try await fixture.create(["true"]) { request in
                var mapping = DeviceMapping()
                mapping.pathOnHost = "/dev/no-such-device"
                request.hostConfig?.devices = [mapping]
            }
            let error = await failure { try await fixture.engine.startContainer(id) }
            #expect(error?.hasSuffix("\"/dev/no-such-device\": no such file or directory") == true)
        }
    }

    @Test func anExecLooksAtNoSourceAndMakesNone() async throws {
        try await Fixture.with { fixture in
            let made = fixture.directory("made")
            let id = try await fixture.run(["sleep", "1000"]) { $0.hostConfig?.binds = ["\(made):/made"] }
            try File.removeDirectory(made)
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout) = (["true"], true)
            let exec = try await fixture.engine.createExec(id, request)
            let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
            while try await streams.output.next() != nil {}
            #expect(try File.status(of: made) == nil)
        }
    }

    private func mount(of source: String) -> (inout ContainerCreateRequest) -> Void {
        var mount = Mount()
        (mount.type, mount.source, mount.target) = ("bind", source, "/x")
        let wish = mount
        return { $0.hostConfig?.mounts = [wish] }
    }

    private func failure(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch { return "\(error)" }
    }

    /// The threads of this process that wait for a file system's answer.
    private func threadsThatWait() throws -> [String] {
        try File.list("/proc/self/task").map(\.name).filter { thread in
            let place = try File.readIfPresent("/proc/self/task/\(thread)/wchan") ?? []
            return String(decoding: place, as: UTF8.self) == "request_wait_answer"
        }
    }
}

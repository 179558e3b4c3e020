import APITypes
import Lifecycle
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct AttachTests {
    @Test func whatIsAttachedBeforeTheStartMissesNothing() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("echo first; cat; echo last")) { request in
                (request.config.openStdin, request.config.stdinOnce, request.config.attachStdin) = (true, true, true)
            }
            var options = AttachOptions()
            (options.stdin, options.stdout, options.stderr) = (true, true, true)
            let streams = try await fixture.engine.attachContainer(id, options)
            try await fixture.engine.startContainer(id)
            try await streams.write(Array("typed\n".utf8))
            try await streams.closeInput()
            var bytes: [UInt8] = []
            while let chunk = try await streams.output.next() { bytes += chunk.bytes }
            #expect(String(decoding: bytes, as: UTF8.self) == "first\ntyped\nlast\n")
        }
    }

    @Test func whoLeavesBeforeTheStartIsForgotten() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["sleep", "1000"])
            var options = AttachOptions()
            options.stdout = true
            for _ in 0..<10 { try await fixture.engine.attachContainer(id, options).detach() }
            let stays = try await fixture.engine.attachContainer(id, options)
            let container = try fixture.engine.core.container(id)
            #expect(await container.earlyAttachments.count == 1)
            let leaves = try await fixture.engine.attachContainer(id, options)
            leaves.detach()
            try await fixture.engine.startContainer(id)
            #expect(try await fixture.engine.inspectContainer(id).state.running)
            stays.detach()
        }
    }

    @Test func aTerminalIsOne() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("tty; stty size")) { request in
                (request.config.tty, request.config.openStdin) = (true, true)
                request.hostConfig?.consoleSize = [31, 97]
            }
            var options = AttachOptions()
            (options.stdin, options.stdout) = (true, true)
            let streams = try await fixture.engine.attachContainer(id, options)
            #expect(streams.isTerminal)
            try await fixture.engine.startContainer(id)
            var bytes: [UInt8] = []
            while let chunk = try await streams.output.next() { bytes += chunk.bytes }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("/dev/pts/0"))
            #expect(text.contains("31 97"))
        }
    }

    @Test func whatWasLoggedCanComeFirst() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("echo early; read x; echo late $x")) { $0.config.openStdin = true }
            try await fixture.waitForLog(id, "early")
            var options = AttachOptions()
            (options.stdin, options.stdout, options.logs) = (true, true, true)
            let streams = try await fixture.engine.attachContainer(id, options)
            try await streams.write(Array("word\n".utf8))
            var bytes: [UInt8] = []
            while let chunk = try await streams.output.next() { bytes += chunk.bytes }
            #expect(String(decoding: bytes, as: UTF8.self) == "early\nlate word\n")
        }
    }

    @Test func aSlowReaderHoldsNobodyUpButTheWriter() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(
                shell("dd if=/dev/zero bs=64k count=64 2>/dev/null | tr '\\0' x; echo done >&2"))
            var options = AttachOptions()
            (options.stdout, options.stderr) = (true, true)
            let streams = try await fixture.engine.attachContainer(id, options)
            try await fixture.engine.startContainer(id)
            try await Task.sleep(for: .milliseconds(200))
            var count = 0
            while let chunk = try await streams.output.next() {
                if chunk.stream == .output { count += chunk.bytes.count }
            }
            #expect(count == 64 * 65536)
        }
    }

    @Test func afterAFailedStartTheStreamsEnd() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["/bin/nothing"])
            var options = AttachOptions()
            options.stdout = true
            let streams = try await fixture.engine.attachContainer(id, options)
            await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            do {
                while try await streams.output.next() != nil {}
            } catch {
                // The reason of the failure, or a plain end: both let the client go.
            }
        }
    }
}

import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

import struct Engine.Attachment

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

    /// The log, what its writer has yet to write, the lines begun, and what comes: all of it once, whenever they join. The
    /// container stays until the last has joined: one that joins an ended container waits for its next start.
    @Test func logAndStreamMeetWithoutGapOrRepetition() async throws {
        let script =
            #"i=0; while [ $i -lt 8000 ]; do printf "$i,"; i=$((i+1)); [ $((i % 7)) = 0 ] && echo && usleep 500; done; echo; read x"#
        let expected = (0..<8000).map { "\($0)," + (($0 + 1) % 7 == 0 ? "\n" : "") }.joined() + "\n"
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell(script)) { request in
                request.config.openStdin = true
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.type = "json-file"
                request.hostConfig?.logConfig?.config = ["max-size": "20k", "max-file": "100"]
            }
            let engine = fixture.engine
            try await withThrowingTaskGroup(of: String.self) { group in
                let early = try await Fixture.streams(engine, id)
                try await engine.startContainer(id)
                var (bytes, joined): ([UInt8], Int) = ([], 0)
                while bytes.count < expected.utf8.count, let chunk = try await early.output.next() {
                    bytes += chunk.bytes
                    // No more: each costs the container a frame for every word.
                    guard bytes.count * 20 >= joined * expected.utf8.count else { continue }
                    let one = try await Fixture.streams(engine, id)
                    group.addTask { try await Fixture.text(of: one) }
                    joined += 1
                }
                #expect(joined > 15, "it came in pieces too large to tell")
                #expect(String(decoding: bytes, as: UTF8.self) == expected)
                try await Fixture.type("\n", into: id, engine)
                for try await text in group {
                    #expect(text == expected, "\(text.utf8.count) bytes; \(text.suffix(40))")
                }
                #expect(try await early.output.next() == nil)
            }
        }
    }

    @Test func whoAttachedBeforeARemovalIsTold() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["sleep", "1000"])
            let streams = try await Fixture.streams(fixture.engine, id, logs: false)
            try await fixture.engine.removeContainer(id, force: false, volumes: false)
            let error = await #expect(throws: EngineError.self) { _ = try await streams.output.next() }
            #expect(error?.description.contains("was removed before it was started") == true)
        }
    }

    /// What it did not take is kept for it by the engine: the shim ends, and with it the run.
    @Test func aReaderThatStandsStillDelaysNoEndNorWhatComesAfterIt() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("yes 0123456789abcdef"))
            let deaf = try await Fixture.streams(fixture.engine, id, logs: false)
            try await fixture.engine.startContainer(id)
            let container = try fixture.engine.core.container(id)
            try await poll("it is held back") { try await fixture.isStill(container) }
            let began = MonotonicClock.now()
            _ = try await fixture.engine.killContainer(id).result()
            try await fixture.engine.startContainer(id)
            _ = try await fixture.engine.killContainer(id).result()
            try await fixture.engine.removeContainer(id, force: true, volumes: false)
            #expect(MonotonicClock.now() - began < .seconds(8))
            let rest = try await Fixture.text(of: deaf).utf8.count
            #expect((1 << 20) < rest && rest < (4 << 20), "\(rest)")
        }
    }

    /// A shim that is slow to accept has a full queue: those that do not fit wait.
    @Test func manyAttachAtOnce() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("read x; echo $x")) { $0.config.openStdin = true }
            let container = try fixture.engine.core.container(id)
            let shim = try #require(await container.shimProcess?.pid)
            let engine = fixture.engine
            try Pidfd(opening: shim).send(.stop)
            let all = try await withThrowingTaskGroup(of: Attachment.self) { group in
                for _ in 0..<300 { group.addTask { try await Fixture.streams(engine, id, logs: false) } }
                try await Task.sleep(for: .milliseconds(500))
                try Pidfd(opening: shim).send(.cont)
                var all: [Attachment] = []
                for try await one in group { all.append(one) }
                return all
            }
            #expect(all.count == 300)
            try await Fixture.type("all\n", into: id, engine)
            for one in all { #expect(try await Fixture.text(of: one) == "all\n") }
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

extension Fixture {
    fileprivate static func streams(_ engine: Engine, _ id: String, logs: Bool = true) async throws -> Attachment {
        var options = AttachOptions()
        (options.stdout, options.stderr, options.logs) = (true, true, logs)
        return try await engine.attachContainer(id, options)
    }

    fileprivate static func type(_ text: String, into id: String, _ engine: Engine) async throws {
        var options = AttachOptions()
        options.stdin = true
        try await engine.attachContainer(id, options).write(Array(text.utf8))
    }

    fileprivate static func text(of streams: Attachment) async throws -> String {
        var bytes: [UInt8] = []
        while let chunk = try await streams.output.next() { bytes += chunk.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Its log grows no more.
    fileprivate func isStill(_ container: Container) async throws -> Bool {
        guard let before = try File.status(of: container.paths.log)?.size, before > 0 else { return false }
        try await Task.sleep(for: .milliseconds(300))
        return try File.status(of: container.paths.log)?.size == before
    }
}

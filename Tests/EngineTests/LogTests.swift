import APITypes
import Engine
import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct LogTests {
    @Test func selections() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("echo one; echo two >&2; echo three; printf four"))
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            _ = await ended.result()
            var options = LogOptions()
            options.stderr = false
            #expect(try await fixture.log(id, options) == "one\nthree\nfour")
            options.tail = 2
            #expect(try await fixture.log(id, options) == "three\nfour")
            options.tail = 0
            #expect(try await fixture.log(id, options) == "")
            options = LogOptions()
            (options.stdout, options.timestamps) = (false, true)
            let line = try await fixture.log(id, options)
            #expect(Timestamp(line.split(separator: " ")[0]) != nil && line.hasSuffix(" two\n"))
            options = LogOptions()
            options.until = Timestamp(seconds: 1)
            #expect(try await fixture.log(id, options) == "")
        }
    }

    @Test func detailsAreWhatTheLogOptionsName() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("echo line")) { request in
                request.config.labels = ["role": "web server", "other": "x"]
                request.config.env = ["STAGE=50%", "SECRET=y"]
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.config = ["labels": "role,absent", "env": "STAGE"]
            }
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            _ = await ended.result()
            var options = LogOptions()
            options.details = true
            #expect(try await fixture.log(id, options) == "STAGE=50%25,role=web+server line\n")
        }
    }

    @Test func followingSeesWhatComesAndEnds() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("for i in 1 2 3 4 5; do echo $i; sleep 0.05; done"))
            var options = LogOptions()
            options.follow = true
            #expect(try await fixture.log(id, options) == "1\n2\n3\n4\n5\n")
        }
    }

    @Test func rotatedFilesAreReadInOrder() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(
                shell("i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); done")
            ) { request in
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.type = "json-file"
                request.hostConfig?.logConfig?.config = ["max-size": "8k", "max-file": "10"]
            }
            #expect(code == 0)
            #expect(text == (0..<400).map { "line \($0)\n" }.joined())
        }
    }

    /// Every selection finds in rotated files what it would find in one.
    @Test func selectionsReachAcrossRotatedFiles() async throws {
        try await Fixture.with { fixture in
            let script = "i=0; while [ $i -lt 300 ]; do echo line $i; echo error $i >&2; i=$((i+1)); usleep 2000; done"
            let (_, _) = try await fixture.output(shell(script)) { request in
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.type = "json-file"
                request.hostConfig?.logConfig?.config = ["max-size": "6k", "max-file": "50"]
            }
            let id = try #require(try await fixture.engine.listContainers(.everything).first?.id)
            let path = try await fixture.engine.inspectContainer(id).logPath
            #expect(try File.status(of: path + ".5") != nil, "not rotated")
            var options = LogOptions()
            options.timestamps = true
            let all = try await fixture.log(id, options).split(separator: "\n").map(String.init)
            #expect(all.count == 600)
            func time(_ line: String) -> Timestamp? { Timestamp(line.split(separator: " ")[0]) }
            for (from, to, tail, errors) in [
                (nil, nil, 250, true), (100, nil, nil, true), (nil, 450, nil, false), (90, 410, nil, true),
                (200, 599, 150, true), (17, 18, 5, false), (500, 501, 0, true),
            ] as [(Int?, Int?, Int?, Bool)] {
                (options.since, options.until) = (from.flatMap { time(all[$0]) }, to.flatMap { time(all[$0]) })
                (options.tail, options.stderr) = (tail, errors)
                var expected = all.filter { line in
                    guard errors || line.contains("line"), let time = time(line) else { return false }
                    return options.since.map { time >= $0 } ?? true && options.until.map { time <= $0 } ?? true
                }
                if let tail { expected = expected.suffix(tail) }
                let found = try await fixture.log(id, options).split(separator: "\n").map(String.init)
                #expect(found == expected, "\(from ?? -1) \(to ?? -1) \(tail ?? -1) \(errors)")
                options.follow = true
                let followed = try await fixture.log(id, options).split(separator: "\n").map(String.init)
                #expect(followed == expected, "followed: \(from ?? -1) \(to ?? -1) \(tail ?? -1) \(errors)")
                options.follow = false
            }
        }
    }

    @Test func aDamagedLineIsPassedOver() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("echo whole"))
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            _ = await ended.result()
            let path = try await fixture.engine.inspectContainer(id).logPath
            let file = try File.open(path, [.writeOnly, .append])
            try file.writeAll(
                Array(
                    "garbage\n{\"log\":\"last\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00Z\"}\n{\"log\":\"cut o"
                        .utf8))
            #expect(try await fixture.log(id) == "whole\nlast\n")
        }
    }

    /// Looking for the last lines must not run after a writer that is faster than any reader.
    @Test func theLastLinesOfAFastWriterComeAtOnce() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["yes"])
            try await fixture.waitForLog(id, "y\n")
            try await Task.sleep(for: .seconds(1))
            var options = LogOptions()
            (options.follow, options.tail) = (true, 2)
            let reading = try await fixture.engine.containerLogs(id, options)
            let first = try await withThrowingTaskGroup(of: OutputChunk?.self) { group in
                group.addTask { try await reading.output.next() }
                group.addTask {
                    try await Task.sleep(for: .seconds(15))
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            #expect(first?.bytes.starts(with: Array("y\ny\n".utf8)) == true)
            reading.output.close()
        }
    }

    @Test func noneIsKeptWhereNoneIsWanted() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["true"]) { request in
                request.hostConfig?.logConfig = LogConfig()
                request.hostConfig?.logConfig?.type = "none"
            }
            await #expect(throws: EngineError.self) { _ = try await fixture.log(id) }
        }
    }
}

extension ListOptions {
    fileprivate static var everything: ListOptions {
        var options = ListOptions()
        options.all = true
        return options
    }
}

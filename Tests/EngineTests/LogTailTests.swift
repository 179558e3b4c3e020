import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// The last lines of a log, found from its end, against the same by reading all of it.
@Suite(.timeLimit(.minutes(2)))
struct LogTailTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>) func itFindsWhatReadingAllFinds(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let directory = try TemporaryDirectory("tail")
        let path = directory("log")
        var files: [String] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) { files.append(content(&random, whole: true)) }
        files.append(content(&random, whole: false))
        for (index, text) in files.enumerated() {
            try directory.write(text, to: index == files.count - 1 ? "log" : "log.\(files.count - 1 - index)")
        }
        for tail in [0, 1, 2, 5, 1000] {
            var options = LogOptions()
            options.tail = tail
            options.stderr = Bool.random(using: &random)
            options.follow = Bool.random(using: &random)
            let found = try lines(LogTail(try OpenLog.all(path, bounded: !options.follow), options, block: 37), options)
            #expect(found == naive(files, options), "seed \(seed), tail \(tail), \(files)")
        }
    }

    @Test func anEmptyLogHasNone() throws {
        let directory = try TemporaryDirectory("tail")
        var options = LogOptions()
        options.tail = 3
        #expect(try lines(LogTail([], options), options) == [])
        try directory.write("", to: "log")
        #expect(try lines(LogTail(try OpenLog.all(directory("log"), bounded: true), options), options) == [])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func usualLinesAreReadAsJSONIs(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let pieces = [
            "a", "\\n", "\\\"", "\\\\", "\\t", "\\r", "\\u0007", "\\u001b", "\\u20ac", "é", "\\/", "\\", "\"", "}", ",",
            " ",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }
            let line = entry(text.joined(), stream: Bool.random(using: &random) ? "stdout" : "stderr")
            let bytes = Array(line.utf8)[...]
            if let usual = LogLine(usual: bytes) { #expect(usual == LogLine(json: bytes), "\(line)") }
        }
        let plain = Array(entry("one \\\"two\\\"\\n", stream: "stderr").utf8)[...]
        #expect(LogLine(usual: plain)?.text == Array("one \"two\"\n".utf8))
    }

    @Test func aLineWithoutEndIsPassedOver() {
        var cutter = LineCutter()
        let megabyte = [UInt8](repeating: 65, count: 1 << 20)
        for _ in 0..<6 { #expect(cutter.add(megabyte[...]).isEmpty) }
        #expect(cutter.add(Array("end\nnext\n".utf8)[...]).map { String(decoding: $0, as: UTF8.self) } == ["next"])
    }

    // MARK: logs

    private func entry(_ text: String, stream: String) -> String {
        "{\"log\":\"\(text)\",\"stream\":\"\(stream)\",\"time\":\"2026-01-01T00:00:00Z\"}"
    }

    private func content(_ random: inout SplitMix, whole: Bool) -> String {
        var text = ""
        for number in 0..<Int.random(in: 0...12, using: &random) {
            let end = Int.random(in: 0..<4, using: &random) == 0 ? "" : "\\n"
            let stream = Int.random(in: 0..<3, using: &random) == 0 ? "stderr" : "stdout"
            text +=
                Int.random(in: 0..<8, using: &random) == 0
                ? "damaged\n" : entry("\(number)\(end)", stream: stream) + "\n"
        }
        if !whole, Bool.random(using: &random) { text += "{\"log\":\"beg" }
        return text
    }

    private func lines(_ tail: LogTail, _ options: LogOptions) throws -> [LogLine] {
        var tail = tail
        var start: LogStart?
        while start == nil { start = try tail.step() }
        var lines: [LogLine] = []
        for file in [start?.file].compactMap({ $0 }) + (start?.later ?? []) {
            var cutter = LineCutter()
            while true {
                let bytes = try file.read()
                if bytes.isEmpty { break }
                let read = cutter.add(bytes[...]).compactMap(LogLine.init(parsing:))
                lines += read.filter { LogSelection.wants($0, options) }
            }
        }
        return lines
    }

    private func naive(_ files: [String], _ options: LogOptions) -> [LogLine] {
        var lines: [LogLine] = []
        for file in files {
            var cutter = LineCutter()
            lines += cutter.add(Array(file.utf8)[...]).compactMap(LogLine.init(parsing:)).filter {
                LogSelection.wants($0, options)
            }
        }
        var (left, index) = (options.tail ?? 0, lines.count)
        while index > 0 {
            if index == lines.count || lines[index - 1].text.last == 10 {
                if left == 0 { break }
                left -= 1
            }
            index -= 1
        }
        return Array(lines[index...])
    }
}

import Lifecycle
import Testing

@testable import Shim

struct LogLineTests {
    private func lines(_ pieces: [[UInt8]]) -> [[UInt8]] {
        var splitter = LineSplitter()
        var lines: [[UInt8]] = []
        for piece in pieces { splitter.feed(piece[...]) { lines.append(Array($0)) } }
        splitter.finish { lines.append(Array($0)) }
        return lines
    }

    @Test func linesAreWholeWhateverThePieces() {
        let text = Array("one\ntwo\n\nthree".utf8)
        let expected = ["one\n", "two\n", "\n", "three"].map { Array($0.utf8) }
        for cut in 0...text.count { #expect(lines([Array(text[..<cut]), Array(text[cut...])]) == expected) }
        #expect(lines(text.map { [$0] }) == expected)
    }

    @Test func overlongLineIsCutAndNothingIsLost() {
        let text = [UInt8](repeating: 97, count: 50_000) + [10]
        for size in [1000, 16384, 50_001] {
            let pieces = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
            let found = lines(pieces)
            #expect(found.flatMap { $0 } == text)
            #expect(found.allSatisfy { $0.count <= LogLine.limit })
        }
    }

    @Test func cutKeepsUTF8Whole() {
        let text = Array(String(repeating: "ä", count: 20_000).utf8)
        for line in lines([[97] + text]) { #expect(String(validating: line, as: UTF8.self) != nil) }
    }

    @Test func everyByteIsEscapedToValidJSON() {
        var out: [UInt8] = []
        LogLine.append([0, 9, 10, 13, 34, 92, 0x1b, 0x7f, 0xff, 97], stream: .error, time: Array("T".utf8), to: &out)
        let expected =
            #"{"log":"\u0000\t\n\r\"\\\u001b\u007f"# + "\u{FFFD}" + #"a","stream":"stderr","time":"T"}"# + "\n"
        #expect(String(decoding: out, as: UTF8.self) == expected)
    }
}

import Client
import Testing

@Suite struct StreamParserTests {
    private static let stream: [UInt8] =
        [1, 0, 0, 0, 0, 0, 0, 3] + Array("out".utf8) + [2, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0, 0, 0, 1, 0]
        + [UInt8](repeating: 7, count: 256)

    /// However the stream is cut, the same bytes come out of the same channels.
    @Test(arguments: 1...Self.stream.count)
    func framesSurviveEveryCut(_ size: Int) throws {
        var demultiplexer = Demultiplexer()
        var bytes: [OutputChannel: [UInt8]] = [:]
        for start in stride(from: 0, to: Self.stream.count, by: size) {
            for frame in try demultiplexer.consume(Array(Self.stream[start..<min(start + size, Self.stream.count)])) {
                bytes[frame.channel, default: []] += frame.bytes
            }
        }
        #expect(bytes == [.stdout: Array("out".utf8), .stderr: [UInt8](repeating: 7, count: 256)])
        #expect(demultiplexer.isComplete)
    }

    @Test func aCutFrameIsNotComplete() throws {
        var demultiplexer = Demultiplexer()
        _ = try demultiplexer.consume([1, 0, 0, 0, 0, 0, 0, 3, 65])
        #expect(!demultiplexer.isComplete)
    }

    @Test func anUnknownChannelIsAnError() {
        var demultiplexer = Demultiplexer()
        #expect(throws: ClientError.self) { try demultiplexer.consume([9, 0, 0, 0, 0, 0, 0, 1, 65]) }
    }

    @Test(arguments: 1...20)
    func linesSurviveEveryCut(_ size: Int) throws {
        let text = Array("one\r\n\ntwo\nlast".utf8)
        var splitter = LineSplitter()
        var lines: [[UInt8]] = []
        for start in stride(from: 0, to: text.count, by: size) {
            lines += try splitter.consume(Array(text[start..<min(start + size, text.count)]))
        }
        #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two"])
        #expect(splitter.finish() == Array("last".utf8))
        #expect(splitter.finish() == nil)
    }

    @Test func aLineHasALimit() {
        var splitter = LineSplitter(limit: 10)
        #expect(throws: ClientError.self) { try splitter.consume([UInt8](repeating: 65, count: 11)) }
    }
}

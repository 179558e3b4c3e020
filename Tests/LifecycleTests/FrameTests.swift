import Lifecycle
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct FrameTests {
    static let contents: [[UInt8]] = [[1], [], [2, 3, 4], Array(repeating: 9, count: 300), [255, 255, 255, 255]]

    static func frame(_ content: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.write(bytes: content)
        return writer.bytes
    }

    private func drain(_ reader: inout FrameReader) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let frame = try reader.next() { frames.append(frame) }
        return frames
    }

    @Test func aStreamSplitAnywhereGivesTheSameFrames() throws {
        let stream = Self.contents.flatMap(Self.frame)
        for position in 0...stream.count {
            var reader = FrameReader()
            reader.append(stream[..<position])
            var frames = try drain(&reader)
            reader.append(stream[position...])
            frames += try drain(&reader)
            #expect(frames == Self.contents)
        }
    }

    @Test func byteByByte() throws {
        var reader = FrameReader()
        var frames: [[UInt8]] = []
        for byte in Self.contents.flatMap(Self.frame) {
            reader.append([byte])
            frames += try drain(&reader)
        }
        #expect(frames == Self.contents)
    }

    @Test func randomlySplitLongStreams() throws {
        var random = Seed.generator(for: "frames")
        let contents = (0..<200).map { index in
            [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: Int.random(in: 0...4000, using: &random))
        }
        var rest = contents.flatMap(Self.frame)[...]
        var reader = FrameReader()
        var frames: [[UInt8]] = []
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...70000, using: &random))
            reader.append(rest.prefix(count))
            rest = rest.dropFirst(count)
            if Bool.random(using: &random) { frames += try drain(&reader) }
        }
        frames += try drain(&reader)
        #expect(frames == contents)
    }

    @Test func theLargestFrameIsTaken() throws {
        var reader = FrameReader()
        let content = [UInt8](repeating: 1, count: FrameReader.limit)
        reader.append(Self.frame(content)[...])
        #expect(try reader.next() == content)
        #expect(try reader.next() == nil)
    }

    @Test(arguments: [FrameReader.limit + 1, Int(UInt32.max)])
    func anOversizedFrameIsRefusedByItsLengthAlone(length: Int) {
        var writer = WireWriter()
        writer.write(UInt32(length))
        var reader = FrameReader()
        reader.append(writer.bytes[...])
        for _ in 0..<2 { #expect(throws: WireError.oversized(length)) { try reader.next() } }
    }

    @Test func messagesTravelInFrames() throws {
        var reader = FrameReader()
        for message in WireSamples.messages { reader.append(message.frame[...]) }
        #expect(try drain(&reader).map { try ShimMessage(wireBytes: $0) } == WireSamples.messages)
    }
}

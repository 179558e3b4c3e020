import Engine
import Lifecycle
import NIOCore
import Testing

@testable import DockerAPI

@Suite struct StreamTests {
    @Test func framesBehindEightBytes() {
        let framed = OutputChunk(stream: .error, bytes: Array("abc".utf8)).framed(multiplexed: true)
        #expect(Array(framed.readableBytesView) == [2, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99])
        let raw = OutputChunk(stream: .output, bytes: [1, 2]).framed(multiplexed: false)
        #expect(Array(raw.readableBytesView) == [1, 2])
    }

    @Test func framesEachLineOfALog() {
        var chunk = OutputChunk(stream: .output, bytes: [97, 10])
        chunk.append(line: OutputChunk(stream: .output, bytes: [98, 99, 10]))
        let framed = chunk.framed(multiplexed: true)
        #expect(
            Array(framed.readableBytesView) == [1, 0, 0, 0, 0, 0, 0, 2, 97, 10, 1, 0, 0, 0, 0, 0, 0, 3, 98, 99, 10])
        #expect(Array(chunk.framed(multiplexed: false).readableBytesView) == [97, 10, 98, 99, 10])
    }

    @Test func namesTheStreamByVersion() {
        #expect(StreamType(isTerminal: false, version: APIVersion(minor: 42)) == .multiplexed)
        #expect(StreamType(isTerminal: false, version: APIVersion(minor: 41)) == .raw)
        #expect(StreamType(isTerminal: true, version: .newest) == .raw)
    }
}

@Suite struct DetachKeysTests {
    @Test func findsTheDefault() throws {
        var keys = try DetachKeys(nil)
        #expect(keys.scan([97, 16]) == .init(bytes: [97]))
        #expect(keys.scan([17, 98]) == .init(bytes: [], detaches: true))
    }

    @Test func givesBackWhatWasHeldInVain() throws {
        var keys = try DetachKeys(nil)
        #expect(keys.scan([16]) == .init())
        #expect(keys.scan([99]) == .init(bytes: [16, 99]))
        #expect(keys.scan([16, 16, 17]) == .init(bytes: [16], detaches: true))
    }

    /// Docker misses this one: the end of what was held is the beginning of the keys.
    @Test func whatWasHeldMayBeginThemAgain() throws {
        var keys = try DetachKeys("a,a,b")
        #expect(keys.scan([97, 97, 97, 98]) == .init(bytes: [97], detaches: true))
    }

    @Test func takesSequences() throws {
        var keys = try DetachKeys("ctrl-a,x")
        #expect(keys.scan([1, 120]).detaches)
        var single = try DetachKeys("q")
        #expect(single.scan([97, 113]) == .init(bytes: [97], detaches: true))
        var bracket = try DetachKeys("ctrl-]")
        #expect(bracket.scan([29]).detaches)
    }

    @Test(arguments: ["ctrl-", "ctrl-1", "", "ab", "a,,b"])
    func refusesWhatIsNoKey(text: String) {
        #expect(throws: APIFailure.self) { try DetachKeys(text) }
    }
}

import Testing

@testable import quell

@Suite struct DetachKeysTests {
    private func feed(_ keys: String, _ pieces: [[UInt8]]) throws -> (passed: [UInt8], detached: Bool) {
        var keys = try DetachKeys(parsing: keys)
        var passed: [UInt8] = []
        for piece in pieces {
            let (some, detached) = keys.feed(piece)
            passed += some
            if detached { return (passed, true) }
        }
        return (passed, false)
    }

    @Test func theSequenceIsNotPassedOn() throws {
        let (passed, detached) = try feed("ctrl-p,ctrl-q", [[65, 0x10, 0x11, 66]])
        #expect(passed == [65] && detached)
    }

    @Test func theSequenceMayComeInPieces() throws {
        let (passed, detached) = try feed("ctrl-p,ctrl-q", [[65, 0x10], [0x11]])
        #expect(passed == [65] && detached)
    }

    @Test func aBeginningIsHeldAndThenGiven() throws {
        #expect(try feed("ctrl-p,ctrl-q", [[0x10]]).passed == [])
        #expect(try feed("ctrl-p,ctrl-q", [[0x10], [65]]).passed == [0x10, 65])
        let (passed, detached) = try feed("ctrl-p,ctrl-q", [[0x10, 0x10, 0x11]])
        #expect(passed == [0x10] && detached)
    }

    /// For every short input over two letters: what is passed and what is held make up what was typed, and the keys are
    /// found exactly where they are in it.
    @Test(arguments: ["a,a", "a,b", "a,a,b", "a,b,a", "a,b,a,b,a"])
    func everyInputIsKept(_ keys: String) throws {
        let sequence = keys.split(separator: ",").compactMap { $0.utf8.first }
        for length in 1...8 {
            for number in 0..<(1 << length) {
                let input = (0..<length).map { number >> $0 & 1 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b") }
                let (passed, detached) = try feed(keys, input.map { [$0] })
                let place = input.indices.first { input[$0...].starts(with: sequence) }
                #expect(detached == (place != nil))
                if let place { #expect(passed == Array(input[..<place])) } else { #expect(input.starts(with: passed)) }
            }
        }
    }

    @Test(arguments: ["", "ctrl-", "ctrl-1", "ctrl-pp", "ab", "a,,b", "alt-p"])
    func refuses(_ text: String) { #expect(throws: ValueFault.self) { try DetachKeys(parsing: text) } }

    @Test func controlKeysAreKnown() throws {
        for (key, byte) in [("ctrl-@", 0), ("ctrl-a", 1), ("ctrl-Z", 26), ("ctrl-[", 27), ("ctrl-_", 31)]
            as [(String, UInt8)]
        {
            #expect(try feed(key, [[byte]]).detached)
        }
    }
}

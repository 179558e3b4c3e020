/// The keys that leave an attached container running: `ctrl-p,ctrl-q`. Pure; fed with what the terminal sends.
struct DetachKeys: Sendable {
    let sequence: [UInt8]
    /// As quelld, which looks for them too, reads them.
    let text: String
    /// How many keys of the sequence were seen last.
    private var matched = 0

    static let standard = "ctrl-p,ctrl-q"

    /// Letters, or `ctrl-` with a letter or one of `@ [ \ ] ^ _`, separated by commas.
    init(parsing text: String) throws(ValueFault) {
        var (keys, words): ([UInt8], [String]) = ([], [])
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let byte = DetachKeys.byte(of: key) else {
                throw ValueFault("\"\(key)\" is no key", expected: "keys such as ctrl-p,ctrl-q or a,b")
            }
            keys.append(byte)
            words.append(key.hasPrefix("ctrl-") ? key.lowercased() : String(key))
        }
        (sequence, self.text) = (keys, words.joined(separator: ","))
    }

    private static func byte(of key: Substring) -> UInt8? {
        if key.count == 1, let byte = key.first?.asciiValue { return byte }
        guard key.hasPrefix("ctrl-"), key.count == 6, let letter = key.last?.lowercased().utf8.first else { return nil }
        switch letter {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return letter - 0x60
        case UInt8(ascii: "@"): return 0
        case UInt8(ascii: "["): return 27
        case UInt8(ascii: "\\"): return 28
        case UInt8(ascii: "]"): return 29
        case UInt8(ascii: "^"): return 30
        case UInt8(ascii: "_"): return 31
        default: return nil
        }
    }

    /// What is to be passed on, and whether the sequence is complete. Keys of an unfinished sequence are held back.
    mutating func feed(_ bytes: [UInt8]) -> (passed: [UInt8], detached: Bool) {
        var passed: [UInt8] = []
        for byte in bytes {
            while matched > 0 && byte != sequence[matched] { matched = fallBack(&passed) }
            if byte == sequence[matched] {
                matched += 1
                if matched == sequence.count {
                    matched = 0
                    return (passed, true)
                }
            } else {
                passed.append(byte)
            }
        }
        return (passed, false)
    }

    /// Lets go of held keys until the rest is again a beginning of the sequence; returns its length.
    private func fallBack(_ passed: inout [UInt8]) -> Int {
        let held = Array(sequence[..<matched])
        for dropped in 1...held.count {
            let rest = held[dropped...]
            if sequence.starts(with: rest) {
                passed += held[..<dropped]
                return rest.count
            }
        }
        return 0
    }
}

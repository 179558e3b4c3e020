/// The keys by which a user leaves a container's terminal: `ctrl-p,ctrl-q` unless told otherwise.
struct DetachKeys: Sendable, Equatable {
    private let sequence: [UInt8]
    /// How many keys of the sequence were seen and are held back.
    private var matched = 0

    /// What is to be passed on, and whether the sequence is complete.
    struct Result: Equatable {
        var bytes: [UInt8] = []
        var detaches = false
    }

    /// Parses `ctrl-a,x`; nil is the default.
    init(_ text: String?) throws(APIFailure) {
        guard let text else {
            sequence = [16, 17]
            return
        }
        var sequence: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let byte = DetachKeys.byte(of: key) else {
                throw APIFailure.invalid("Invalid detach keys (\(text)) provided: unknown key \"\(key)\"")
            }
            sequence.append(byte)
        }
        self.sequence = sequence
    }

    /// Takes what was typed. Keys that could begin the sequence are held until it is clear whether they do.
    mutating func scan(_ typed: some Sequence<UInt8>) -> Result {
        var result = Result()
        for byte in typed {
            while matched > 0, byte != sequence[matched] { fallBack(&result) }
            guard byte == sequence[matched] else {
                result.bytes.append(byte)
                continue
            }
            matched += 1
            guard matched < sequence.count else {
                matched = 0
                result.detaches = true
                return result
            }
        }
        return result
    }

    /// Passes on as many of the held keys as it takes until the rest is a beginning of the sequence again.
    private mutating func fallBack(_ result: inout Result) {
        let held = sequence[..<matched]
        let dropped = (1...matched).first { sequence.starts(with: held.dropFirst($0)) } ?? matched
        result.bytes += held.prefix(dropped)
        matched -= dropped
    }

    private static func byte(of key: Substring) -> UInt8? {
        if key.utf8.count == 1 { return key.utf8.first }
        guard key.hasPrefix("ctrl-"), key.utf8.count == 6, let last = key.utf8.last else { return nil }
        switch last {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return last - UInt8(ascii: "a") + 1
        case UInt8(ascii: "@"): return 0
        case UInt8(ascii: "["), UInt8(ascii: "\\"), UInt8(ascii: "]"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            return last - 64
        default: return nil
        }
    }
}

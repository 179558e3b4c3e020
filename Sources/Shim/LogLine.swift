internal import Lifecycle

/// Lines of Docker's json-file log: `{"log":"…\n","stream":"stdout","time":"…"}`.
enum LogLine {
    /// Longer lines are cut into several entries, all but the last without a newline, as Docker does.
    static let limit = 16 << 10

    static func append(_ text: ArraySlice<UInt8>, stream: OutputStream, time: [UInt8], to out: inout [UInt8]) {
        out.append(contentsOf: #"{"log":""#.utf8)
        if text.allSatisfy({ $0 < 0x80 }) {
            for byte in text { escape(byte, to: &out) }
        } else {
            // Invalid UTF-8 becomes U+FFFD: JSON has no other place for it.
            for byte in String(decoding: text, as: UTF8.self).utf8 { escape(byte, to: &out) }
        }
        out.append(
            contentsOf: (stream == .output ? #"","stream":"stdout","time":""# : #"","stream":"stderr","time":""#).utf8)
        out.append(contentsOf: time)
        out.append(contentsOf: "\"}\n".utf8)
    }

    private static func escape(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case 0x22: out.append(contentsOf: [0x5c, 0x22])
        case 0x5c: out.append(contentsOf: [0x5c, 0x5c])
        case 0x0a: out.append(contentsOf: [0x5c, 0x6e])
        case 0x0d: out.append(contentsOf: [0x5c, 0x72])
        case 0x09: out.append(contentsOf: [0x5c, 0x74])
        case 0..<0x20, 0x7f:
            let digits = Array("0123456789abcdef".utf8)
            out.append(contentsOf: Array(#"\u00"#.utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
        default: out.append(byte)
        }
    }
}

/// Cuts one stream into lines, keeping what is not yet a whole line.
struct LineSplitter {
    private(set) var partial: [UInt8] = []

    /// Calls `body` for each whole line (newline included) and each full piece of an overlong one.
    mutating func feed(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        var rest = bytes
        while let newline = rest.firstIndex(of: 0x0a) {
            emit(rest[...newline], body)
            rest = rest[(newline + 1)...]
        }
        partial.append(contentsOf: rest)
        while partial.count >= LogLine.limit {
            let cut = Self.boundary(in: partial, before: LogLine.limit)
            body(partial[..<cut])
            partial.removeFirst(cut)
        }
    }

    /// The end of the stream: what is left is a line without newline.
    mutating func finish(_ body: (ArraySlice<UInt8>) -> Void) {
        if !partial.isEmpty { body(partial[...]) }
        partial = []
    }

    private mutating func emit(_ tail: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        if partial.isEmpty && tail.count <= LogLine.limit { return body(tail) }
        partial.append(contentsOf: tail)
        while partial.count > LogLine.limit {
            let cut = Self.boundary(in: partial, before: LogLine.limit)
            body(partial[..<cut])
            partial.removeFirst(cut)
        }
        finish(body)
    }

    /// The last position at or before `limit` that does not cut a UTF-8 sequence.
    private static func boundary(in bytes: [UInt8], before limit: Int) -> Int {
        guard limit < bytes.count else { return min(limit, bytes.count) }
        var cut = limit
        while cut > limit - 4 && bytes[cut] & 0xc0 == 0x80 { cut -= 1 }
        return cut > limit - 4 ? cut : limit
    }
}

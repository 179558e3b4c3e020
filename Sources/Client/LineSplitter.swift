/// Cuts a byte stream into lines. Pieces may be cut anywhere; empty lines are passed over, `\r` before `\n` is dropped.
public struct LineSplitter: Sendable {
    private var pending: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: the longest line that is taken, in bytes.
    public init(limit: Int = 16 << 20) { self.limit = limit }

    /// The lines that are complete now.
    /// - Throws: `ClientError.malformed` for a line beyond the limit.
    public mutating func consume(_ bytes: [UInt8]) throws(ClientError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            // Every part but the last is followed by a newline.
            pending += part
            guard pending.count <= limit else {
                throw .malformed(call: "line stream", reason: "a line longer than \(limit) bytes")
            }
            if part.endIndex != bytes.endIndex { take(into: &lines) }
        }
        return lines
    }

    /// What came after the last newline.
    public mutating func finish() -> [UInt8]? {
        var lines: [[UInt8]] = []
        take(into: &lines)
        return lines.first
    }

    private mutating func take(into lines: inout [[UInt8]]) {
        if pending.last == 0x0D { pending.removeLast() }
        if !pending.isEmpty { lines.append(pending) }
        pending.removeAll(keepingCapacity: true)
    }
}

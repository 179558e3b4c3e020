/// Which output of a process bytes come from.
public enum OutputChannel: UInt8, Hashable, Sendable {
    case stdin = 0, stdout = 1, stderr = 2
    /// The daemon's own words: why the stream cannot go on.
    case systemError = 3
}

/// Some bytes of one output.
public struct OutputFrame: Hashable, Sendable {
    public var channel: OutputChannel
    public var bytes: [UInt8]

    public init(channel: OutputChannel, bytes: [UInt8]) { (self.channel, self.bytes) = (channel, bytes) }
}

/// Takes Docker's multiplexed stream apart: frames of one byte channel, three zero bytes, four bytes length (big endian).
///
/// Pieces may be cut anywhere. Payload is handed on as it comes: a frame may be given out in several parts.
public struct Demultiplexer: Sendable {
    private var header: [UInt8] = []
    private var channel = OutputChannel.stdout
    private var remaining = 0

    public init() {}

    /// - Throws: `ClientError.malformed` for a channel nobody defined.
    public mutating func consume(_ bytes: [UInt8]) throws(ClientError) -> [OutputFrame] {
        var frames: [OutputFrame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if remaining > 0 {
                let part = rest.prefix(remaining)
                frames.append(OutputFrame(channel: channel, bytes: Array(part)))
                remaining -= part.count
                rest = rest.dropFirst(part.count)
            } else {
                let part = rest.prefix(8 - header.count)
                header += part
                rest = rest.dropFirst(part.count)
                if header.count == 8 { try openFrame() }
            }
        }
        return frames
    }

    /// The stream has ended; false when it was cut in the middle of a frame.
    public var isComplete: Bool { header.isEmpty && remaining == 0 }

    private mutating func openFrame() throws(ClientError) {
        guard let channel = OutputChannel(rawValue: header[0]) else {
            throw .malformed(call: "output stream", reason: "unknown channel \(header[0])")
        }
        self.channel = channel
        remaining = header[4...].reduce(0) { $0 << 8 | Int($1) }
        header.removeAll(keepingCapacity: true)
    }
}

import Engine
import Lifecycle
import NIOCore

/// Content types of streams of output.
enum StreamType: String {
    /// The bytes of a terminal as they are.
    case raw = "application/vnd.docker.raw-stream"
    /// Chunks of stdout and stderr, each behind a header of eight bytes.
    case multiplexed = "application/vnd.docker.multiplexed-stream"

    /// Before 1.42 both were called raw.
    init(isTerminal: Bool, version: APIVersion) {
        self = isTerminal || version < APIVersion(minor: 42) ? .raw : .multiplexed
    }
}

extension OutputChunk {
    /// The chunk as it goes to the client. A multiplexed one, or each of its lines, begins with its stream (1 stdout,
    /// 2 stderr), three zeros and its length, big endian.
    func framed(multiplexed: Bool) -> ByteBuffer {
        guard multiplexed else { return ByteBuffer(bytes: bytes) }
        let lengths = lineLengths.isEmpty ? [bytes.count] : lineLengths
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytes.count + 8 * lengths.count)
        var rest = bytes[...]
        for length in lengths {
            buffer.writeInteger(UInt32(stream.rawValue) << 24)
            buffer.writeInteger(UInt32(length))
            buffer.writeBytes(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return buffer
    }
}

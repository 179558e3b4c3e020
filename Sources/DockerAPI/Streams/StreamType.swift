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
    /// The chunk as it goes to the client. A multiplexed one begins with its stream (1 stdout, 2 stderr), three zeros
    /// and its length, big endian.
    func framed(multiplexed: Bool) -> ByteBuffer {
        guard multiplexed else { return ByteBuffer(bytes: bytes) }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytes.count + 8)
        buffer.writeInteger(UInt32(stream.rawValue) << 24)
        buffer.writeInteger(UInt32(bytes.count))
        buffer.writeBytes(bytes)
        return buffer
    }
}

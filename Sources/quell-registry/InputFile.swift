import Glibc
import NIOCore
import RegistryWire

/// A blob of the store, read only.
final class InputFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// - Parameter size: what it must have.
    init(_ path: String, size: Int64?) throws(Fault) {
        self.path = path
        // SAFETY: a string that lives through the call.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Fault.file("open", path) }
        var status = stat()
        // SAFETY: a structure on the stack.
        guard unsafe fstat(descriptor, &status) == 0 else { throw Fault.file("fstat", path) }
        if let size, Int64(status.st_size) != size {
            throw Fault(.system, "\(path) has \(status.st_size) bytes, not \(size): the store is damaged")
        }
    }

    deinit { close(descriptor) }

    /// The piece that begins there; empty at the end.
    func piece(at offset: Int64, count: Int) throws(Fault) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        while true {
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                // SAFETY: the buffer and its size.
                unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Fault.file("read", path) }
            return Array(buffer[..<got])
        }
    }

    func whole(limit: Int) throws(Fault) -> [UInt8] {
        let bytes = try piece(at: 0, count: limit + 1)
        guard bytes.count <= limit else { throw Fault(.system, "\(path) is larger than \(limit) bytes") }
        return bytes
    }
}

/// A file, or a part of it, as the body of a request. The next piece is read when the connection has taken the last one.
struct UploadPieces: AsyncSequence, Sendable {
    let file: InputFile
    let range: Range<Int64>
    /// Told how far into the file it is.
    let onSent: @Sendable (Int64) -> Void

    init(file: InputFile, range: Range<Int64>, onSent: @escaping @Sendable (Int64) -> Void) {
        (self.file, self.range, self.onSent) = (file, range, onSent)
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: file, range: range, onSent: onSent) }

    struct Iterator: AsyncIteratorProtocol {
        let file: InputFile
        let end: Int64
        let onSent: @Sendable (Int64) -> Void
        private var offset: Int64
        private var shown = ContinuousClock.now

        init(file: InputFile, range: Range<Int64>, onSent: @escaping @Sendable (Int64) -> Void) {
            (self.file, self.onSent) = (file, onSent)
            (offset, end) = (range.lowerBound, range.upperBound)
        }

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let bytes = try file.piece(at: offset, count: Int(Swift.min(1 << 17, end - offset)))
            guard !bytes.isEmpty else { return nil }
            let now = ContinuousClock.now
            if now - shown >= .milliseconds(100) {
                shown = now
                onSent(offset)
            }
            offset += Int64(bytes.count)
            return ByteBuffer(bytes: bytes)
        }
    }
}

internal import CLinux

/// A file descriptor that is closed exactly once: by `close()`, or when the value goes away.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// For the kernel layer and for poll sets: valid only while this value lives.
    public let raw: Int32

    /// Takes over an open descriptor nobody else closes.
    public init(adopting raw: Int32) { self.raw = raw }

    deinit { _ = clinux_close(raw) }

    /// Closes and reports what the file system says. The descriptor is gone either way.
    public consuming func close() throws(SystemError) {
        let raw = release()
        try check(clinux_close(raw), "close", "descriptor \(raw)")
    }

    /// An empty file in memory, which is gone with its last descriptor; nothing that a disk does reaches it.
    public static func memoryFile(_ name: String) throws(SystemError) -> OwnedDescriptor {
        // SAFETY: the string lives through the call.
        OwnedDescriptor(adopting: try check(unsafe clinux_memory_file(name), "memfd_create", name))
    }

    /// A copy of a program in memory, which nobody can change. EFBIG when it is longer than `limit` bytes.
    public static func sealedCopy(of path: String, named name: String, limit: Int) throws(SystemError)
        -> OwnedDescriptor
    {
        let source = try File.open(path, .readOnly)
        // SAFETY: the string lives through the call.
        return OwnedDescriptor(adopting: try check(unsafe clinux_sealed_copy(name, source.raw, limit), "copy", path))
    }

    /// Gives the number away: the caller closes it from now on.
    public consuming func release() -> Int32 {
        let raw = self.raw
        discard self
        return raw
    }

    /// A second descriptor for the same open file, close-on-exec.
    public borrowing func duplicate() throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(adopting: try check(clinux_duplicate(raw, 3), "dup", "descriptor \(raw)"))
    }

    public borrowing func setNonBlocking(_ on: Bool = true) throws(SystemError) {
        try check(clinux_set_nonblocking(raw, on), "fcntl", "descriptor \(raw)")
    }

    /// Descriptors made by this module are close-on-exec from birth.
    public borrowing func setCloseOnExec(_ on: Bool = true) throws(SystemError) {
        try check(clinux_set_close_on_exec(raw, on), "fcntl", "descriptor \(raw)")
    }
}

/// What one read brought.
public enum ReadResult: Hashable, Sendable {
    /// So many bytes, at least one.
    case bytes(Int)
    case endOfFile
    /// A non-blocking descriptor has nothing now.
    case wouldBlock
}

/// What became of one write.
public enum WriteResult: Hashable, Sendable {
    /// So many bytes were taken; may be fewer than offered.
    case written(Int)
    /// A non-blocking descriptor takes nothing now.
    case wouldBlock
}

extension OwnedDescriptor {
    /// One read(2) into the whole of `buffer` (its count says how much at most). EINTR is retried.
    public borrowing func read(into buffer: inout [UInt8]) throws(SystemError) -> ReadResult {
        try Descriptor.read(raw, into: &buffer)
    }

    /// One pread(2) into the whole of `buffer`; the descriptor's own position stays. EINTR is retried.
    public borrowing func read(into buffer: inout [UInt8], at offset: Int64) throws(SystemError) -> ReadResult {
        let (raw, count) = (self.raw, buffer.count)
        while true {
            // SAFETY: the pointer is used within the closure, for `count` bytes of the array.
            let result = unsafe buffer.withUnsafeMutableBytes {
                unsafe clinux_pread(raw, $0.baseAddress, count, offset)
            }
            if result > 0 { return .bytes(result) }
            if result == 0 { return .endOfFile }
            if result != -4 { throw SystemError("pread", "descriptor \(raw)", errno: Int32(-result)) }
        }
    }

    /// One write(2) of `bytes` from `start` on. EINTR is retried. A pipe without reader gives EPIPE (ignore SIGPIPE first).
    public borrowing func write(_ bytes: [UInt8], from start: Int = 0) throws(SystemError) -> WriteResult {
        try Descriptor.write(raw, bytes, from: start)
    }

    /// Everything, waiting where the descriptor blocks. EAGAIN of a non-blocking descriptor is thrown.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        try Descriptor.writeAll(raw, bytes[...])
    }

    public borrowing func writeAll(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        try Descriptor.writeAll(raw, bytes)
    }

    /// To the end of file; EFBIG when there is more than `limit`.
    public borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        try Descriptor.readAll(raw, limit: limit)
    }

    /// ftruncate(2). The position stays where it is.
    public borrowing func truncate(to size: Int64 = 0) throws(SystemError) {
        let raw = self.raw
        try checkRetrying("ftruncate", "descriptor \(raw)") { clinux_ftruncate(raw, size) }
    }

    /// fallocate(2): room on the disk for the first `size` bytes. ENOSPC, EDQUOT; EOPNOTSUPP where nothing can be promised.
    public borrowing func allocate(_ size: Int64) throws(SystemError) {
        let raw = self.raw
        try checkRetrying("fallocate", "descriptor \(raw)") { clinux_allocate(raw, size) }
    }

    /// sync_file_range(2): begins to write that part to the disk, so that a `sync` to come finds less to do. It promises
    /// nothing.
    public borrowing func startWriteback(from offset: Int64, count: Int64) {
        // What fails here fails in `sync` too, which tells.
        _ = clinux_start_writeback(raw, offset, count)
    }

    /// From the beginning of the file.
    public borrowing func seek(to offset: Int64) throws(SystemError) {
        try check(clinux_lseek(raw, offset, 0), "lseek", "descriptor \(raw)")
    }

    /// fsync(2). May take long on a busy disk.
    public borrowing func sync() throws(SystemError) {
        let raw = self.raw
        try checkRetrying("fsync", "descriptor \(raw)") { clinux_fsync(raw) }
    }
}

/// Calls on a raw descriptor somebody else owns, such as 0, 1 and 2.
public enum Descriptor {
    public static func read(_ raw: Int32, into buffer: inout [UInt8]) throws(SystemError) -> ReadResult {
        let count = buffer.count
        precondition(count > 0, "a read needs room")
        while true {
            // SAFETY: the pointer is used within the closure, for `count` bytes of the array.
            let result = unsafe buffer.withUnsafeMutableBytes { unsafe clinux_read(raw, $0.baseAddress, count) }
            if result > 0 { return .bytes(result) }
            if result == 0 { return .endOfFile }
            if result == -4 { continue }
            if result == -11 { return .wouldBlock }
            throw SystemError("read", "descriptor \(raw)", errno: Int32(-result))
        }
    }

    public static func write(_ raw: Int32, _ bytes: [UInt8], from start: Int = 0) throws(SystemError) -> WriteResult {
        precondition(start <= bytes.count, "start lies beyond the bytes")
        return try write(raw, bytes[start...])
    }

    public static func write(_ raw: Int32, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> WriteResult {
        while true {
            // SAFETY: the bytes of the slice and their count, used within the closure.
            let result = unsafe bytes.withUnsafeBytes { unsafe clinux_write(raw, $0.baseAddress, $0.count) }
            if result >= 0 { return .written(result) }
            if result == -4 { continue }
            if result == -11 { return .wouldBlock }
            throw SystemError("write", "descriptor \(raw)", errno: Int32(-result))
        }
    }

    public static func writeAll(_ raw: Int32, _ bytes: [UInt8]) throws(SystemError) {
        try writeAll(raw, bytes[...])
    }

    public static func writeAll(_ raw: Int32, _ bytes: ArraySlice<UInt8>) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            switch try write(raw, rest) {
            case .written(let count): rest = rest.dropFirst(count)
            case .wouldBlock: throw SystemError("write", "descriptor \(raw)", errno: 11)
            }
        }
    }

    /// splice(2): at most `limit` bytes from one pipe into another, without a copy. `.wouldBlock`: the first is empty, or the
    /// second full; it is not waited for.
    public static func splice(from source: Int32, to target: Int32, limit: Int) throws(SystemError) -> ReadResult {
        while true {
            let result = clinux_splice(source, target, limit)
            if result > 0 { return .bytes(result) }
            if result == 0 { return .endOfFile }
            if result == -4 { continue }
            if result == -11 { return .wouldBlock }
            throw SystemError("splice", "descriptors \(source), \(target)", errno: Int32(-result))
        }
    }

    public static func readAll(_ raw: Int32, limit: Int) throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(max(limit, 1), 16384))
        while true {
            switch try read(raw, into: &buffer) {
            case .bytes(let count):
                all += buffer[..<count]
                if all.count > limit { throw SystemError("read", "descriptor \(raw)", errno: 27) }
            case .endOfFile: return all
            case .wouldBlock: throw SystemError("read", "descriptor \(raw)", errno: 11)
            }
        }
    }

    /// It is open, and one end of a pipe.
    public static func isPipe(_ raw: Int32) -> Bool {
        do throws(SystemError) { return try FileStatus(at: "", in: raw, following: true).kind == .fifo } catch {
            return false
        }
    }

    public static func setNonBlocking(_ raw: Int32, _ on: Bool = true) throws(SystemError) {
        try check(clinux_set_nonblocking(raw, on), "fcntl", "descriptor \(raw)")
    }
}

/// Both ends of a pipe.
@frozen
public struct Pipe: ~Copyable {
    public var reading: OwnedDescriptor
    public var writing: OwnedDescriptor

    /// pipe2(2), close-on-exec; blocking unless asked otherwise.
    public init(nonBlocking: Bool = false) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let flags = CLinux.O_CLOEXEC | (nonBlocking ? CLinux.O_NONBLOCK : 0)
        // SAFETY: two elements, as pipe2 writes.
        try check(unsafe clinux_pipe(&ends, flags), "pipe2")
        reading = OwnedDescriptor(adopting: ends[0])
        writing = OwnedDescriptor(adopting: ends[1])
    }

    /// Room for so many bytes (a pipe has 64 KiB at first): fewer changes between the two processes. As many as the user may
    /// have in pipes; where that is refused, it does as it is.
    public borrowing func enlarge(to size: Int32 = 1 << 20) { _ = clinux_set_pipe_size(writing.raw, size) }
}

import Glibc
import RegistryWire

/// A file of the ingest or work directory. Closed with its last reference, which gives its lock back too.
final class OutputFile {
    let path: String
    private let descriptor: Int32

    /// Opens it for reading and writing, made if it is missing; no link is followed.
    init(_ path: String) throws(Fault) {
        self.path = path
        // SAFETY: a string that lives through the call.
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Fault.file("open", path) }
    }

    deinit { close(descriptor) }

    static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
        let file = try OutputFile(path)
        try file.truncate()
        try file.append(bytes)
    }

    /// False: another process has it.
    func lock() throws(Fault) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK || errno == EINTR else { throw Fault.file("lock", path) }
        return false
    }

    /// Whether the name still stands for this file.
    var isStillThere: Bool {
        var (own, named) = (stat(), stat())
        // SAFETY: structures on the stack, a string that lives through the call.
        guard unsafe fstat(descriptor, &own) == 0, unsafe lstat(path, &named) == 0 else { return false }
        return own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    func size() throws(Fault) -> Int64 {
        var status = stat()
        // SAFETY: a structure on the stack.
        guard unsafe fstat(descriptor, &status) == 0 else { throw Fault.file("fstat", path) }
        return Int64(status.st_size)
    }

    func append(_ bytes: some Collection<UInt8>) throws(Fault) {
        guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw Fault.file("seek in", path) }
        let done: Bool? = bytes.withContiguousStorageIfAvailable { buffer in
            // SAFETY: within the buffer.
            unsafe write(UnsafeRawBufferPointer(buffer))
        }
        if let done {
            guard done else { throw Fault.file("write", path) }
            return
        }
        try append(Array(bytes))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < bytes.count {
            // SAFETY: the caller's buffer, from `start` on.
            let count = unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    /// From the beginning, in pieces; the body may be many gigabytes.
    func readAll(_ body: (ArraySlice<UInt8>) -> Void) throws(Fault) {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var offset: Int64 = 0
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                // SAFETY: the buffer and its size.
                unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault.file("read", path) }
            guard count > 0 else { return }
            body(buffer[..<count])
            offset += Int64(count)
        }
    }

    func truncate() throws(Fault) {
        guard ftruncate(descriptor, 0) == 0 else { throw Fault.file("truncate", path) }
    }

    /// Makes it durable under another name.
    func finish(as target: String) throws(Fault) {
        guard fdatasync(descriptor) == 0 else { throw Fault.file("sync", path) }
        // SAFETY: strings that live through the call.
        guard unsafe rename(path, target) == 0 else { throw Fault.file("rename", path) }
    }

    func remove() {
        // What cannot be removed is swept by quelld.
        // SAFETY: a string that lives through the call.
        _ = unsafe unlink(path)
    }

    static func isThere(_ path: String) -> Bool {
        // SAFETY: a string that lives through the call.
        unsafe access(path, F_OK) == 0
    }
}

extension Fault {
    /// What errno says of a file.
    static func file(_ what: String, _ path: String) -> Fault {
        let number = errno
        let isFull = number == ENOSPC || number == EDQUOT
        // SAFETY: strerror's text is copied at once.
        let text = unsafe String(cString: strerror(number))
        return Fault(isFull ? .noSpace : .system, "\(what) \(path): \(text)")
    }
}

/// Small files that are either the old one or the new one, whole, after a crash.
public enum DurableFile {
    /// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the directory. On return the
    /// content is on the disk. When it throws, `path` is as it was, or holds the new content already.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = "\(path).\(ProcessSelf.pid).tmp"
        do throws(SystemError) {
            let file = try File.open(temporary, [.writeOnly, .create, .truncate], mode: mode)
            try file.writeAll(bytes)
            try file.sync()
            try file.close()
            try File.rename(temporary, to: path)
        } catch {
            do throws(SystemError) { try File.unlink(temporary) } catch {
                // It was never made, or was renamed already: the first error is what the caller must hear.
            }
            let subject = error.subject.hasPrefix("descriptor") ? temporary : error.subject
            throw SystemError(error.call, subject, errno: error.errno)
        }
        try syncDirectory(of: path)
    }

    /// Makes a rename, a creation or a removal in the directory of `path` durable.
    public static func syncDirectory(of path: String) throws(SystemError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try File.open(parent, [.readOnly, .directory])
        try directory.sync()
    }
}

/// An exclusive lock on a file (flock(2)), held as long as the value lives, and no longer than the process does.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Creates the file where it is missing. Nil when somebody else holds the lock.
    public init?(_ path: String) throws(SystemError) {
        let descriptor = try File.open(path, [.readWrite, .create])
        guard try descriptor.tryLock(path) else { return nil }
        self.descriptor = descriptor
    }

    /// Replaces the content, for people who want to know who holds the lock.
    public borrowing func setContent(_ text: String) throws(SystemError) {
        try descriptor.truncate()
        try descriptor.seek(to: 0)
        try descriptor.writeAll(Array(text.utf8))
    }
}

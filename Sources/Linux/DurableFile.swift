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

    /// Makes room on the disk for a `write` to come of at most `size` bytes, so that a disk that is full then does not refuse
    /// it. ENOSPC: there is no room now. A file system that cannot promise room (EOPNOTSUPP) is taken as it is.
    public static func reserve(_ size: Int64, for path: String) throws(SystemError) -> ReservedFile {
        let temporary = "\(path).reserved"
        let file = try File.open(temporary, [.writeOnly, .create, .truncate], mode: 0o600)
        do throws(SystemError) { try file.allocate(size) } catch {
            guard error.isUnsupported else {
                try File.unlink(temporary)
                throw SystemError(error.call, temporary, errno: error.errno)
            }
        }
        return ReservedFile(file: file, temporary: temporary, path: path)
    }

    /// Makes a rename, a creation or a removal in the directory of `path` durable.
    public static func syncDirectory(of path: String) throws(SystemError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try File.open(parent, [.readOnly, .directory])
        try directory.sync()
    }
}

/// See `DurableFile.reserve`.
public struct ReservedFile: ~Copyable, Sendable {
    private let file: OwnedDescriptor
    private let temporary: String
    private let path: String

    init(file: consuming OwnedDescriptor, temporary: String, path: String) {
        (self.temporary, self.path) = (temporary, path)
        self.file = file
    }

    /// On return the content is on the disk under its name. A crash before that may leave a torn file there, which its reader
    /// must recognise: renamed first, so that the file system commits both at once (a second commit takes as long again).
    public consuming func write(_ bytes: [UInt8]) throws(SystemError) {
        try file.writeAll(bytes)
        try file.truncate(to: Int64(bytes.count))
        try File.rename(temporary, to: path)
        try file.sync()
        try DurableFile.syncDirectory(of: path)
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

    /// Held beside others who share it, by the children too that inherit the descriptor, until the last of them has ended. Nil when
    /// somebody has it alone.
    public init?(sharing path: String) throws(SystemError) {
        let descriptor = try File.open(path, [.readWrite, .create])
        guard try descriptor.tryLock(path, shared: true) else { return nil }
        self.descriptor = descriptor
    }

    /// Returns when nobody holds it. Blocks as long as that takes.
    public static func wait(for path: String) throws(SystemError) {
        let descriptor = try File.open(path, [.readWrite, .create])
        try descriptor.lock(path)
    }

    /// For a child that is to hold it too.
    public borrowing func mapping(to target: Int32) -> DescriptorMapping {
        DescriptorMapping(target, from: descriptor.raw)
    }

    /// Replaces the content, for people who want to know who holds the lock.
    public borrowing func setContent(_ text: String) throws(SystemError) {
        try descriptor.truncate()
        try descriptor.seek(to: 0)
        try descriptor.writeAll(Array(text.utf8))
    }
}

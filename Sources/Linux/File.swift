internal import CLinux

/// How a file is opened. All are close-on-exec.
public struct OpenFlags: OptionSet, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let readOnly: OpenFlags = []
    public static let writeOnly = OpenFlags(rawValue: 0o1)
    public static let readWrite = OpenFlags(rawValue: 0o2)
    public static let create = OpenFlags(rawValue: 0o100)
    /// With `create`: EEXIST when it is there.
    public static let exclusive = OpenFlags(rawValue: 0o200)
    public static let noTerminal = OpenFlags(rawValue: 0o400)
    public static let truncate = OpenFlags(rawValue: 0o1000)
    public static let append = OpenFlags(rawValue: 0o2000)
    public static let nonBlocking = OpenFlags(rawValue: 0o4000)
    /// ELOOP when the last part is a symbolic link.
    public static let noFollow = OpenFlags(rawValue: CLinux.O_NOFOLLOW)
    public static let directory = OpenFlags(rawValue: CLinux.O_DIRECTORY)
    /// A handle without access to the content.
    public static let path = OpenFlags(rawValue: 0o10000000)
}

/// What stat(2) tells.
public struct FileStatus: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case regular, directory, symbolicLink, characterDevice, blockDevice, fifo, socket, unknown
    }
    public var kind: Kind
    /// With the file type's bits, as st_mode.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32
    public var size: UInt64
    /// Bytes of the disk that it takes: less than `size` for a sparse file.
    public var allocated: UInt64
    public var inode: UInt64
    public var device: DeviceNumber
    /// Of a device node.
    public var special: DeviceNumber
    public var links: UInt32
    public var modified: WallTime
    /// As in mountinfo (5.8); nil on older kernels.
    public var mountID: UInt64?
}

public struct DeviceNumber: Hashable, Sendable {
    public var major: UInt32
    public var minor: UInt32
    public init(major: UInt32, minor: UInt32) { (self.major, self.minor) = (major, minor) }
}

/// Space of a file system (statfs(2)).
public struct FileSystemSpace: Hashable, Sendable {
    public var totalBytes: UInt64
    /// For users without privileges.
    public var availableBytes: UInt64
    /// The magic number: 0x794c7630 for overlay, 0xef53 for ext4.
    public var type: UInt64
}

/// Files by absolute path, on file systems that are trusted to answer: all of these can hang on a hung mount.
public enum File {
    public static func open(
        _ path: String, _ flags: OpenFlags, mode: UInt32 = 0o600
    ) throws(SystemError) -> OwnedDescriptor {
        let result = try checkRetrying("open", path) {
            // SAFETY: the string lives through the call.
            unsafe clinux_open(path, flags.rawValue | CLinux.O_CLOEXEC, mode)
        }
        return OwnedDescriptor(adopting: result)
    }

    /// The whole file; EFBIG when it is longer than `limit`.
    public static func read(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        let file = try open(path, .readOnly)
        do throws(SystemError) { return try file.readAll(limit: limit) } catch {
            throw SystemError(error.call, path, errno: error.errno)
        }
    }

    /// As `read`; nil when there is no such file.
    public static func readIfPresent(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) { return try read(path, limit: limit) } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// One write(2) to a file that exists: for the control files of /proc and /sys. Not durable.
    public static func overwrite(_ path: String, with text: String) throws(SystemError) {
        let file = try open(path, .writeOnly)
        do throws(SystemError) { try file.writeAll(Array(text.utf8)) } catch {
            throw SystemError("write \"\(text)\" to", path, errno: error.errno)
        }
    }

    /// Does not follow a link at the end. Nil when there is no such file.
    public static func status(of path: String, following: Bool = true) throws(SystemError) -> FileStatus? {
        do throws(SystemError) { return try FileStatus(at: path, in: -100, following: following) } catch {
            if error.isNotFound || error.errno == CLinux.ENOTDIR { return nil }
            throw error
        }
    }

    public static func status(of descriptor: borrowing OwnedDescriptor) throws(SystemError) -> FileStatus {
        try FileStatus(at: "", in: descriptor.raw, following: true)
    }

    public static func space(at path: String) throws(SystemError) -> FileSystemSpace {
        var space = clinux_space()
        // SAFETY: a structure on the stack and a string that lives through the call.
        try check(unsafe clinux_statfs(path, &space), "statfs", path)
        return FileSystemSpace(
            totalBytes: space.total_bytes, availableBytes: space.available_bytes, type: space.type)
    }

    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_mkdir(path, mode), "mkdir", path)
    }

    /// With its parents. A directory that is there already keeps its mode.
    public static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        do throws(SystemError) { try makeDirectory(path, mode: mode) } catch {
            if error.isAlreadyThere { return }
            guard error.isNotFound, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw error }
            try makeDirectories(String(path[..<slash]), mode: mode)
            do throws(SystemError) { try makeDirectory(path, mode: mode) } catch {
                if !error.isAlreadyThere { throw error }
            }
        }
    }

    /// An empty directory only.
    public static func removeDirectory(_ path: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_rmdir(path), "rmdir", path)
    }

    public static func unlink(_ path: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_unlink(path), "unlink", path)
    }

    /// Replaces `target`. Within one file system.
    public static func rename(_ source: String, to target: String) throws(SystemError) {
        // SAFETY: the strings live through the call.
        try check(unsafe clinux_rename(source, target, 0), "rename", "\(source) to \(target)")
    }

    /// EEXIST when `target` is there.
    public static func renameWithoutReplacing(_ source: String, to target: String) throws(SystemError) {
        // SAFETY: the strings live through the call.
        try check(
            unsafe clinux_rename(source, target, UInt32(CLINUX_RENAME_NOREPLACE)), "renameat2", "\(source) to \(target)"
        )
    }

    public static func setMode(_ mode: UInt32, of path: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_chmod(path, mode), "chmod", path)
    }

    public static func setOwner(uid: UInt32, gid: UInt32, of path: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_chown(path, uid, gid), "chown", path)
    }

    public static func makeLink(_ path: String, to target: String) throws(SystemError) {
        // SAFETY: the strings live through the call.
        try check(unsafe clinux_symlink(target, path), "symlink", path)
    }

    public static func readLink(_ path: String) throws(SystemError) -> String { try readLink(path, in: -100) }

    /// The file can be executed by this process.
    public static func isExecutable(_ path: String) -> Bool {
        // SAFETY: the string lives through the call.
        unsafe clinux_access(path, 1) == 0
    }

    /// Names and kinds in a directory, in no order, without `.` and `..`.
    public static func list(_ path: String) throws(SystemError) -> [DirectoryEntry] {
        let directory = try open(path, [.readOnly, .directory])
        return try DirectoryEntry.all(in: directory, named: path)
    }

    /// Removes a file or a directory with all in it, following no link and crossing into mounted file systems: unmount
    /// first. Nothing there is no error. The first failure is thrown after everything else was removed.
    public static func removeTree(_ path: String) throws(SystemError) { try Tree.remove(path) }
}

public struct DirectoryEntry: Hashable, Sendable {
    public let name: String
    public let kind: FileStatus.Kind
}

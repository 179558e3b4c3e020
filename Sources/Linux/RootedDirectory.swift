internal import CLinux

/// A directory that is the root of every path looked up in it: `..` and links, absolute ones too, stay inside
/// (openat2(2) RESOLVE_IN_ROOT, 5.6; ENOSYS on older kernels). Paths are relative to it, with or without `/` in front.
///
/// For looking into a container's file system from outside. Whatever lies on a hung mount below it can hang.
public struct RootedDirectory: ~Copyable, Sendable {
    public let path: String
    private let descriptor: OwnedDescriptor

    public init(_ path: String) throws(SystemError) {
        self.path = path
        descriptor = try File.open(path, [.path, .directory])
    }

    /// For device nodes and FIFOs of an untrusted tree add `.nonBlocking`, or use `read`.
    public borrowing func open(
        _ name: String, _ flags: OpenFlags, mode: UInt32 = 0o644
    ) throws(SystemError) -> OwnedDescriptor {
        let bits = UInt64(UInt32(bitPattern: flags.rawValue | CLinux.O_CLOEXEC))
        let creates = flags.contains(.create)
        let relative = name == "" ? "." : name
        let raw = descriptor.raw
        let resolve = UInt64(CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_MAGICLINKS)
        // EAGAIN: something was renamed during the walk, and the kernel could not be sure. Bounded: a hostile
        // container can rename without end.
        for _ in 0..<128 {
            // SAFETY: the string lives through the call.
            let result = unsafe clinux_openat2(raw, relative, bits, creates ? UInt64(mode) : 0, resolve)
            if result == -CLinux.EINTR || result == -CLinux.EAGAIN { continue }
            return OwnedDescriptor(adopting: try check(result, "open", place(of: name)))
        }
        throw SystemError("open", place(of: name), errno: CLinux.EAGAIN)
    }

    /// Nil when there is no such file.
    public borrowing func status(of name: String, following: Bool = true) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try File.status(of: try open(name, following ? .path : [.path, .noFollow]))
        } catch {
            if error.isNotFound || error.errno == CLinux.ENOTDIR { return nil }
            throw error
        }
    }

    /// A regular file, whole; EFBIG when it is longer than `limit`; EINVAL for anything that is no regular file.
    public borrowing func read(_ name: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        let file = try open(name, [.readOnly, .nonBlocking, .noTerminal])
        guard try File.status(of: file).kind == .regular else {
            throw SystemError("read", place(of: name), errno: CLinux.EINVAL)
        }
        do throws(SystemError) { return try file.readAll(limit: limit) } catch {
            throw SystemError(error.call, place(of: name), errno: error.errno)
        }
    }

    /// As `read`; nil when there is no such file.
    public borrowing func readIfPresent(_ name: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) { return try read(name, limit: limit) } catch {
            if error.isNotFound || error.errno == CLinux.ENOTDIR { return nil }
            throw error
        }
    }

    /// With its parents, through links that lead to directories. New ones get the mode and the owner. ENOTDIR when
    /// something else is in the way.
    public borrowing func makeDirectories(
        _ name: String, mode: UInt32 = 0o755, uid: UInt32 = 0, gid: UInt32 = 0
    ) throws(SystemError) {
        var done = "."
        for part in name.split(separator: "/") where part != "." {
            let next = done + "/" + part
            do throws(SystemError) {
                _ = try open(next, [.path, .directory])
            } catch {
                guard error.isNotFound, part != ".." else { throw error }
                let parent = try open(done, [.readOnly, .directory])
                // SAFETY: the string lives through the call; a single name, so no link is followed.
                let made = unsafe clinux_mkdirat(parent.raw, String(part), mode)
                if made != -CLinux.EEXIST {
                    try check(made, "mkdir", place(of: next))
                    let directory = try open(next, [.readOnly, .directory, .noFollow])
                    try check(clinux_fchmod(directory.raw, mode), "chmod", place(of: next))
                    try check(clinux_fchown(directory.raw, uid, gid), "chown", place(of: next))
                } else {
                    // A link to nowhere, or somebody was faster.
                    _ = try open(next, [.path, .directory])
                }
            }
            done = next
        }
    }

    /// The target as it is written in the link. EINVAL when it is no link.
    public borrowing func readLink(_ name: String) throws(SystemError) -> String {
        let link = try open(name, [.path, .noFollow])
        do throws(SystemError) { return try File.readLink("", in: link.raw) } catch {
            // An empty path on what is no link gives ENOENT.
            throw SystemError("readlink", place(of: name), errno: error.isNotFound ? CLinux.EINVAL : error.errno)
        }
    }

    public borrowing func list(_ name: String) throws(SystemError) -> [DirectoryEntry] {
        try DirectoryEntry.all(in: try open(name, [.readOnly, .directory]), named: place(of: name))
    }

    private borrowing func place(of name: String) -> String {
        path + (name.hasPrefix("/") || path.hasSuffix("/") ? "" : "/") + name
    }
}

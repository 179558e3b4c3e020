internal import CLinux

/// fusectl: the connections of FUSE file systems. None of this hangs on a server that does not answer.
///
/// Works whether or not fusectl is mounted: an instance of our own is used that is attached nowhere (fsmount(2), 5.2).
public struct FuseControl: ~Copyable {
    private let root: OwnedDescriptor

    public init() throws(SystemError) {
        // SAFETY: the string lives through the call.
        let context = OwnedDescriptor(adopting: try check(unsafe clinux_fsopen("fusectl"), "fsopen", "fusectl"))
        try check(clinux_fsconfig_create(context.raw), "mount", "fusectl")
        root = OwnedDescriptor(adopting: try check(clinux_fsmount(context.raw, 0), "fsmount", "fusectl"))
    }

    /// Requests that wait for an answer or to be read; nil: there is no such connection.
    public borrowing func waiting(_ connection: UInt32) throws(SystemError) -> Int? {
        do throws(SystemError) {
            let file = try open(connection, "waiting", CLinux.O_RDONLY)
            return Int(decimal: try file.readAll(limit: 64).trimmed)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Every call on the file system that waits fails, and so will all later ones. ENOENT: there is no such connection.
    public borrowing func abort(_ connection: UInt32) throws(SystemError) {
        try open(connection, "abort", CLinux.O_WRONLY).writeAll(Array("1".utf8))
    }

    private borrowing func open(
        _ connection: UInt32, _ name: String, _ mode: Int32
    ) throws(SystemError) -> OwnedDescriptor {
        let path = "\(connection)/\(name)"
        // SAFETY: the string lives through the call.
        let result = unsafe clinux_openat(root.raw, path, mode | CLinux.O_CLOEXEC, 0)
        return OwnedDescriptor(adopting: try check(result, "open fusectl", path))
    }
}

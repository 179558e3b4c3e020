import Linux

/// The daemon's socket in the file system.
struct SocketFile: Sendable {
    let path: String
    private let status: FileStatus?

    /// Listens at the path: mode 0660, owned by `group` where it exists. A socket nobody answers on is replaced; one
    /// that is in use is not.
    static func listen(at path: String, group: String) throws -> (file: SocketFile, descriptor: Int32) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try File.makeDirectories(String(path[..<slash]))
        }
        try removeStale(path)
        let descriptor = try bind(path)
        if let gid = try groupID(group) { try File.setOwner(uid: 0, gid: gid, of: path) }
        return (SocketFile(path: path, status: try File.status(of: path)), descriptor)
    }

    /// Removes the file, unless another daemon has put its own there meanwhile.
    func remove() throws {
        // Inode numbers are used again at once; together with the time they tell the files apart.
        guard let status, let present = try File.status(of: path), present.inode == status.inode,
            present.device == status.device, present.modified == status.modified
        else { return }
        try File.unlink(path)
    }

    private static func removeStale(_ path: String) throws {
        guard let status = try File.status(of: path, following: false) else { return }
        guard status.kind == .socket else {
            throw DaemonError(
                "cannot listen on \(path): there is a file that is no socket; remove it or choose another path")
        }
        guard try answers(path) else { return try File.unlink(path) }
        throw DaemonError("socket \(path) is in use by a running quelld; stop that one or choose another path with -H")
    }

    private static func bind(_ path: String) throws -> Int32 {
        do throws(SystemError) {
            return try UnixSocket.listen(at: path, mode: 0o660, backlog: 512).release()
        } catch {
            throw DaemonError("cannot listen on \(path): \(error)")
        }
    }

    /// Whether somebody listens: EAGAIN says that its queue is full.
    private static func answers(_ path: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try UnixSocket.connectNonBlocking(to: path).close()
            return true
        } catch {
            if error.errno == connectionRefused || error.isNotFound { return false }
            if error.errno == wouldBlock { return true }
            throw error
        }
    }

    private static let connectionRefused: Int32 = 111
    private static let wouldBlock: Int32 = 11

    /// From /etc/group: a static binary must not ask NSS.
    private static func groupID(_ name: String) throws -> UInt32? {
        guard let bytes = try File.readIfPresent("/etc/group") else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, fields[0] == name { return UInt32(fields[2]) }
        }
        return nil
    }
}

internal import CLinux

/// Removal of whole directories, by descriptors only: a link put in place of a directory meanwhile leads nowhere.
enum Tree {
    /// Deeper directories are moved to the top first, so that a hostile tree exhausts neither stack nor descriptors.
    private static let depth = 64

    static func remove(_ path: String) throws(SystemError) {
        guard let status = try File.status(of: path, following: false) else { return }
        guard status.kind == .directory else { return try File.unlink(path) }
        let top = try File.open(path, [.readOnly, .directory, .noFollow])
        var removal = Removal(top: top.raw)
        repeat {
            removal.moved = 0
            removal.clear(top.raw, named: path, depth: 0)
        } while removal.moved > 0 && removal.first == nil
        if let first = removal.first { throw first }
        try File.removeDirectory(path)
    }

    private struct Removal {
        let top: Int32
        var moved = 0
        var serial = 0
        var first: SystemError?

        init(top: Int32) { self.top = top }

        mutating func note(_ result: Int32, _ call: String, _ path: String) {
            if result < 0 && result != -CLinux.ENOENT && first == nil {
                first = SystemError(call, path, errno: -result)
            }
        }

        mutating func clear(_ directory: Int32, named path: String, depth: Int) {
            var entries: [([CChar], UInt8)] = []
            do throws(SystemError) {
                // SAFETY: a static string.
                let again = try check(
                    unsafe clinux_openat(directory, ".", CLinux.O_RDONLY | CLinux.O_DIRECTORY | CLinux.O_CLOEXEC, 0),
                    "open", path)
                try RawEntry.each(in: OwnedDescriptor(adopting: again), named: path) { entries.append(($0, $1)) }
            } catch {
                note(-error.errno, error.call, path)
            }
            for (name, type) in entries { remove(name, type, in: directory, named: path, depth: depth) }
        }

        private mutating func remove(
            _ name: [CChar], _ type: UInt8, in directory: Int32, named parent: String, depth: Int
        ) {
            let path = parent + "/" + String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if type != 4 {
                // SAFETY: here and below: NUL-terminated, lives through the call.
                let result = unsafe clinux_unlinkat(directory, name, false)
                if result != -CLinux.EISDIR { return note(result, "unlink", path) }
            }
            if depth >= Tree.depth {
                serial += 1
                let result = unsafe clinux_renameat(directory, name, top, ".quell-deep-\(serial)")
                if result == 0 { moved += 1 }
                return note(result, "rename", path)
            }
            // NO_XDEV: what is mounted here is not ours to empty (EXDEV).
            let flags = CLinux.O_RDONLY | CLinux.O_DIRECTORY | CLinux.O_NOFOLLOW | CLinux.O_CLOEXEC
            let raw = unsafe clinux_openat2(directory, name, UInt64(flags), 0, UInt64(CLINUX_RESOLVE_NO_XDEV))
            if raw < 0 { return note(raw, "open", path) }
            clear(raw, named: path, depth: depth + 1)
            _ = clinux_close(raw)
            let result = unsafe clinux_unlinkat(directory, name, true)
            // ENOTEMPTY: something below could not be removed, which was noted.
            if !(result == -CLinux.ENOTEMPTY && (first != nil || moved > 0)) { note(result, "rmdir", path) }
        }
    }
}

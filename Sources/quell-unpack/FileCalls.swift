import CArchive

/// The file calls of CArchive over byte paths, relative to the root the process is confined to. No call follows a
/// symbolic link in the last component. Results are as in C: -errno on failure.
enum Files {
    typealias Facts = file_facts

    static let ENOENT = -2
    static let EINTR = -4
    static let EEXIST = -17
    static let ENOTDIR = -20
    static let ENODATA = -61
    static let EOPNOTSUPP = -95
    static let EPERM = -1
    static let ERANGE = -34

    /// Runs `body` with `path` as a C string. A path with a NUL byte inside names nothing: -ENOENT.
    static func withPath(_ path: Bytes, _ body: (UnsafePointer<CChar>) -> Int) -> Int {
        guard !path.contains(0) else { return ENOENT }
        return unsafe (path + [0]).withUnsafeBytes { bytes in
            // SAFETY: the bytes end in NUL and outlive the call.
            unsafe body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
        }
    }

    static func open(_ path: Bytes, _ flags: Int32, mode: UInt32 = 0) -> Int {
        unsafe withPath(path) { unsafe file_open($0, flags, mode) }
    }
    static func makeDirectory(_ path: Bytes, mode: UInt32) -> Int {
        unsafe withPath(path) { unsafe file_mkdir($0, mode) }
    }
    static func makeNode(_ path: Bytes, mode: UInt32, major: UInt32, minor: UInt32) -> Int {
        unsafe withPath(path) { unsafe file_mknod($0, mode, major, minor) }
    }
    static func link(_ path: Bytes, to target: Bytes) -> Int {
        unsafe withPath(path) { path in unsafe withPath(target) { unsafe file_link($0, path) } }
    }
    static func makeSymbolicLink(_ path: Bytes, to target: Bytes) -> Int {
        unsafe withPath(path) { path in unsafe withPath(target) { unsafe file_symlink($0, path) } }
    }
    static func unlink(_ path: Bytes) -> Int { unsafe withPath(path) { unsafe file_unlink($0) } }
    static func removeDirectory(_ path: Bytes) -> Int { unsafe withPath(path) { unsafe file_rmdir($0) } }
    static func setMode(_ path: Bytes, _ mode: UInt32) -> Int { unsafe withPath(path) { unsafe file_chmod($0, mode) } }
    static func setOwner(_ path: Bytes, _ user: UInt32, _ group: UInt32) -> Int {
        unsafe withPath(path) { unsafe file_chown($0, user, group) }
    }
    static func setTimes(_ path: Bytes, _ seconds: Int64, _ nanoseconds: Int) -> Int {
        unsafe withPath(path) { unsafe file_times($0, seconds, nanoseconds) }
    }

    /// At `offset`, or at the descriptor's own position. EINTR is retried.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64? = nil, _ name: Bytes)
        throws(Fault)
    {
        var start = 0
        while start < bytes.count {
            // SAFETY: start stays below count.
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
            let count =
                if let offset {
                    unsafe file_write_at(descriptor, rest.baseAddress, rest.count, offset + Int64(start))
                } else {
                    unsafe file_write(descriptor, rest.baseAddress, rest.count)
                }
            if count == EINTR { continue }
            start += try checked(count, "write", name)
        }
    }

    /// lstat(2). nil when nothing is there.
    static func facts(_ path: Bytes) throws(Fault) -> Facts? {
        var facts = Facts()
        let result = unsafe withPath(path) { unsafe file_facts($0, &facts) }
        if result == ENOENT || result == ENOTDIR { return nil }
        try checked(result, "lstat", path)
        return facts
    }

    /// Names in a directory, sorted, so that the same tree always gives the same tar.
    static func list(_ path: Bytes) throws(Fault) -> [Bytes] {
        var names: [Bytes] = []
        let result = unsafe withPath(path) {
            // SAFETY: the directory stream is closed here; each name is copied before the next is asked for.
            guard let directory = unsafe file_directory($0) else { return -Int(file_error()) }
            while let name = unsafe file_directory_next(directory) { names.append(unsafe Bytes(cString: name)) }
            unsafe file_directory_close(directory)
            return 0
        }
        try checked(result, "opendir", path)
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func changeDirectory(_ path: Bytes) -> Int { unsafe withPath(path) { unsafe file_change_directory($0) } }

    /// Absolute path without symbolic links; nil where it leads to nothing.
    static func resolve(_ path: Bytes) -> Bytes? {
        var buffer = Bytes(repeating: 0, count: 4096)
        let result = unsafe buffer.withUnsafeMutableBytes { buffer in
            // SAFETY: the array has PATH_MAX bytes.
            unsafe withPath(path) {
                unsafe file_resolve($0, buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
            }
        }
        return result < 0 ? nil : Bytes(buffer.prefix { $0 != 0 })
    }

    static func readLink(_ path: Bytes) throws(Fault) -> Bytes {
        var buffer = Bytes(repeating: 0, count: 4096)
        let length = unsafe buffer.withUnsafeMutableBytes { buffer in
            // SAFETY: at most `count` bytes are written into the array.
            unsafe withPath(path) {
                unsafe file_readlink($0, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), 4096)
            }
        }
        return Bytes(buffer.prefix(try checked(length, "readlink", path)))
    }

    static func setAttribute(_ path: Bytes, _ name: Bytes, _ value: Bytes) -> Int {
        unsafe value.withUnsafeBytes { value in
            // SAFETY: the value's bytes and their count; both names end in NUL.
            unsafe withPath(path) { path in
                unsafe withPath(name) { unsafe file_set_attribute(path, $0, value.baseAddress, value.count) }
            }
        }
    }

    /// nil when the file has no such attribute, or the file system knows none.
    static func attribute(_ path: Bytes, _ name: Bytes) throws(Fault) -> Bytes? {
        unsafe try filled("getxattr", path) { buffer in
            // SAFETY: at most `count` bytes are written into the buffer.
            unsafe withPath(path) { path in
                unsafe withPath(name) { unsafe file_get_attribute(path, $0, buffer.baseAddress, buffer.count) }
            }
        }
    }

    static func attributeNames(_ path: Bytes) throws(Fault) -> [Bytes] {
        let list = unsafe try filled("listxattr", path) { buffer in
            // SAFETY: at most `count` bytes are written into the buffer.
            unsafe withPath(path) {
                unsafe file_list_attributes($0, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
            }
        }
        return (list ?? []).split(separator: 0).map(Bytes.init)
    }

    /// Mostly there is little or nothing; XATTR_SIZE_MAX and XATTR_LIST_MAX are 64 KiB.
    private static func filled(_ call: String, _ path: Bytes, _ read: (UnsafeMutableRawBufferPointer) -> Int)
        throws(Fault) -> Bytes?
    {
        for size in [256, 65536] {
            var buffer = Bytes(repeating: 0, count: size)
            let length = unsafe buffer.withUnsafeMutableBytes { unsafe read($0) }
            if length == ERANGE, size == 256 { continue }
            if [ENODATA, EOPNOTSUPP].contains(length) { return nil }
            return Bytes(buffer.prefix(try checked(length, call, path)))
        }
        return nil
    }
}

extension Files.Facts {
    enum Kind { case file, directory, symbolicLink, characterDevice, blockDevice, pipe, socket, other }

    var kind: Kind {
        switch mode & 0o170000 {
        case 0o100000: .file
        case 0o040000: .directory
        case 0o120000: .symbolicLink
        case 0o020000: .characterDevice
        case 0o060000: .blockDevice
        case 0o010000: .pipe
        case 0o140000: .socket
        default: .other
        }
    }

    /// overlayfs marks a deleted name with a character device 0:0 (kernel, filesystems/overlayfs.rst).
    var isWhiteout: Bool { kind == .characterDevice && special_major == 0 && special_minor == 0 }
}

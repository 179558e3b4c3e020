internal import CLinux

extension FileStatus {
    /// An empty path: the descriptor itself.
    init(at path: String, in directory: Int32, following: Bool) throws(SystemError) {
        var raw = clinux_stat()
        // SAFETY: a structure on the stack and a string that lives through the call.
        let result = unsafe clinux_stat(directory, path, following, &raw)
        try check(result, "stat", path.isEmpty ? "descriptor \(directory)" : path)
        kind = Kind(mode: raw.mode)
        (mode, uid, gid, size, inode) = (raw.mode, raw.user, raw.group, raw.size, raw.inode)
        allocated = raw.allocated
        device = DeviceNumber(major: raw.device_major, minor: raw.device_minor)
        special = DeviceNumber(major: raw.special_major, minor: raw.special_minor)
        links = raw.links
        modified = WallTime(seconds: raw.modified_seconds, nanoseconds: Int32(clamping: raw.modified_nanoseconds))
        mountID = raw.has_mount_id ? raw.mount_id : nil
    }
}

extension FileStatus.Kind {
    /// From the type bits of st_mode.
    init(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = .regular
        case 0o040000: self = .directory
        case 0o120000: self = .symbolicLink
        case 0o020000: self = .characterDevice
        case 0o060000: self = .blockDevice
        case 0o010000: self = .fifo
        case 0o140000: self = .socket
        default: self = .unknown
        }
    }

    /// From d_type, which is st_mode's type bits shifted; zero where the file system does not say.
    init(directoryType: UInt8) { self.init(mode: UInt32(directoryType) << 12) }
}

extension File {
    static func readLink(_ path: String, in directory: Int32) throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: the buffer and the string live through the call.
        let length = try check(
            unsafe clinux_readlink(directory, path, &buffer, buffer.count), "readlink",
            path.isEmpty ? "descriptor \(directory)" : path)
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension DirectoryEntry {
    /// All entries; the descriptor is consumed.
    static func all(
        in descriptor: consuming OwnedDescriptor, named path: String
    ) throws(SystemError) -> [DirectoryEntry] {
        var all: [DirectoryEntry] = []
        try RawEntry.each(in: descriptor, named: path) { name, type in
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            all.append(DirectoryEntry(name: String(decoding: bytes, as: UTF8.self), kind: .init(directoryType: type)))
        }
        return all
    }
}

/// Names as the kernel gave them, NUL included: they need not be UTF-8.
enum RawEntry {
    static func each(
        in descriptor: consuming OwnedDescriptor, named path: String, _ body: ([CChar], UInt8) -> Void
    ) throws(SystemError) {
        var error: Int32 = 0
        let raw = descriptor.release()
        // SAFETY: the directory takes the descriptor over; it is closed below. When it fails, we close it.
        guard let directory = unsafe clinux_directory(raw, &error) else {
            _ = clinux_close(raw)
            throw SystemError("fdopendir", path, errno: error)
        }
        defer { _ = unsafe closedir(directory) }
        var type: UInt8 = 0
        // SAFETY: a NUL-terminated name, valid until the next call; copied at once.
        while let name = unsafe clinux_directory_next(directory, &type, &error) {
            let length = unsafe strlen(name) + 1
            body(unsafe Array(UnsafeBufferPointer(start: name, count: length)), type)
        }
        if error != 0 { throw SystemError("readdir", path, errno: error) }
    }
}

extension OwnedDescriptor {
    /// flock(2) without waiting; false when somebody else holds it.
    borrowing func tryLock(_ path: String, shared: Bool = false) throws(SystemError) -> Bool {
        let kind = shared ? CLINUX_LOCK_SHARED : CLINUX_LOCK_EXCLUSIVE
        let result = clinux_flock(raw, kind | CLINUX_LOCK_NONBLOCKING)
        if result == -CLinux.EAGAIN { return false }
        try check(result, "flock", path)
        return true
    }

    /// flock(2), for as long as it takes.
    borrowing func lock(_ path: String) throws(SystemError) {
        while true {
            let result = clinux_flock(raw, CLINUX_LOCK_EXCLUSIVE)
            if result == -4 { continue }
            try check(result, "flock", path)
            return
        }
    }
}

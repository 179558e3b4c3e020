import CArchive

/// What a tar entry says about itself, copied out of libarchive.
struct EntryHeader {
    enum Kind: Equatable {
        case file, directory
        case symbolicLink(Bytes)
        case hardLink(Bytes)
        /// S_IFCHR, S_IFBLK or S_IFIFO.
        case node(UInt32, major: UInt32, minor: UInt32)
        case unknown
    }

    let rawName: Bytes
    let kind: Kind
    let size: Int64
    let permissions: UInt32
    let user: UInt32
    let group: UInt32
    let modified: (seconds: Int64, nanoseconds: Int)?
    let attributes: [(name: Bytes, value: Bytes)]

    var isSymbolicLink: Bool { if case .symbolicLink = kind { true } else { false } }

    init(_ entry: OpaquePointer) {
        // SAFETY: libarchive's strings live as long as the entry; they are copied at once.
        rawName = unsafe Bytes(cString: archive_entry_pathname(entry))
        unsafe size = archive_entry_size(entry)
        unsafe permissions = UInt32(archive_entry_perm(entry)) & 0o7777
        unsafe user = UInt32(truncatingIfNeeded: archive_entry_uid(entry))
        unsafe group = UInt32(truncatingIfNeeded: archive_entry_gid(entry))
        modified =
            if unsafe archive_entry_mtime_is_set(entry) != 0 {
                unsafe (Int64(archive_entry_mtime(entry)), Int(archive_entry_mtime_nsec(entry)))
            } else { nil }
        kind = unsafe EntryHeader.kind(of: entry)
        attributes = unsafe EntryHeader.attributes(of: entry)
    }

    private static func kind(of entry: OpaquePointer) -> Kind {
        if let target = unsafe archive_entry_hardlink(entry) { return unsafe .hardLink(Bytes(cString: target)) }
        let type = unsafe UInt32(archive_entry_filetype(entry))
        switch type {
        case 0o100000: return .file
        case 0o040000: return .directory
        case 0o120000: return unsafe .symbolicLink(Bytes(cString: archive_entry_symlink(entry)))
        case 0o020000, 0o060000, 0o010000:
            let major = unsafe UInt32(truncatingIfNeeded: archive_entry_rdevmajor(entry))
            let minor = unsafe UInt32(truncatingIfNeeded: archive_entry_rdevminor(entry))
            return .node(type, major: major, minor: minor)
        default: return .unknown
        }
    }

    private static func attributes(of entry: OpaquePointer) -> [(name: Bytes, value: Bytes)] {
        var attributes: [(name: Bytes, value: Bytes)] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        unsafe archive_entry_xattr_reset(entry)
        // SAFETY: name and value belong to the entry; copied at once.
        while unsafe archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            let bytes = unsafe Bytes(UnsafeRawBufferPointer(start: value, count: size))
            attributes.append((unsafe Bytes(cString: name), bytes))
        }
        return attributes
    }
}

extension Bytes {
    /// Without the NUL; empty for a null pointer.
    init(cString: UnsafePointer<CChar>?) {
        guard let text = unsafe cString else {
            self = []
            return
        }
        var length = 0
        // SAFETY: reads up to the terminating NUL and no further.
        while unsafe text[length] != 0 { length += 1 }
        self = unsafe Bytes(UnsafeRawBufferPointer(start: text, count: length))
    }
}

import CArchive

/// A pax tar on standard output.
@safe final class ArchiveWriter {
    private let archive: OpaquePointer
    private let entry: OpaquePointer

    init() throws(Fault) {
        guard let archive = unsafe archive_write_new(), let entry = unsafe archive_entry_new() else {
            throw Fault(.system, "out of memory")
        }
        unsafe (self.archive, self.entry) = (archive, entry)
        for result in unsafe [
            archive_write_set_format_pax_restricted(archive),
            // Go and GNU tar know file attributes by this name.
            archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY"),
            archive_write_set_bytes_per_block(archive, 1 << 16),
            archive_write_set_bytes_in_last_block(archive, 1),
            archive_write_open_fd(archive, 1),
        ] { try require(result, []) }
    }

    deinit {
        // SAFETY: both were made in init, nobody else frees them.
        unsafe archive_entry_free(entry)
        unsafe archive_write_free(archive)
    }

    struct Header {
        var name: Bytes
        /// S_IFMT and permission bits.
        var mode: UInt32
        var user: UInt32 = 0
        var group: UInt32 = 0
        var size: Int64 = 0
        var modified: (seconds: Int64, nanoseconds: Int) = (0, 0)
        var linkTarget: Bytes?
        var hardLink: Bytes?
        var device: (major: UInt32, minor: UInt32)?
        var attributes: [(name: Bytes, value: Bytes)] = []
    }

    func begin(_ header: Header) throws(Fault) {
        unsafe archive_entry_clear(entry)
        _ = unsafe Files.withPath(header.name) {
            unsafe archive_entry_set_pathname(entry, $0)
            return 0
        }
        unsafe archive_entry_set_mode(entry, header.mode)
        unsafe archive_entry_set_uid(entry, Int64(header.user))
        unsafe archive_entry_set_gid(entry, Int64(header.group))
        unsafe archive_entry_set_size(entry, header.size)
        unsafe archive_entry_set_mtime(entry, time_t(header.modified.seconds), header.modified.nanoseconds)
        if let device = header.device {
            unsafe archive_entry_set_rdevmajor(entry, dev_t(device.major))
            unsafe archive_entry_set_rdevminor(entry, dev_t(device.minor))
        }
        setLinks(header)
        for attribute in header.attributes { add(attribute.name, attribute.value) }
        try require(unsafe archive_write_header(archive, entry), header.name)
    }

    func write(_ bytes: UnsafeRawBufferPointer, _ name: Bytes) throws(Fault) {
        let written = unsafe archive_write_data(archive, bytes.baseAddress, bytes.count)
        if written < 0 { try require(Int32(ARCHIVE_FATAL), name) }
    }

    /// Fills up with zeros what the file turned out to be short of.
    func end(_ name: Bytes) throws(Fault) { try require(unsafe archive_write_finish_entry(archive), name) }

    func finish() throws(Fault) { try require(unsafe archive_write_close(archive), []) }

    private func setLinks(_ header: Header) {
        if let target = header.linkTarget {
            _ = unsafe Files.withPath(target) {
                unsafe archive_entry_set_symlink(entry, $0)
                return 0
            }
        }
        if let target = header.hardLink {
            _ = unsafe Files.withPath(target) {
                unsafe archive_entry_set_hardlink(entry, $0)
                return 0
            }
        }
    }

    private func add(_ name: Bytes, _ value: Bytes) {
        unsafe value.withUnsafeBytes { value in
            // SAFETY: libarchive copies name and value.
            _ = unsafe Files.withPath(name) {
                unsafe archive_entry_xattr_add_entry(entry, $0, value.baseAddress, value.count)
                return 0
            }
        }
    }

    private func require(_ result: Int32, _ name: Bytes) throws(Fault) {
        guard result != ARCHIVE_OK, result != ARCHIVE_WARN else { return }
        // SAFETY: a C string owned by the archive object, copied here.
        let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
        var fault = Fault(.system, "writing the archive: " + (text ?? "failed"), entry: name)
        fault.errno = unsafe archive_errno(archive)
        if [28, 122].contains(fault.errno) { fault.kind = .space }
        throw fault
    }
}

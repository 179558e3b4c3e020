import CArchive

/// Standard input as a tar: one libarchive reader takes the compression off, a second reads the format from what the
/// first gives. So the uncompressed stream, whose digest is a layer's DiffID, passes through our hands to its last byte.
@safe final class ArchiveReader {
    private let compressed: OpaquePointer
    private let tar: OpaquePointer
    private let limit: Int64
    private let echoes: Bool
    private let decompresses: Bool
    private var streamed: Int64 = 0
    private var trailingZeros: Int64 = 0
    /// What went wrong below the tar reader; it would only say "read failed".
    private var fault: Fault?

    /// - Parameters:
    ///   - echoes: writes the uncompressed stream to standard output.
    ///   - decompresses: takes a compression off, where there is one; otherwise the input is taken as it is.
    ///   - limit: bytes the uncompressed stream may have.
    init(echoes: Bool, decompresses: Bool = true, limit: Int64) throws(Fault) {
        guard let compressed = unsafe archive_read_new(), let tar = unsafe archive_read_new() else {
            throw Fault(.system, "out of memory")
        }
        unsafe (self.compressed, self.tar) = (compressed, tar)
        (self.echoes, self.decompresses, self.limit) = (echoes, decompresses, limit)
    }

    deinit {
        // SAFETY: both were made in init, nobody else frees them.
        unsafe archive_read_free(tar)
        unsafe archive_read_free(compressed)
    }

    /// Only decompresses.
    func drainAll() throws(Fault) {
        try openCompressed()
        try drain()
    }

    func openTar() throws(Fault) {
        try openCompressed()
        unsafe try require(archive_read_support_format_tar(tar), of: tar)
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        // SAFETY: the reader outlives its archive objects, which are freed in deinit.
        let result = unsafe archive_read_open(
            tar, owner, nil,
            { _, owner, buffer in
                guard let owner = unsafe owner, let buffer = unsafe buffer else { return -1 }
                return unsafe Unmanaged<ArchiveReader>.fromOpaque(owner).takeUnretainedValue().supply(buffer)
            }, nil)
        unsafe try require(result, of: tar)
    }

    /// nil at the end of the archive. The entry is valid until the next call.
    func next() throws(Fault) -> OpaquePointer? {
        var entry: OpaquePointer?
        let result = unsafe archive_read_next_header(tar, &entry)
        if result == ARCHIVE_EOF { return nil }
        unsafe try require(result, of: tar)
        return unsafe entry
    }

    /// One piece of the current entry's data; nil at its end. The pointer is valid until the next call.
    func nextData() throws(Fault) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var size = 0
        var offset: Int64 = 0
        let result = unsafe archive_read_data_block(tar, &start, &size, &offset)
        if result == ARCHIVE_EOF { return nil }
        unsafe try require(result, of: tar)
        return unsafe (UnsafeRawBufferPointer(start: start, count: size), offset)
    }

    /// Reads what follows the end mark, so that the stream is complete.
    func drain() throws(Fault) {
        while unsafe try advance() != nil {}
    }

    /// tar ends in two blocks of zeros. An archive cut between two entries has lost them, and nothing else tells.
    func requireEndMark() throws(Fault) {
        guard trailingZeros >= 512 else {
            throw Fault(.archive, "the archive ends without its end mark: it is truncated")
        }
    }

    private func openCompressed() throws(Fault) {
        if decompresses {
            for result in unsafe [
                archive_read_support_filter_gzip(compressed), archive_read_support_filter_bzip2(compressed),
                archive_read_support_filter_xz(compressed), archive_read_support_filter_zstd(compressed),
            ] { unsafe try require(result, of: compressed) }
        }
        for result in unsafe [
            archive_read_support_format_raw(compressed), archive_read_support_format_empty(compressed),
            archive_read_open_fd(compressed, 0, 1 << 18),
        ] { unsafe try require(result, of: compressed) }
        var entry: OpaquePointer?
        let result = unsafe archive_read_next_header(compressed, &entry)
        if result == ARCHIVE_EOF { throw Fault(.archive, "the archive is empty") }
        unsafe try require(result, of: compressed)
    }

    /// The next piece of the uncompressed stream, already echoed; nil at its end.
    private func advance() throws(Fault) -> UnsafeRawBufferPointer? {
        var start: UnsafeRawPointer?
        var size = 0
        var offset: Int64 = 0
        repeat {
            let result = unsafe archive_read_data_block(compressed, &start, &size, &offset)
            if result == ARCHIVE_EOF { return nil }
            unsafe try require(result, of: compressed)
        } while size == 0
        let piece = unsafe UnsafeRawBufferPointer(start: start, count: size)
        streamed += Int64(size)
        guard streamed <= limit else { throw Fault(.limit, "unpacks to more than \(limit) bytes") }
        unsafe countTrailingZeros(piece)
        if echoes { try unsafe Files.writeAll(piece, to: 1, Array("standard output".utf8)) }
        return unsafe piece
    }

    private func countTrailingZeros(_ piece: UnsafeRawBufferPointer) {
        var zeros = 0
        // SAFETY: the index stays within the piece.
        while zeros < min(piece.count, 1024), unsafe piece[piece.count - 1 - zeros] == 0 { zeros += 1 }
        trailingZeros = zeros == piece.count ? trailingZeros + Int64(zeros) : Int64(zeros)
    }

    /// libarchive's read callback: bytes given, 0 at the end, negative on failure.
    private func supply(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do throws(Fault) {
            guard let piece = unsafe try advance() else { return 0 }
            unsafe buffer.pointee = piece.baseAddress
            return piece.count
        } catch {
            fault = error
            return Int(ARCHIVE_FATAL)
        }
    }

    private func require(_ result: Int32, of archive: OpaquePointer) throws(Fault) {
        // A warning: the entry is usable (an odd character set, say).
        guard result != ARCHIVE_OK, result != ARCHIVE_WARN else { return }
        if let fault { throw fault }
        // SAFETY: a C string owned by the archive object, copied here.
        let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
        throw Fault(.archive, text ?? "cannot be read")
    }
}

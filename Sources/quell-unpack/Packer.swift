import CArchive

/// Writes a directory tree, or one file, of the root this process is confined to as a tar.
struct Packer {
    struct Options {
        /// overlayfs' whiteouts and opaque directories become those of the OCI image-spec.
        var isLayer = false
        /// Files that are left out if they are empty: mount points.
        var withoutEmpty: Set<Bytes> = []
        /// Times to the nanosecond; otherwise whole seconds, as Docker's tars have them.
        var exactTimes = false
        var path: Bytes = [dot]
        /// What the names begin with, in place of `path`; empty: nothing, and the root is `./`.
        var prefix = Bytes()
    }

    private struct Inode: Hashable { let device, number: UInt64 }

    let options: Options
    let writer: ArchiveWriter
    private(set) var entries: Int64 = 0
    private(set) var bytes: Int64 = 0
    private var linked: [Inode: Bytes] = [:]
    private var buffer = Bytes(repeating: 0, count: 1 << 17)

    init(_ writer: ArchiveWriter, _ options: Options) {
        self.writer = writer
        self.options = options
    }

    mutating func run() throws(Fault) {
        guard let facts = try Files.facts(options.path) else {
            throw Fault(.missing, "no such file or directory", entry: options.path)
        }
        try pack(options.path, as: options.prefix.isEmpty ? [dot] : options.prefix, facts)
        try writer.finish()
    }

    private mutating func pack(_ path: Bytes, as name: Bytes, _ facts: Files.Facts) throws(Fault) {
        if options.isLayer, facts.isWhiteout { return try packWhiteout(name, facts) }
        if facts.kind == .socket || facts.kind == .other { return }
        if facts.kind == .file, facts.size == 0, options.withoutEmpty.contains(name) { return }
        let header = try header(path, name, facts)
        try put(header)
        if facts.kind == .file, header.hardLink == nil { try copyContents(of: path, facts.size) }
        try writer.end(name)
        guard facts.kind == .directory else { return }
        if options.isLayer, try Files.attribute(path, Array("trusted.overlay.opaque".utf8)) == [UInt8(ascii: "y")] {
            try put(.init(name: name + [slash] + LayerMark.opaqueName, mode: 0o100000))
            try writer.end(name)
        }
        for child in try Files.list(path) {
            let below = path + [slash] + child
            // Of a running container: it may be gone by now.
            guard let facts = try Files.facts(below) else { continue }
            try pack(below, as: options.prefix.isEmpty && name == [dot] ? child : name + [slash] + child, facts)
        }
    }

    private mutating func put(_ header: ArchiveWriter.Header) throws(Fault) {
        entries += 1
        try writer.begin(header)
    }

    private mutating func packWhiteout(_ name: Bytes, _ facts: Files.Facts) throws(Fault) {
        let components = name.split(separator: slash)
        let marked = components.dropLast() + [LayerMark.whiteoutName(of: Bytes(components.last ?? []))[...]]
        try put(.init(name: Bytes(marked.joined(separator: [slash])), mode: 0o100000, modified: times(facts)))
        try writer.end(name)
    }

    private mutating func header(_ path: Bytes, _ name: Bytes, _ facts: Files.Facts) throws(Fault)
        -> ArchiveWriter.Header
    {
        var header = ArchiveWriter.Header(
            name: name, mode: facts.mode, user: facts.user, group: facts.group, modified: times(facts))
        if facts.links > 1, facts.kind != .directory {
            let inode = Inode(device: facts.device, number: facts.inode)
            if let first = linked[inode] {
                header.hardLink = first
                return header
            }
            linked[inode] = name
        }
        switch facts.kind {
        case .file: header.size = facts.size
        case .symbolicLink: header.linkTarget = try Files.readLink(path)
        case .characterDevice, .blockDevice: header.device = (facts.special_major, facts.special_minor)
        case .directory, .pipe, .socket, .other: break
        }
        header.attributes = try attributes(of: path)
        return header
    }

    private func times(_ facts: Files.Facts) -> (seconds: Int64, nanoseconds: Int) {
        (facts.modified, options.exactTimes ? Int(facts.modified_nanoseconds) : 0)
    }

    /// What means the same on another machine: file capabilities and the users' own attributes.
    private func attributes(of path: Bytes) throws(Fault) -> [(name: Bytes, value: Bytes)] {
        var attributes: [(name: Bytes, value: Bytes)] = []
        for name in try Files.attributeNames(path) {
            let travels = name == Array("security.capability".utf8) || name.starts(with: Array("user.".utf8))
            guard travels, !name.isOverlays, let value = try Files.attribute(path, name) else { continue }
            attributes.append((name, value))
        }
        return attributes
    }

    private mutating func copyContents(of path: Bytes, _ size: Int64) throws(Fault) {
        // O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK: it may have been replaced meanwhile, by a pipe say.
        let flags = O_NOFOLLOW | O_NOCTTY | O_NONBLOCK
        let file = Int32(try checked(Files.open(path, flags), "open", path))
        defer { _ = file_close(file) }
        var left = size
        while left > 0 {
            let count = unsafe buffer.withUnsafeMutableBytes { buffer in
                // SAFETY: at most `count` bytes are written into the array.
                unsafe file_read(file, buffer.baseAddress, buffer.count)
            }
            if count == Files.EINTR { continue }
            try checked(count, "read", path)
            if count == 0 { break }
            let used = min(count, Int(min(left, Int64(Int.max))))
            try copyOut(used, path)
            left -= Int64(used)
            bytes += Int64(used)
        }
    }

    private func copyOut(_ count: Int, _ path: Bytes) throws(Fault) {
        let result: Result<Void, Fault> = unsafe buffer.withUnsafeBytes { buffer in
            // SAFETY: count is at most the buffer's.
            Result { () throws(Fault) in
                try unsafe writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), path)
            }
        }
        try result.get()
    }
}

import CArchive

/// Puts the entries of a tar into the directory this process is confined to.
struct Extractor {
    enum Whiteouts: String {
        /// As files of that name.
        case none
        /// As overlayfs wants them: a character device 0:0, and the attribute trusted.overlay.opaque.
        case overlay
        /// Carried out on what is there already.
        case apply
    }

    struct Options {
        var whiteouts = Whiteouts.none
        /// Owners, modes, times, attributes and devices. Otherwise only files, directories and links, owned by us.
        var restores = true
        /// Everything belongs to this user and group.
        var owner: (user: UInt32, group: UInt32)?
        /// A directory never becomes a file, nor a file a directory.
        var keepsKinds = false
        /// The archive's root is a directory that keeps its own owner, mode and time.
        var keepsRoot = false
        /// Large files begin to go to the disk while they come: they are to be durable soon.
        var writesBack = false
        var maximumEntries = Int64.max
        var maximumBytes = Int64.max
    }

    private static let writebackStep: Int64 = 8 << 20

    let options: Options
    let archive: ArchiveReader
    private(set) var entries: Int64 = 0
    /// Bytes of file contents.
    private(set) var bytes: Int64 = 0
    /// Set at the end: everything put into a directory changes its time.
    private var directoryTimes: [(path: Bytes, seconds: Int64, nanoseconds: Int)] = []

    init(_ archive: ArchiveReader, _ options: Options) {
        self.archive = archive
        self.options = options
    }

    mutating func run() throws(Fault) {
        while let entry = unsafe try archive.next() {
            let header = unsafe EntryHeader(entry)
            entries += 1
            guard entries <= options.maximumEntries else {
                throw Fault(.limit, "more than \(options.maximumEntries) entries", entry: header.rawName)
            }
            do throws(Fault) {
                try place(header)
            } catch {
                throw Fault(naming: header.rawName, error)
            }
        }
        for directory in directoryTimes.reversed() {
            let result = Files.setTimes(directory.path, directory.seconds, directory.nanoseconds)
            // A later entry may have replaced the directory.
            guard result != Files.ENOENT, result != Files.ENOTDIR else { continue }
            try checked(result, "utimensat", directory.path)
        }
    }

    private mutating func place(_ header: EntryHeader) throws(Fault) {
        guard let name = EntryName(header.rawName) else {
            throw Fault(.hostile, "the name leads out of the archive's root")
        }
        if options.whiteouts != .none {
            switch LayerMark(name.last) {
            case .none: break
            case .bookkeeping: return
            case .malformed: throw Fault(.hostile, "a whiteout of nothing, or of the directory itself")
            case .opaque: return try hideLower(in: name.parent)
            case .whiteout(let hidden): return try hide(name.parent.appending(hidden))
            }
        }
        if name.isRoot {
            guard header.kind == .directory else { throw Fault(.hostile, "the root can only be a directory") }
            if !options.keepsRoot { try finish(name, header) }
            return
        }
        try makeParents(of: name)
        let replaced = try clear(name, for: header)
        try create(name, header)
        if replaced == .whiteout, header.kind == .directory, options.whiteouts == .overlay { try setOpaque(name) }
    }

    private mutating func create(_ name: EntryName, _ header: EntryHeader) throws(Fault) {
        let path = name.path
        switch header.kind {
        case .hardLink(let target): return try link(path, to: target)
        case .directory:
            let result = Files.makeDirectory(path, mode: 0o700)
            if result != Files.EEXIST { try checked(result, "mkdir", path) }
        case .file: try write(path, size: header.size)
        case .symbolicLink(let target):
            guard !target.isEmpty else { throw Fault(.archive, "a symbolic link to nothing") }
            try checked(Files.makeSymbolicLink(path, to: target), "symlink", path)
        case .node(let type, let major, let minor):
            guard options.restores else { throw Fault(.hostile, "a device or pipe has no place in this archive") }
            try checked(Files.makeNode(path, mode: type | 0o600, major: major, minor: minor), "mknod", path)
        case .unknown: throw Fault(.archive, "an entry of unknown type")
        }
        try finish(name, header)
    }

    private func link(_ path: Bytes, to target: Bytes) throws(Fault) {
        guard let target = EntryName(target) else {
            throw Fault(.hostile, "a hard link to \(printable(target)), outside the archive's root")
        }
        let result = Files.link(path, to: target.path)
        guard result != Files.ENOENT else {
            throw Fault(.archive, "a hard link to \(printable(target.path)), which is not there")
        }
        try checked(result, "link", path)
    }

    private mutating func write(_ path: Bytes, size: Int64) throws(Fault) {
        guard size <= options.maximumBytes else { throw Fault(.limit, "larger than \(options.maximumBytes) bytes") }
        // O_WRONLY | O_CREAT | O_EXCL: whatever was there has been taken away.
        let file = Int32(try checked(Files.open(path, 0o1 | 0o100 | 0o200, mode: 0o600), "create", path))
        defer { _ = file_close(file) }
        var (end, begun): (Int64, Int64) = (0, 0)
        while let (piece, offset) = unsafe try archive.nextData() {
            bytes += Int64(piece.count)
            guard bytes <= options.maximumBytes else {
                throw Fault(.limit, "unpacks to more than \(options.maximumBytes) bytes")
            }
            try unsafe Files.writeAll(piece, to: file, at: offset, path)
            end = max(end, offset + Int64(piece.count))
            if options.writesBack, end - begun >= Extractor.writebackStep {
                // What fails here fails in the sync too, which tells.
                _ = file_start_writeback(file, begun, end - begun)
                begun = end
            }
        }
        // A sparse file may end in a hole.
        if end < size { try checked(file_truncate(file, size), "ftruncate", path) }
    }

    /// Owner, attributes, mode, time: in this order, as each clears bits of what comes before.
    private mutating func finish(_ name: EntryName, _ header: EntryHeader) throws(Fault) {
        let path = name.path
        guard options.restores else { return }
        let owner = options.owner ?? (header.user, header.group)
        try checked(Files.setOwner(path, owner.user, owner.group), "chown", path)
        try setAttributes(path, header)
        if !header.isSymbolicLink { try checked(Files.setMode(path, header.permissions), "chmod", path) }
        guard let time = header.modified else { return }
        if header.kind == .directory {
            directoryTimes.append((path, time.seconds, time.nanoseconds))
        } else {
            try checked(Files.setTimes(path, time.seconds, time.nanoseconds), "utimensat", path)
        }
    }

    private func setAttributes(_ path: Bytes, _ header: EntryHeader) throws(Fault) {
        for attribute in header.attributes where !attribute.name.isOverlays {
            let result = Files.setAttribute(path, attribute.name, attribute.value)
            // As Docker: a file system that knows no such attribute, or one that is the host's to set, is no reason
            // to refuse the image; losing a file capability is.
            if [Files.EOPNOTSUPP, Files.EPERM].contains(result), attribute.name != Array("security.capability".utf8) {
                continue
            }
            try checked(result, "setxattr \(printable(attribute.name))", path)
        }
    }
}

extension Bytes {
    /// overlayfs' own bookkeeping: a layer that brings its own could point the kernel at other layers' files.
    var isOverlays: Bool {
        starts(with: Array("trusted.overlay.".utf8)) || starts(with: Array("user.overlay.".utf8))
    }
}

extension Fault {
    /// The same, naming the entry by which it came about.
    init(naming entry: Bytes, _ fault: Fault) {
        self = fault
        self.entry = entry
    }
}

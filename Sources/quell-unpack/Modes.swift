import CArchive

// Each mode confines itself, then works, then says what it did: `done TAB entries TAB bytes` on standard error.

func unpack(_ arguments: Arguments) throws(Fault) -> String {
    guard let whiteouts = Extractor.Whiteouts(rawValue: arguments.value("whiteouts") ?? "none") else {
        throw Fault(.usage, "--whiteouts: none, overlay or apply")
    }
    let bytes = try arguments.number("maximum-bytes", default: 1 << 40)
    var options = Extractor.Options(whiteouts: whiteouts, restores: !arguments.has("plain"))
    options.maximumBytes = bytes
    options.maximumEntries = try arguments.number("maximum-entries", default: 1 << 24)
    options.keepsKinds = arguments.has("keep-kinds")
    options.writesBack = arguments.has("sync") || arguments.has("write-back")
    options.owner = try owner(arguments)
    let needs: Confinement.Needs =
        !options.restores ? .plain : whiteouts == .overlay ? .restoringLayer : .restoring
    // Somewhere in a container's file system, and not a layer.
    try Confinement.enter(try arguments.root(), needs, seesMounts: arguments.value("path") != nil)
    if let path = arguments.value("path") {
        options.keepsRoot = true
        try enter(path)
    }
    // Headers and padding: at most three blocks an entry, and pax records beside.
    let overhead = (1 << 26) + min(options.maximumEntries, 1 << 24) * 4096
    let archive = try ArchiveReader(
        echoes: arguments.has("echo"), decompresses: !arguments.has("uncompressed"),
        limit: bytes > Int64.max - overhead ? .max : bytes + overhead)
    try archive.openTar()
    var extractor = Extractor(archive, options)
    try extractor.run()
    try archive.drain()
    if arguments.has("end-mark") { try archive.requireEndMark() }
    if arguments.has("sync") { try syncFileSystem() }
    return "done\t\(extractor.entries)\t\(extractor.bytes)\n"
}

func pack(_ arguments: Arguments) throws(Fault) -> String {
    var options = Packer.Options(isLayer: arguments.has("layer"), exactTimes: arguments.has("exact-times"))
    options.withoutEmpty = Set((arguments.value("without-empty") ?? "").split(separator: ":").map { Bytes($0.utf8) })
    try Confinement.enter(
        try arguments.root(), options.isLayer ? .readingLayer : .reading, seesMounts: arguments.value("path") != nil)
    if let path = arguments.value("path") {
        options.path = insideRoot(path)
        let last = EntryName(options.path)?.last ?? []
        // `docker cp c:/dir/. x`: the client replaces the dot.
        options.prefix = last.isEmpty || path.hasSuffix("/.") ? [dot] : last
    }
    var packer = Packer(try ArchiveWriter(), options)
    try packer.run()
    return "done\t\(packer.entries)\t\(packer.bytes)\n"
}

func decompress(_ arguments: Arguments) throws(Fault) -> String {
    let limit = try arguments.number("maximum-bytes", default: 1 << 40)
    try Confinement.enter(try arguments.root(), .nothing)
    try ArchiveReader(echoes: true, limit: limit).drainAll()
    return "done\t0\t0\n"
}

/// Mode, size, seconds, nanoseconds, name, link target, each followed by a NUL, on standard output.
func status(_ arguments: Arguments) throws(Fault) -> String {
    try Confinement.enter(try arguments.root(), .reading, seesMounts: true)
    let path = insideRoot(arguments.value("path") ?? "/")
    guard let facts = try Files.facts(path) else { throw Fault(.missing, "no such file or directory", entry: path) }
    var target = Bytes()
    if facts.kind == .symbolicLink {
        let direct = try Files.readLink(path)
        target =
            Files.resolve(path)
            ?? (direct.first == slash ? direct : [slash] + (EntryName(path)?.parent.path ?? []) + [slash] + direct)
    }
    let name = EntryName(path)?.last ?? []
    let numbers = [String(facts.mode), String(facts.size), String(facts.modified), String(facts.modified_nanoseconds)]
    let fields = numbers.map { Bytes($0.utf8) } + [name.isEmpty ? [slash] : name, target]
    let line = Bytes(fields.map { $0 + [0] }.joined())
    let result: Result<Void, Fault> = unsafe line.withUnsafeBytes { bytes in
        Result { () throws(Fault) in try unsafe Files.writeAll(bytes, to: 1, path) }
    }
    try result.get()
    return "done\t1\t0\n"
}

/// Whether overlayfs works over the file system of an empty directory: a merged view is mounted, in a mount namespace
/// that ends with this process, and a file is deleted through it.
func probe(_ arguments: Arguments) throws(Fault) -> String {
    let root = Bytes(try arguments.root().utf8)
    try Confinement.ownNamespaces()
    try checked(Files.changeDirectory(root), "chdir", root)
    for name in ["lower", "lower/gone", "upper", "work", "merged"] {
        try checked(Files.makeDirectory(Bytes(name.utf8), mode: 0o755), "mkdir", Bytes(name.utf8))
    }
    // SAFETY: constant strings.
    let mounted = unsafe confine_mount(
        "quell", "merged", "overlay", 0,
        "lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=off,metacopy=off,index=off")
    try checked(mounted, "mount overlay", root)
    let merged = Bytes("merged/gone".utf8)
    try checked(Files.removeDirectory(merged), "rmdir", merged)
    guard try Files.facts(Bytes("upper/gone".utf8))?.isWhiteout == true else {
        throw Fault(.system, "deleting through overlayfs left no whiteout", entry: root)
    }
    try setProbeAttribute()
    return "done\t0\t0\n"
}

private func setProbeAttribute() throws(Fault) {
    let upper = Bytes("upper".utf8)
    let result = Files.setAttribute(upper, Bytes("trusted.overlay.opaque".utf8), [UInt8(ascii: "y")])
    try checked(result, "setxattr trusted.overlay.opaque", upper)
}

private func owner(_ arguments: Arguments) throws(Fault) -> (user: UInt32, group: UInt32)? {
    guard let text = arguments.value("owner") else { return nil }
    let parts = text.split(separator: ":").compactMap { UInt32($0) }
    guard parts.count == 2 else { throw Fault(.usage, "--owner: UID:GID, not \(text)") }
    return (parts[0], parts[1])
}

/// From here on names are relative to that directory of the root.
private func enter(_ path: String) throws(Fault) {
    let path = insideRoot(path)
    switch Files.changeDirectory(path) {
    case 0: return
    case Files.ENOENT: throw Fault(.missing, "no such file or directory", entry: path)
    case Files.ENOTDIR: throw Fault(.conflict, "not a directory", entry: path)
    case let result: throw Fault("chdir", path, result: result)
    }
}

/// `/a/b` of the container; the root is ours by now, and nothing lies above it.
private func insideRoot(_ path: String) -> Bytes { [slash] + Bytes(path.utf8).drop { $0 == slash } }

private func syncFileSystem() throws(Fault) {
    let root = Int32(try checked(Files.open([dot], Int32(FILE_O_DIRECTORY)), "open", [dot]))
    defer { _ = file_close(root) }
    try checked(confine_syncfs(root), "syncfs", [dot])
}

import Glibc
import Linux

/// Writes entries of an archive below a directory, and nowhere else: names that leave it are refused, and nothing is
/// written through a symbolic link.
struct TarExtractor {
    private let root: String
    /// The first part of every name in the archive, and what takes its place; nothing, to unpack only the content.
    /// Names that begin with `./` have no such part.
    private let rename: (from: String, to: String)?
    /// Owners as in the archive; otherwise everything belongs to who calls.
    private let keepsOwners: Bool
    private var parser = TarParser()
    private var file: OpenFile?
    /// Directories get their modes and times last, or nothing could be written into them.
    private var directories: [(path: String, header: TarHeader)] = []
    private(set) var warnings: [String] = []

    private struct OpenFile {
        let path: String
        let descriptor: Int32
        let header: TarHeader
        var remaining: Int
    }

    init(into root: String, rename: (from: String, to: String)? = nil, keepsOwners: Bool = false) {
        (self.root, self.rename, self.keepsOwners) = (root, rename, keepsOwners)
    }

    mutating func consume(_ bytes: [UInt8]) throws {
        for event in try parser.consume(bytes) {
            switch event {
            case .entry(let header): try make(header)
            case .content(let bytes): try write(bytes)
            }
        }
    }

    mutating func finish() throws {
        guard parser.isComplete, file == nil else { throw TarFault("it ends in the middle") }
        for (path, header) in directories.reversed() { try settle(path, header) }
    }

    /// Where an entry goes; nil for the root itself.
    private func place(of name: String) throws -> String? {
        var parts = name.split(separator: "/").filter { $0 != "." }.map(String.init)
        // A NUL would end the name for the kernel: `..\0` is no part that is called `..`.
        guard !parts.contains(".."), !name.utf8.contains(0) else {
            throw TarFault("the name \"\(name)\" leads out of the target")
        }
        if let rename, parts.first == rename.from, !name.hasPrefix("./") {
            parts.replaceSubrange(0..<1, with: rename.to.isEmpty ? [] : [rename.to])
        }
        guard !parts.isEmpty else { return nil }
        var path = root
        for part in parts.dropLast() {
            path += "/" + part
            guard let status = try File.status(of: path, following: false) else {
                try File.makeDirectory(path)
                continue
            }
            guard status.kind == .directory else {
                throw TarFault("\"\(name)\" goes through \(path), which is no directory")
            }
        }
        return path + "/" + parts[parts.count - 1]
    }

    private mutating func make(_ header: TarHeader) throws {
        guard let path = try place(of: header.name) else { return }
        let present = try File.status(of: path, following: false)
        if header.kind == .directory {
            if let present, present.kind != .directory { throw TarFault("\(path) is in the way of a directory") }
            if present == nil { try File.makeDirectory(path, mode: 0o700) }
            directories.append((path, header))
            return
        }
        if let present {
            guard present.kind != .directory else { throw TarFault("the directory \(path) is in the way of a file") }
            try File.unlink(path)
        }
        switch header.kind {
        case .file: try open(path, header)
        case .symbolicLink(let target):
            try File.makeLink(path, to: target)
            if keepsOwners { try check(unsafe lchown(path, header.uid, header.gid), "lchown", path) }
        case .hardLink(let target):
            guard let source = try place(of: target) else { throw TarFault("a hard link to nothing") }
            // SAFETY: the strings live through the call.
            try check(unsafe link(source, path), "link", "\(source) to \(path)")
        case .fifo, .device: warnings.append("\(header.name) is no file: left out")
        case .directory: break
        }
    }

    private mutating func open(_ path: String, _ header: TarHeader) throws {
        let descriptor = try File.open(path, [.writeOnly, .create, .exclusive, .noFollow], mode: 0o600).release()
        file = OpenFile(path: path, descriptor: descriptor, header: header, remaining: header.size)
        if header.size == 0 { try closeFile() }
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        guard let open = file else { return }
        try Descriptor.writeAll(open.descriptor, bytes)
        file?.remaining -= bytes.count
        if open.remaining == bytes.count { try closeFile() }
    }

    private mutating func closeFile() throws {
        guard let open = file else { return }
        file = nil
        try OwnedDescriptor(adopting: open.descriptor).close()
        try settle(open.path, open.header)
    }

    /// Owner, mode and time; the owner first, as it clears the set-id bits.
    private func settle(_ path: String, _ header: TarHeader) throws {
        // Programs do not get another user's rights by being copied out.
        let bits: UInt32 = keepsOwners ? 0o7777 : 0o1777
        if keepsOwners { try File.setOwner(uid: header.uid, gid: header.gid, of: path) }
        try File.setMode(header.mode & bits, of: path)
        let time = timespec(tv_sec: Int(header.modified), tv_nsec: 0)
        // SAFETY: two structures on the stack and a string that live through the call.
        try check(unsafe utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW), "utimensat", path)
    }

    private func check(_ result: Int32, _ call: String, _ subject: String) throws {
        if result < 0 { throw SystemError(call, subject, errno: errno) }
    }
}

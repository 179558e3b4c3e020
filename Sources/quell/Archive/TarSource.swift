import Linux

/// A file or a directory with all in it, as a tar archive that is made while it is read. Links are kept as links.
struct TarSource: AsyncSequence, Sendable {
    /// What is archived.
    let path: String
    /// Its name in the archive; `.` for the content of a directory.
    let name: String
    let progress: @Sendable (Int) -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var walk: TarWalk
        mutating func next() async throws -> [UInt8]? { try walk.next() }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(walk: TarWalk(pending: [(path, name)], progress: progress))
    }
}

private struct TarWalk {
    /// Paths that are to come, the next one last.
    var pending: [(path: String, name: String)]
    let progress: @Sendable (Int) -> Void
    private var file: OpenFile?
    private var ended = false
    private static let piece = 256 << 10

    private final class OpenFile: Sendable {
        let path: String
        let descriptor: OwnedDescriptor
        init(_ path: String) throws(SystemError) {
            self.path = path
            descriptor = try File.open(path, [.readOnly, .noFollow])
        }
    }
    private var remaining = 0
    private var padding = 0

    init(pending: [(path: String, name: String)], progress: @escaping @Sendable (Int) -> Void) {
        (self.pending, self.progress) = (pending, progress)
    }

    mutating func next() throws -> [UInt8]? {
        if let file { return try content(file) }
        guard let (path, name) = pending.popLast() else {
            defer { ended = true }
            return ended ? nil : TarHeader.end
        }
        return try entry(path, name)
    }

    private mutating func entry(_ path: String, _ name: String) throws -> [UInt8] {
        guard let status = try File.status(of: path, following: false) else {
            throw Failure("\(path) went away while it was copied")
        }
        var header = TarHeader(
            name: name, kind: .file, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid,
            modified: status.modified.seconds)
        switch status.kind {
        case .regular:
            header.size = Int(status.size)
            (remaining, padding) = (header.size, TarHeader.padding(header.size))
            if header.size > 0 { file = try OpenFile(path) }
        case .directory:
            header.kind = .directory
            header.name += "/"
            for entry in try File.list(path).sorted(by: { $0.name > $1.name }) {
                pending.append(("\(path)/\(entry.name)", name == "." ? "./\(entry.name)" : "\(name)/\(entry.name)"))
            }
        case .symbolicLink: header.kind = .symbolicLink(to: try File.readLink(path))
        case .fifo: header.kind = .fifo
        case .characterDevice, .blockDevice, .socket, .unknown:
            // Nothing that can be copied; an empty piece is passed over by whoever sends them.
            return []
        }
        return header.encoded
    }

    /// Exactly as much as the header said: a file that shrank is filled up, one that grew is cut.
    private mutating func content(_ open: OpenFile) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: min(TarWalk.piece, remaining))
        switch try open.descriptor.read(into: &buffer) {
        case .bytes(let count): buffer.removeLast(buffer.count - count)
        case .endOfFile, .wouldBlock: break
        }
        remaining -= buffer.count
        progress(buffer.count)
        if remaining == 0 {
            file = nil
            buffer += [UInt8](repeating: 0, count: padding)
        }
        return buffer
    }
}

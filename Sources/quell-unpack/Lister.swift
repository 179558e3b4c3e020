import CArchive

/// Writes what lies in the root this process is confined to on standard output, for comparing trees. For each entry:
/// `mode size seconds nanoseconds uid gid major minor opaque` in decimal, a NUL, the path, a NUL.
struct Lister {
    private var buffer = Bytes()
    private(set) var entries: Int64 = 0

    mutating func run() throws(Fault) {
        for child in try Files.list([dot]) { try list(child) }
        try flush()
    }

    private mutating func list(_ path: Bytes) throws(Fault) {
        // Of a running container: it may be gone by now.
        guard let facts = try Files.facts(path) else { return }
        let isDirectory = facts.kind == .directory
        let mark = isDirectory ? try Files.attribute(path, Array("trusted.overlay.opaque".utf8)) : nil
        let numbers: [Int64] = [
            Int64(facts.mode), facts.size, facts.modified, Int64(facts.modified_nanoseconds), Int64(facts.user),
            Int64(facts.group), Int64(facts.special_major), Int64(facts.special_minor),
            mark == [UInt8(ascii: "y")] ? 1 : 0,
        ]
        buffer += Bytes(numbers.map(String.init).joined(separator: " ").utf8) + [0] + path + [0]
        entries += 1
        if buffer.count > 1 << 16 { try flush() }
        guard isDirectory else { return }
        for child in try Files.list(path) { try list(path + [slash] + child) }
    }

    private mutating func flush() throws(Fault) {
        let result: Result<Void, Fault> = unsafe buffer.withUnsafeBytes { bytes in
            Result { () throws(Fault) in try unsafe Files.writeAll(bytes, to: 1, Array("standard output".utf8)) }
        }
        try result.get()
        buffer.removeAll(keepingCapacity: true)
    }
}

func list(_ arguments: Arguments) throws(Fault) -> String {
    try Confinement.enter(try arguments.root(), .readingLayer)
    var lister = Lister()
    try lister.run()
    return "done\t\(lister.entries)\t0\n"
}

/// A name from an archive, made relative and free of `.`, `..` and empty components.
struct EntryName {
    /// `a/b/c`; empty for the root itself.
    let components: [ArraySlice<UInt8>]

    /// Leading slashes are dropped, as tar does. nil if `..` leads above the root.
    init?(_ raw: Bytes) {
        var components: [ArraySlice<UInt8>] = []
        for component in raw.split(separator: slash) {
            if component == [dot] { continue }
            if component == [dot, dot] {
                guard components.popLast() != nil else { return nil }
            } else {
                components.append(component)
            }
        }
        self.components = components
    }

    private init(components: [ArraySlice<UInt8>]) { self.components = components }

    /// `.` for the root.
    var path: Bytes { components.isEmpty ? [dot] : Bytes(components.joined(separator: [slash])) }
    var isRoot: Bool { components.isEmpty }
    var last: Bytes { Bytes(components.last ?? []) }
    var parent: EntryName { EntryName(components: components.dropLast()) }

    func appending(_ name: Bytes) -> EntryName { EntryName(components: components + [name[...]]) }
}

let slash = UInt8(ascii: "/")
let dot = UInt8(ascii: ".")

/// What the last component of a layer's entry means (OCI image-spec, layer.md, "Whiteouts").
enum LayerMark: Equatable {
    /// `.wh..wh..opq`: nothing of the layers below shows in this directory.
    case opaque
    /// `.wh.NAME`: NAME of the layers below is gone.
    case whiteout(Bytes)
    /// `.wh..wh.*`: bookkeeping of aufs; skipped.
    case bookkeeping
    /// A whiteout of nothing, `.` or `..`.
    case malformed
    case none

    init(_ name: Bytes) {
        let prefix = Array(".wh.".utf8)
        guard name.starts(with: prefix) else {
            self = .none
            return
        }
        let rest = Bytes(name.dropFirst(prefix.count))
        if name == Array(".wh..wh..opq".utf8) {
            self = .opaque
        } else if rest.starts(with: prefix) {
            self = .bookkeeping
        } else if rest.isEmpty || rest == [dot] || rest == [dot, dot] {
            self = .malformed
        } else {
            self = .whiteout(rest)
        }
    }

    static func whiteoutName(of name: Bytes) -> Bytes { Array(".wh.".utf8) + name }
    static let opaqueName = Array(".wh..wh..opq".utf8)
}

import CArchive

// What is in the way of an entry, and what a layer hides.
extension Extractor {
    enum Replaced { case nothing, entry, whiteout }

    /// Missing parents are made, as tar does: 0755, ours.
    func makeParents(of name: EntryName) throws(Fault) {
        var missing: [Bytes] = []
        var parent = name.parent
        while !parent.isRoot {
            let facts = try Files.facts(parent.path)
            if let facts, !(facts.isWhiteout && options.whiteouts == .overlay) { break }
            missing.append(parent.path)
            parent = parent.parent
        }
        for path in missing.reversed() {
            let whiteout = try Files.facts(path) != nil
            if whiteout { try checked(Files.unlink(path), "unlink", path) }
            try checked(Files.makeDirectory(path, mode: 0o755), "mkdir", path)
            try checked(Files.setMode(path, 0o755), "chmod", path)
            if whiteout { try setOpaque(path) }
        }
    }

    /// Takes away what is there under that name, unless both are directories.
    func clear(_ name: EntryName, for header: EntryHeader) throws(Fault) -> Replaced {
        guard let facts = try Files.facts(name.path) else { return .nothing }
        let isDirectory = facts.kind == .directory
        let becomesDirectory = header.kind == .directory
        if isDirectory && becomesDirectory { return .nothing }
        if options.keepsKinds && isDirectory != becomesDirectory {
            throw Fault(
                .conflict,
                isDirectory ? "cannot overwrite a directory with a file" : "cannot overwrite a file with a directory")
        }
        try remove(name.path, facts)
        return facts.isWhiteout ? .whiteout : .entry
    }

    /// A whiteout: the name of the layers below does not show. What this layer itself has under the name, does.
    func hide(_ name: EntryName) throws(Fault) {
        let facts = try Files.facts(name.path)
        switch options.whiteouts {
        case .none: break
        case .apply:
            if let facts { try remove(name.path, facts) }
        case .overlay:
            guard facts == nil else { return }
            try makeParents(of: name)
            try checked(Files.makeNode(name.path, mode: 0o020000, major: 0, minor: 0), "mknod whiteout", name.path)
        }
    }

    /// An opaque directory.
    func hideLower(in name: EntryName) throws(Fault) {
        switch options.whiteouts {
        case .none: break
        case .apply:
            guard try Files.facts(name.path)?.kind == .directory else { return }
            for child in try Files.list(name.path) {
                let path = name.appending(child).path
                if let facts = try Files.facts(path) { try remove(path, facts) }
            }
        case .overlay:
            try makeParents(of: name.appending([dot]))
            try setOpaque(name)
        }
    }

    func setOpaque(_ name: EntryName) throws(Fault) { try setOpaque(name.path) }

    func setOpaque(_ path: Bytes) throws(Fault) {
        let result = Files.setAttribute(path, Array("trusted.overlay.opaque".utf8), [UInt8(ascii: "y")])
        try checked(result, "setxattr trusted.overlay.opaque", path)
    }

    /// Removes a file, or a whole directory tree.
    func remove(_ path: Bytes, _ facts: Files.Facts) throws(Fault) {
        guard facts.kind == .directory else {
            try checked(Files.unlink(path), "unlink", path)
            return
        }
        for child in try Files.list(path) {
            let below = path + [slash] + child
            if let facts = try Files.facts(below) { try remove(below, facts) }
        }
        try checked(Files.removeDirectory(path), "rmdir", path)
    }
}

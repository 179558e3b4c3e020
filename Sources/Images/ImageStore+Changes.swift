import Linux

extension ImageStore {
    /// `docker diff`, sorted by path. Needs no mount.
    public func changes(of image: Digest, container directory: String) async throws(ImageError) -> [FilesystemChange] {
        let image = try self.image(image.description)
        return try await onOwnThread { (cancellation) throws(ImageError) in
            let lower = try image.layers.reversed().map { (layer) throws(ImageError) in
                try TreeListing(of: self.layout.tree(layer.chainID), self, cancellation)
            }
            let below = LayerStack(layers: lower)
            if let upper = try self.upper(of: directory) {
                return below.changes(upper: try TreeListing(of: upper, self, cancellation))
            }
            // It was never started, nor looked into.
            guard try self.exists(directory + "/rootfs") else { return [] }
            return below.changes(copy: try TreeListing(of: directory + "/rootfs", self, cancellation))
        }
    }

    /// nil: the container's root file system is a copy.
    func upper(of directory: String) throws(ImageError) -> String? {
        let upper = directory + "/upper"
        return try exists(upper) ? upper : nil
    }

    private func exists(_ path: String) throws(ImageError) -> Bool {
        try mapping { () throws(SystemError) in try File.status(of: path) } != nil
    }
}

/// A directory tree as the helper lists it.
struct TreeListing {
    struct Entry: Hashable {
        var mode: UInt32
        var size: Int64
        var modified: Int64
        var modifiedNanoseconds: Int64
        var user: Int64
        var group: Int64
        var device: [Int64]
        var isOpaque: Bool

        var isDirectory: Bool { mode & 0o170000 == 0o040000 }
        var isWhiteout: Bool { mode & 0o170000 == 0o020000 && device == [0, 0] }

        /// The same to a user who looks: what a copy keeps of its original.
        func looksLike(_ other: Entry) -> Bool {
            let same = mode == other.mode && user == other.user && group == other.group && device == other.device
            return same
                && (isDirectory
                    || (size == other.size && modified == other.modified
                        && modifiedNanoseconds == other.modifiedNanoseconds))
        }
    }

    /// By path without leading slash.
    private(set) var entries: [String: Entry] = [:]

    init(entries: [String: Entry]) { self.entries = entries }

    init(of path: String, _ store: ImageStore, _ cancellation: Cancellation) throws(ImageError) {
        var output: [UInt8] = []
        let job = HelperJob(
            helper: store.configuration.helper, arguments: ["list", path], archive: path, cancellation: cancellation)
        _ = try job.run(onOutput: { (bytes) throws(ImageError) in output += bytes })
        let fields = output.split(separator: 0, omittingEmptySubsequences: false)
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let numbers = String(decoding: fields[index], as: UTF8.self).split(separator: " ").compactMap { Int64($0) }
            guard numbers.count == 9 else { throw .system(operation: "list", subject: path, errno: 0) }
            entries[String(decoding: fields[index + 1], as: UTF8.self)] = Entry(
                mode: UInt32(truncatingIfNeeded: numbers[0]), size: numbers[1], modified: numbers[2],
                modifiedNanoseconds: numbers[3], user: numbers[4], group: numbers[5], device: [numbers[6], numbers[7]],
                isOpaque: numbers[8] == 1)
        }
    }
}

/// What a container's runtime mounts its own files over. It makes them, empty, in the upper layer if the image has none;
/// they are not the container's doing (Docker has them in a layer below).
enum MountPoints {
    static let files = ["etc/hostname", "etc/hosts", "etc/resolv.conf"]
    static let directories = ["dev", "proc", "sys"]
}

/// Unpacked layers over each other, uppermost first, as overlayfs shows them.
struct LayerStack {
    let layers: [TreeListing]

    /// What the merged view has at that path.
    func entry(_ path: String) -> TreeListing.Entry? {
        for layer in layers {
            if let entry = layer.entries[path] { return entry.isWhiteout ? nil : entry }
            if layer.hides(path) { return nil }
        }
        return nil
    }

    func changes(upper: TreeListing) -> [FilesystemChange] {
        var changes: [FilesystemChange] = []
        let upper = withoutMountPoints(upper)
        for (path, entry) in upper.entries {
            if entry.isWhiteout {
                if self.entry(path) != nil { changes.append(.init(path: "/" + path, kind: .deleted)) }
            } else {
                // Below an opaque directory nothing of the layers is left, so everything there is new.
                let isNew = upper.hides(path) || self.entry(path) == nil
                changes.append(.init(path: "/" + path, kind: isNew ? .added : .modified))
            }
        }
        return changes.sorted()
    }

    /// Without what the runtime made to mount over, where the image has nothing of that name.
    private func withoutMountPoints(_ tree: TreeListing) -> TreeListing {
        let made = tree.entries.filter { path, entry in
            let isFile = entry.mode & 0o170000 == 0o100000 && entry.size == 0 && MountPoints.files.contains(path)
            let isDirectory = entry.isDirectory && MountPoints.directories.contains(path)
            return (isFile || isDirectory) && self.entry(path) == nil
        }
        var entries = tree.entries.filter { made[$0.key] == nil }
        // A directory that is in the upper layer only because of them.
        for directory in Set(made.keys.compactMap(parent(of:))) {
            let isAlone = !entries.keys.contains { $0.hasPrefix(directory + "/") }
            if isAlone, let entry = entries[directory], let old = self.entry(directory), entry.looksLike(old) {
                entries[directory] = nil
            }
        }
        return TreeListing(entries: entries)
    }

    /// Against a copy: entry by entry.
    func changes(copy: TreeListing) -> [FilesystemChange] {
        let copy = withoutMountPoints(copy)
        var changes: [FilesystemChange] = []
        var changed = Set<String>()
        func note(_ path: String, _ kind: FilesystemChange.Kind) {
            changes.append(.init(path: "/" + path, kind: kind))
            changed.insert(path)
        }
        for (path, entry) in copy.entries {
            guard let old = self.entry(path) else {
                note(path, .added)
                continue
            }
            if !entry.looksLike(old) { note(path, .modified) }
        }
        for path in Set(layers.flatMap(\.entries.keys)) where copy.entries[path] == nil && entry(path) != nil {
            // Only the topmost of a deleted tree, as Docker says it.
            if parent(of: path).map({ copy.entries[$0] != nil }) ?? true { note(path, .deleted) }
        }
        noteParents(&changes, changed)
        return changes.sorted()
    }

    /// A directory in which something was added or deleted counts as modified.
    private func noteParents(_ changes: inout [FilesystemChange], _ changed: Set<String>) {
        var known = changed
        for path in changed {
            var rest = path
            while let slash = rest.lastIndex(of: "/") {
                rest = String(rest[..<slash])
                if known.insert(rest).inserted { changes.append(.init(path: "/" + rest, kind: .modified)) }
            }
        }
    }
}

private func parent(of path: String) -> String? { path.lastIndex(of: "/").map { String(path[..<$0]) } }

extension TreeListing {
    /// Something in this layer keeps lower layers' `path` from showing: an ancestor that is opaque, or no directory.
    func hides(_ path: String) -> Bool {
        var rest = path
        while let slash = rest.lastIndex(of: "/") {
            rest = String(rest[..<slash])
            if let entry = entries[rest], entry.isOpaque || !entry.isDirectory { return true }
        }
        return false
    }
}

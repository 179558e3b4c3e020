import Linux
public import RegistryWire

extension ImageStore {
    /// A docker-archive (also one without manifest.json, of Docker before 1.10), an OCI archive, or a directory with
    /// either. What the archive says of digests is verified; either all its images are loaded or none. With a platform those
    /// made for another one are left out; without, this machine's is preferred where there is a choice.
    @discardableResult
    public func load(
        from source: consuming ArchiveSource, platform: RegistryPlatform? = nil, progress: ImageProgressHandler? = nil
    ) async throws(ImageError) -> [LoadedImage] {
        let opened = try await OpenedArchive.opening(source)
        return try await onOwnThread { (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, progress) { (ingest) throws(ImageError) in
                let tree = try ingest.tree(of: opened)
                let prepared = try ingest.images(in: tree, platform)
                let images = try ingest.commit(prepared)
                return zip(images, prepared).map { LoadedImage(image: $0, references: $1.references) }
            }
        }
    }
}

/// What `load` was given.
enum OpenedArchive: Sendable {
    case file(ArchiveInput)
    case directory(String)

    static func opening(_ source: consuming ArchiveSource) async throws(ImageError) -> OpenedArchive {
        switch consume source {
        case .stream(let descriptor, let name): return .file(try ArchiveInput(file: descriptor, name: name))
        case .path(let path):
            return try await onOwnThread { (_) throws(ImageError) in
                let kind = try mapping { () throws(SystemError) in try File.status(of: path)?.kind }
                return kind == .directory ? .directory(path) : .file(try ArchiveInput(path: path))
            }
        }
    }
}

/// The files of an archive, unpacked. Names in it are a stranger's: they are looked up inside `root` only.
final class ArchiveTree {
    let name: String
    let path: String
    /// The files are ours to take.
    let isTemporary: Bool
    private let root: RootedDirectory
    private let limit: Int

    init(name: String, path: String, isTemporary: Bool, limit: Int) throws(ImageError) {
        self.name = name
        self.path = path
        self.isTemporary = isTemporary
        self.limit = limit
        root = try mapping("open") { () throws(SystemError) in try RootedDirectory(path) }
    }

    func fault(_ entry: String?, _ fault: String) -> ImageError {
        .badArchive(archive: name, entry: entry, fault: fault)
    }

    /// nil when it is not there.
    func bytesIfPresent(_ entry: String) throws(ImageError) -> [UInt8]? {
        do throws(SystemError) { return try root.readIfPresent(entry, limit: limit) } catch {
            switch error.errno {
            case 27: throw fault(entry, "larger than \(limit) bytes")  // EFBIG
            case 22, 40: throw fault(entry, "not a regular file")  // EINVAL, ELOOP
            default: throw ImageError(error)
            }
        }
    }

    func bytes(_ entry: String) throws(ImageError) -> [UInt8] {
        guard let bytes = try bytesIfPresent(entry) else { throw fault(entry, "missing from the archive") }
        return bytes
    }

    func document<Value: Decodable>(_ type: Value.Type, _ entry: String) throws(ImageError) -> Value {
        try document(type, entry, try bytes(entry))
    }

    func document<Value: Decodable>(_ type: Value.Type, _ entry: String, _ bytes: [UInt8]) throws(ImageError) -> Value {
        switch decodeJSON(type, bytes) {
        case .success(let value): return value
        case .failure(let problem): throw fault(entry, problem.text)
        }
    }

    /// A blob of an OCI layout whose digest is checked.
    func blob(_ digest: Digest) throws(ImageError) -> [UInt8] {
        let entry = "blobs/sha256/" + digest.hex
        let bytes = try bytes(entry)
        guard Digest.of(bytes) == digest else {
            throw fault(entry, "the digest is \(Digest.of(bytes)): the archive is corrupt")
        }
        return bytes
    }

    /// A large file, to be read as a stream. Symbolic links inside the tree are followed: old archives have them.
    func open(_ entry: String) throws(ImageError) -> ArchiveInput {
        do throws(SystemError) {
            let file = try root.open(entry, [.readOnly, .nonBlocking, .noTerminal])
            guard try File.status(of: file).kind == .regular else { throw SystemError("read", entry, errno: 22) }
            let size = Int64(try File.status(of: file).size)
            return ArchiveInput(file, name: name, size: size)
        } catch {
            if error.isNotFound { throw fault(entry, "missing from the archive") }
            if error.errno == 22 || error.errno == 40 { throw fault(entry, "not a regular file") }
            throw ImageError(error)
        }
    }

    /// Path of a plain file that may become part of the store; nil: copy it.
    func adoptablePath(_ entry: String) throws(ImageError) -> String? {
        guard isTemporary, !entry.contains(".."), !entry.hasPrefix("/") else { return nil }
        let path = self.path + "/" + entry
        let plain = try mapping { () throws(SystemError) in
            try File.status(of: path, following: false)?.kind == .regular
        }
        return plain ? path : nil
    }

    func has(_ entry: String) throws(ImageError) -> Bool {
        try mapping { () throws(SystemError) in try root.status(of: entry) } != nil
    }

    func list(_ entry: String) throws(ImageError) -> [DirectoryEntry] {
        try mapping { () throws(SystemError) in try root.list(entry) }
    }
}

extension Ingest {
    /// Unpacks an archive (plain files only, into `tmp`), or takes a directory as it is.
    func tree(of archive: OpenedArchive) throws(ImageError) -> ArchiveTree {
        let limit = store.configuration.limits.metadataBytes
        switch archive {
        case .directory(let path): return try ArchiveTree(name: path, path: path, isTemporary: false, limit: limit)
        case .file(let input):
            let path = temporaryPath("archive")
            try mapping { () throws(SystemError) in try File.makeDirectory(path, mode: 0o700) }
            let job = HelperJob(
                helper: store.configuration.helper,
                arguments: ["unpack", "--plain", "--end-mark", "--write-back"] + limitArguments + [path],
                archive: input.name, cancellation: cancellation)
            var ticker = ProgressTicker(progress, .reading, input.name, input.size)
            var read: Int64 = 0
            _ = try job.run(moving: input) { (count) throws(ImageError) in
                read += Int64(count)
                ticker.moved(to: read)
            }
            ticker.finished(at: read)
            return try ArchiveTree(name: input.name, path: path, isTemporary: true, limit: limit)
        }
    }

    /// OCI where the archive is both, since there digests are promised.
    func images(in tree: ArchiveTree, _ platform: RegistryPlatform?) throws(ImageError) -> [Prepared] {
        let dockerNames = try tree.dockerEntries()
        var prepared: [Prepared]
        if try tree.has("oci-layout"), try tree.has("index.json") {
            prepared = try ociImages(tree, dockerNames ?? [], platform)
        } else if let entries = dockerNames {
            var images: [Prepared] = []
            for entry in entries { images.append(try dockerImage(tree, entry)) }
            prepared = images
        } else if try tree.has("repositories") {
            prepared = try legacyImages(tree)
        } else {
            throw tree.fault(
                nil,
                "neither a docker-archive (no manifest.json) nor an OCI layout (no index.json). To make an image of a"
                    + " root file system, import it")
        }
        if let platform { prepared = prepared.filter { platform.suits($0.record.configuration) } }
        let wanted = platform ?? .host
        guard !prepared.isEmpty else { throw tree.fault(nil, "holds no image for \(wanted)") }
        return prepared
    }

    func checkedConfiguration(_ tree: ArchiveTree, _ entry: String, _ bytes: [UInt8], layers: Int) throws(ImageError)
        -> ImageConfiguration
    {
        let configuration = try tree.document(ImageConfiguration.self, entry, bytes)
        if let os = configuration.os, !os.isEmpty, os != "linux" {
            throw tree.fault(entry, "an image for \(os), not for linux")
        }
        guard configuration.rootfs.diffIDs.count == layers else {
            throw tree.fault(entry, "\(layers) layers, but \(configuration.rootfs.diffIDs.count) digests of layers")
        }
        guard layers <= store.configuration.limits.layers else {
            throw tree.fault(entry, "\(layers) layers; at most \(store.configuration.limits.layers) are allowed")
        }
        return configuration
    }
}

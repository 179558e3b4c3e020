import Linux
import Synchronization

// Answers from memory, and from single small files.
extension ImageStore {
    /// - Throws: `.notFound`, `.ambiguous`, `.invalid`.
    public func image(_ name: ImageName) throws(ImageError) -> Image {
        let state = snapshot
        return state.image(try state.record(name))
    }

    /// Newest first, dangling images included.
    /// - Throws: `.invalid` for a bad filter, `.notFound` for an unknown image in `before` or `since`.
    public func images(_ filters: ImageFilters = .init()) throws(ImageError) -> [Image] {
        try filters.apply(to: snapshot)
    }

    /// Newest first.
    public func history(of name: ImageName) throws(ImageError) -> [ImageHistoryEntry] { try image(name).history }

    /// The configuration blob, byte for byte.
    public func configurationBytes(of name: ImageName) throws(ImageError) -> [UInt8] {
        let path = layout.blob(try image(name).id)
        return try mapping("read") { () throws(SystemError) in
            try File.read(path, limit: configuration.limits.metadataBytes)
        }
    }

    public func diskUsage() throws(ImageError) -> ImageDiskUsage {
        let images = try self.images()
        var holders: [Digest: Int] = [:]
        var layers: [Digest: Int64] = [:]
        var blobs: [Digest: Int64] = [:]
        for image in images {
            for layer in image.layers {
                holders[layer.chainID, default: 0] += 1
                layers[layer.chainID] = layer.size
                blobs[layer.blob] = layer.blobSize
            }
        }
        let entries = images.map { image in
            let shared = image.layers.filter { holders[$0.chainID, default: 0] > 1 }
            return ImageDiskUsage.Entry(image: image, sharedSize: shared.reduce(0) { $0 + $1.size })
        }
        return ImageDiskUsage(
            layersSize: layers.values.reduce(0, +), blobsSize: blobs.values.reduce(0, +), images: entries)
    }

    var snapshot: StoreState { state.withLock { $0 } }
}

extension StoreState {
    /// Docker's order: a whole id, a reference, then a short id.
    func record(_ name: ImageName) throws(ImageError) -> Record {
        if name.hasPrefix("sha256:") { return try record(prefix: name.dropFirst("sha256:".count), name) }
        if let id = Digest(hex: name) {
            guard let record = records[id] else { throw .notFound(name) }
            return record
        }
        let looksLikeID = !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(isLowerHex)
        do throws(ImageError) {
            let reference = try ImageReference(name)
            if let record = record(reference) { return record }
        } catch {
            guard looksLikeID else { throw error }
        }
        guard looksLikeID else { throw .notFound(name) }
        return try record(prefix: name[...], name)
    }

    func record(_ reference: ImageReference) -> Record? {
        if let id = references[reference] { return records[id] }
        guard let digest = reference.digest else { return nil }
        // `name:tag@digest` is what the digest says; and an image of that repository may be meant by its own digest.
        return references.first { entry in
            entry.key.registry == reference.registry && entry.key.repository == reference.repository
                && (entry.key.digest == digest || records[entry.value]?.manifest.digest == digest
                    || entry.value == digest)
        }.flatMap { records[$0.value] }
    }

    private func record(prefix: Substring, _ name: String) throws(ImageError) -> Record {
        guard !prefix.isEmpty, prefix.utf8.count <= 64, prefix.utf8.allSatisfy(isLowerHex) else {
            throw .invalid("invalid image id: \(name)")
        }
        let fitting = records.values.filter { $0.id.hex.hasPrefix(prefix) }
        guard let record = fitting.first else { throw .notFound(name) }
        guard fitting.count == 1 else {
            throw .ambiguous(prefix: String(prefix), candidates: fitting.map(\.id).sorted())
        }
        return record
    }
}

extension Image {
    /// Newest first; each step that made a layer has that layer's size.
    var history: [ImageHistoryEntry] {
        var sizes = layers.map(\.size)[...]
        let steps = configuration.history ?? layers.map { _ in ImageConfiguration.History() }
        let entries = steps.map { step in
            let size = step.emptyLayer == true ? 0 : sizes.popFirst() ?? 0
            return (step, size)
        }
        return entries.enumerated().reversed().map { index, entry in
            let isNewest = index == entries.count - 1
            return ImageHistoryEntry(
                id: isNewest ? id : nil, createdAt: entry.0.created.flatMap(unixSeconds) ?? 0,
                createdBy: entry.0.createdBy ?? "", comment: entry.0.comment ?? "", tags: isNewest ? repoTags : [],
                size: entry.1)
        }
    }
}

import Linux

extension Ingest {
    /// Stores manifest and configuration and names the image in the index: the moment from which it exists.
    /// An image that is there already keeps its manifest, and gets the names.
    func publish(
        _ configuration: [UInt8], _ layers: [Image.Layer], manifest: [UInt8]? = nil,
        mediaType: String = MediaType.manifest, parent: Digest? = nil, references: [ImageReference]
    ) throws(ImageError) -> Prepared {
        let id = Digest.of(configuration)
        let config = OCIDescriptor(mediaType: MediaType.config, digest: id, size: Int64(configuration.count))
        let made = Manifest(
            config: config,
            layers: layers.map { OCIDescriptor(mediaType: $0.mediaType, digest: $0.blob, size: $0.blobSize) })
        let bytes: [UInt8]
        if let manifest { bytes = manifest } else { bytes = try encodeJSON(made) }
        // A manifest of ours is OCI's, whatever came.
        let mediaType = manifest == nil ? MediaType.manifest : mediaType
        let parsed: ImageConfiguration
        switch decodeJSON(ImageConfiguration.self, configuration) {
        case .success(let value): parsed = value
        case .failure(let fault): throw .invalid("image configuration: \(fault.text)")
        }
        try place(configuration, id)
        let digest = Digest.of(bytes)
        try place(bytes, digest)
        let record = StoreState.Record(
            id: id, manifest: OCIDescriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count)),
            configDescriptor: config, configuration: parsed, layers: layers, parent: parent,
            createdAt: parsed.created.flatMap(unixSeconds) ?? 0, taggedAt: WallTime.now().seconds)
        return Prepared(record: record, references: references)
    }

    /// An image whose files are all in the store.
    struct Prepared: Sendable {
        let record: StoreState.Record
        let references: [ImageReference]
    }

    /// All of them, or none.
    func commit(_ prepared: [Prepared]) throws(ImageError) -> [Image] {
        try store.change { (state) throws(ImageError) in
            for image in prepared {
                if state.records[image.record.id] == nil { state.records[image.record.id] = image.record }
                for reference in image.references {
                    state.name(image.record.id, reference, at: WallTime.now().seconds)
                }
            }
            return prepared.compactMap { state.records[$0.record.id] }.map { state.image($0) }
        }
    }

    /// As `commit`; an image that is there already gets this manifest, so that what was pulled is what is pushed.
    func commit(replacingManifest prepared: Prepared) throws(ImageError) -> Image {
        let record = prepared.record
        let old = store.snapshot.records[record.id]
        let image = try store.change { (state) throws(ImageError) -> Image in
            var new = state.records[record.id] ?? record
            (new.manifest, new.configDescriptor, new.layers) = (record.manifest, record.configDescriptor, record.layers)
            state.records[record.id] = new
            for reference in prepared.references { state.name(record.id, reference, at: WallTime.now().seconds) }
            return state.image(new)
        }
        // The blobs of the old manifest, where the new one has others.
        if let old { try store.removeUnneeded(old.items) }
        return image
    }

    func commit(_ prepared: Prepared) throws(ImageError) -> Image {
        guard let image = try commit([prepared]).first else { throw .damaged("the image vanished from the index") }
        return image
    }
}

/// Go's names for machines, as image configurations have them.
enum Platform {
    static var architecture: String {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #elseif arch(riscv64)
        "riscv64"
        #else
        "unknown"
        #endif
    }
}

import Linux

/// Everything the store knows, as a value. The index on disk is its encoding.
struct StoreState: Sendable {
    /// An image without its names.
    struct Record: Sendable, Hashable {
        var id: Digest
        var manifest: OCIDescriptor
        var configDescriptor: OCIDescriptor
        var configuration: ImageConfiguration
        var layers: [Image.Layer]
        var parent: Digest?
        var createdAt: Int64
        var taggedAt: Int64
    }

    var records: [Digest: Record] = [:]
    /// Tagged and digested references, in canonical form.
    var references: [ImageReference: Digest] = [:]
    /// Entries of the index that could not be read; kept.
    var unreadable: [OCIDescriptor] = []

    func image(_ record: Record) -> Image {
        let names = references.filter { $0.value == record.id }.map(\.key).sorted()
        return Image(
            id: record.id, manifest: record.manifest.digest, tags: names.filter { $0.digest == nil },
            digests: names.filter { $0.digest != nil }, parent: record.parent, configuration: record.configuration,
            layers: record.layers, createdAt: record.createdAt, taggedAt: record.taggedAt)
    }

    /// `blobs/<hex>` and `layers/<hex>` that some image needs.
    var used: Set<String> {
        var used = Set<String>()
        for record in records.values {
            used.insert("blobs/" + record.manifest.digest.hex)
            used.insert("blobs/" + record.id.hex)
            for layer in record.layers {
                used.insert("blobs/" + layer.blob.hex)
                used.insert("layers/" + layer.chainID.hex)
            }
        }
        return used
    }

    /// Points `reference` to an image that is there.
    mutating func name(_ id: Digest, _ reference: ImageReference, at now: Int64) {
        references[reference] = id
        records[id]?.taggedAt = now
    }
}

extension StoreState {
    /// OCI index: one descriptor per name, or one without a name for a dangling image.
    func encoded() throws(ImageError) -> [UInt8] {
        var manifests: [OCIDescriptor] = unreadable
        for record in records.values.sorted(by: { $0.id < $1.id }) {
            var annotations = [Annotation.id: record.id.description, Annotation.taggedAt: String(record.taggedAt)]
            annotations[Annotation.parent] = record.parent?.description
            var descriptor = record.manifest
            descriptor.annotations = annotations
            let names = references.filter { $0.value == record.id }.map(\.key).sorted()
            if names.isEmpty { manifests.append(descriptor) }
            for name in names {
                descriptor.annotations?[Annotation.name] = name.canonical
                descriptor.annotations?[Annotation.tag] = name.tag
                manifests.append(descriptor)
            }
        }
        return try encodeJSON(IndexDocument(manifests: manifests))
    }

    /// Returns when it is on the disk.
    func write(to layout: StoreLayout) throws(ImageError) {
        let bytes = try encoded()
        try mapping { () throws(SystemError) in try DurableFile.write(bytes, to: layout.index, mode: 0o600) }
    }

    /// Reads index, manifests, configurations and layer facts.
    static func read(_ layout: StoreLayout, metadataLimit: Int) throws(ImageError) -> (
        state: StoreState, damaged: [String], isNew: Bool
    ) {
        var state = StoreState()
        var damaged: [String] = []
        let bytes = try mapping("read") { () throws(SystemError) in
            try File.readIfPresent(layout.index, limit: 64 << 20)
        }
        guard let bytes else {
            try layout.requireEmpty()
            return (state, damaged, isNew: true)
        }
        let index: IndexDocument
        switch decodeJSON(IndexDocument.self, bytes) {
        case .success(let document): index = document
        case .failure(let fault): throw .damaged("\(layout.index) is damaged (\(fault.text)); restore it from a backup")
        }
        for descriptor in index.manifests {
            do throws(ImageError) {
                try state.add(descriptor, layout, metadataLimit)
            } catch {
                damaged.append("\(descriptor.annotations?[Annotation.name] ?? descriptor.digest.description): \(error)")
                state.unreadable.append(descriptor)
            }
        }
        return (state, damaged, isNew: false)
    }

    private mutating func add(_ descriptor: OCIDescriptor, _ layout: StoreLayout, _ limit: Int) throws(ImageError) {
        let manifest = try layout.document(Manifest.self, descriptor.digest, limit: limit)
        let id = manifest.config.digest
        if records[id] == nil {
            let configuration = try layout.document(ImageConfiguration.self, id, limit: limit)
            var record = Record(
                id: id, manifest: descriptor, configDescriptor: manifest.config, configuration: configuration,
                layers: try layout.layers(manifest, configuration), createdAt: 0, taggedAt: 0)
            record.manifest.annotations = nil
            record.createdAt = configuration.created.flatMap(unixSeconds) ?? 0
            record.taggedAt = descriptor.annotations?[Annotation.taggedAt].flatMap { Int64($0) } ?? 0
            record.parent = descriptor.annotations?[Annotation.parent].flatMap { Digest($0) }
            records[id] = record
        }
        guard let name = descriptor.annotations?[Annotation.name] else { return }
        references[try ImageReference(name)] = id
    }
}

extension StoreLayout {
    /// A JSON blob of the store.
    func document<Value: Decodable>(_ type: Value.Type, _ digest: Digest, limit: Int) throws(ImageError) -> Value {
        let path = blob(digest)
        let bytes = try mapping("read") { () throws(SystemError) in try File.read(path, limit: limit) }
        guard Digest.of(bytes) == digest else {
            throw .damaged("\(path) is damaged: its digest is \(Digest.of(bytes))")
        }
        switch decodeJSON(type, bytes) {
        case .success(let value): return value
        case .failure(let fault): throw .damaged("\(path) is damaged: \(fault.text)")
        }
    }

    func layers(_ manifest: Manifest, _ configuration: ImageConfiguration) throws(ImageError) -> [Image.Layer] {
        let diffIDs = configuration.rootfs.diffIDs
        let blobs = manifest.layers ?? []
        guard diffIDs.count == blobs.count else {
            throw .damaged("\(blobs.count) layers, but \(diffIDs.count) DiffIDs")
        }
        var layers: [Image.Layer] = []
        for (diffID, blob) in zip(diffIDs, blobs) {
            let chain = Digest.chain(layers.last?.chainID, diffID)
            let facts = try facts(of: chain)
            let path = self.blob(blob.digest)
            let status = try mapping { () throws(SystemError) in try File.status(of: path) }
            guard status != nil else { throw .damaged("\(path) is missing") }
            layers.append(
                Image.Layer(
                    diffID: diffID, chainID: chain, blob: blob.digest, blobSize: blob.size, mediaType: blob.mediaType,
                    size: facts.size))
        }
        return layers
    }

    func facts(of chain: Digest) throws(ImageError) -> LayerFacts {
        let path = facts(chain)
        let bytes = try mapping("read") { () throws(SystemError) in try File.read(path) }
        switch decodeJSON(LayerFacts.self, bytes) {
        case .success(let facts): return facts
        case .failure(let fault): throw .damaged("\(path) is damaged: \(fault.text)")
        }
    }
}

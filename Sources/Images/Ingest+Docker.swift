import Linux

extension ArchiveTree {
    /// manifest.json; nil where there is none.
    func dockerEntries() throws(ImageError) -> [DockerArchiveEntry]? {
        guard let bytes = try bytesIfPresent("manifest.json") else { return nil }
        return try document([DockerArchiveEntry].self, "manifest.json", bytes)
    }
}

extension Ingest {
    /// One image of a docker-archive.
    func dockerImage(_ tree: ArchiveTree, _ entry: DockerArchiveEntry) throws(ImageError) -> Prepared {
        let bytes = try tree.bytes(entry.config)
        let promised = Digest(hex: entry.config.split(separator: "/").last?.split(separator: ".").first ?? "")
        guard promised == nil || promised == Digest.of(bytes) else {
            throw tree.fault(entry.config, "the digest is \(Digest.of(bytes)): the archive is corrupt")
        }
        let paths = entry.layers ?? []
        let configuration = try checkedConfiguration(tree, entry.config, bytes, layers: paths.count)
        var layers: [Image.Layer] = []
        for (path, diffID) in zip(paths, configuration.rootfs.diffIDs) {
            layers.append(try layer(tree, path, blob: nil, diffID: diffID, over: layers.last?.chainID))
        }
        return try publish(bytes, layers, references: try references(entry.repoTags ?? [], tree))
    }

    func layer(_ tree: ArchiveTree, _ path: String, blob: Digest?, diffID: Digest, over parent: Digest?)
        throws(ImageError) -> Image.Layer
    {
        let promised = blob ?? Digest(hex: path.hasPrefix("blobs/sha256/") ? path.dropFirst("blobs/sha256/".count) : "")
        return try layer(
            LayerSource(
                input: try tree.open(path), adoptable: try tree.adoptablePath(path), entry: path, blob: promised,
                diffID: diffID), over: parent)
    }

    private func references(_ names: [String], _ tree: ArchiveTree) throws(ImageError) -> [ImageReference] {
        var references: [ImageReference] = []
        for name in names {
            do throws(ImageError) { references.append(try ImageReference.forTag(name)) } catch {
                throw tree.fault("manifest.json", "\(error)")
            }
        }
        return references
    }
}

// Docker before 1.10: `repositories`, and for each layer a directory `<id>` with `json` and `layer.tar`.
extension Ingest {
    private struct LegacyLayer: Decodable {
        var parent: String?
        var created: String?
        var author: String?
        var comment: String?
        var architecture: String?
        var os: String?
        var config: ContainerDefaults?
        var container_config: ContainerDefaults?
    }

    func legacyImages(_ tree: ArchiveTree) throws(ImageError) -> [Prepared] {
        let repositories = try tree.document([String: [String: String]].self, "repositories")
        var prepared: [Prepared] = []
        for (repository, tags) in repositories.sorted(by: { $0.key < $1.key }) {
            for (tag, top) in tags.sorted(by: { $0.key < $1.key }) {
                let reference: ImageReference
                do throws(ImageError) { reference = try ImageReference.forTag(repository + ":" + tag) } catch {
                    throw tree.fault("repositories", "\(error)")
                }
                prepared.append(try legacyImage(tree, top, reference))
            }
        }
        return prepared
    }

    private func legacyImage(_ tree: ArchiveTree, _ top: String, _ reference: ImageReference) throws(ImageError)
        -> Prepared
    {
        let chain = try legacyChain(tree, top)
        var layers: [Image.Layer] = []
        var history: [ImageConfiguration.History] = []
        for (id, facts) in chain {
            layers.append(try legacyLayer(tree, id + "/layer.tar", over: layers.last?.chainID))
            history.append(
                .init(
                    created: facts.created, createdBy: facts.container_config?.cmd?.joined(separator: " "),
                    author: facts.author, comment: facts.comment))
        }
        let newest = chain.last?.1
        let configuration = ImageConfiguration(
            created: newest?.created, author: newest?.author, architecture: newest?.architecture,
            os: newest?.os ?? "linux",
            config: newest?.config, rootfs: .init(diffIDs: layers.map(\.diffID)), history: history)
        return try publish(try encodeJSON(configuration), layers, references: [reference])
    }

    /// Lowest first.
    private func legacyChain(_ tree: ArchiveTree, _ top: String) throws(ImageError) -> [(String, LegacyLayer)] {
        var chain: [(String, LegacyLayer)] = []
        var next: String? = top
        while let id = next {
            guard Digest(hex: id) != nil else { throw tree.fault("repositories", "\(id) is no layer's id") }
            guard chain.count < store.configuration.limits.layers else {
                throw tree.fault(
                    id + "/json", "more than \(store.configuration.limits.layers) layers, or a circle of parents")
            }
            let facts = try tree.document(LegacyLayer.self, id + "/json")
            chain.append((id, facts))
            next = facts.parent.flatMap { $0.isEmpty ? nil : $0 }
        }
        return chain.reversed()
    }

    /// No digest is promised: whatever it is.
    private func legacyLayer(_ tree: ArchiveTree, _ path: String, over parent: Digest?) throws(ImageError)
        -> Image.Layer
    {
        try layer(LayerSource(input: try tree.open(path), entry: path), over: parent)
    }
}

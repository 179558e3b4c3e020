import RegistryWire

extension Ingest {
    /// Every image of an OCI layout, of several platforms the one that is asked for, or this machine's; named as the index, or
    /// beside it manifest.json, says.
    func ociImages(_ tree: ArchiveTree, _ dockerEntries: [DockerArchiveEntry], _ platform: RegistryPlatform?)
        throws(ImageError) -> [Prepared]
    {
        let index = try tree.document(IndexDocument.self, "index.json")
        var names: [(manifest: OCIDescriptor, references: [ImageReference])] = []
        for descriptor in index.manifests {
            guard let manifest = try manifest(tree, descriptor, platform, depth: 0) else { continue }
            let reference = try reference(descriptor, tree)
            if let known = names.firstIndex(where: { $0.manifest.digest == manifest.digest }) {
                names[known].references += reference.map { [$0] } ?? []
            } else {
                names.append((manifest, reference.map { [$0] } ?? []))
            }
        }
        var prepared: [Prepared] = []
        for (manifest, references) in names {
            prepared.append(try ociImage(tree, manifest, references, dockerEntries))
        }
        return prepared
    }

    private func ociImage(
        _ tree: ArchiveTree, _ descriptor: OCIDescriptor, _ references: [ImageReference],
        _ dockerEntries: [DockerArchiveEntry]
    ) throws(ImageError) -> Prepared {
        let entry = "blobs/sha256/" + descriptor.digest.hex
        let bytes = try tree.blob(descriptor.digest)
        let manifest = try tree.document(Manifest.self, entry, bytes)
        let config = try tree.blob(manifest.config.digest)
        let configEntry = "blobs/sha256/" + manifest.config.digest.hex
        let blobs = manifest.layers ?? []
        let configuration = try checkedConfiguration(tree, configEntry, config, layers: blobs.count)
        try requireSize(tree, descriptor, Int64(bytes.count))
        try requireSize(tree, manifest.config, Int64(config.count))
        var layers: [Image.Layer] = []
        for (blob, diffID) in zip(blobs, configuration.rootfs.diffIDs) {
            let path = "blobs/sha256/" + blob.digest.hex
            let layer = try layer(tree, path, blob: blob.digest, diffID: diffID, over: layers.last?.chainID)
            if layer.blob == blob.digest { try requireSize(tree, blob, layer.blobSize) }
            layers.append(layer)
        }
        let isAsGiven = zip(layers, blobs).allSatisfy { $0.blob == $1.digest }
        var references = references
        for docker in dockerEntries where docker.config.contains(manifest.config.digest.hex) {
            for name in docker.repoTags ?? [] {
                // What docker wrote beside is a hint: a name that is none leaves the image as it is.
                if let tag = try? ImageReference.forTag(name), !references.contains(tag) { references.append(tag) }
            }
        }
        return try publish(config, layers, manifest: isAsGiven ? bytes : nil, references: references)
    }

    /// The manifest is kept as it is, so what it says must be true.
    private func requireSize(_ tree: ArchiveTree, _ descriptor: OCIDescriptor, _ size: Int64) throws(ImageError) {
        guard descriptor.size == size else {
            throw tree.fault(
                "blobs/sha256/" + descriptor.digest.hex, "\(size) bytes, not \(descriptor.size) as promised")
        }
    }

    /// The manifest for the platform; nil: there is none behind that descriptor.
    private func manifest(
        _ tree: ArchiveTree, _ descriptor: OCIDescriptor, _ wanted: RegistryPlatform?, depth: Int
    ) throws(ImageError) -> OCIDescriptor? {
        if MediaType.manifests.contains(descriptor.mediaType) { return descriptor }
        guard MediaType.indexes.contains(descriptor.mediaType) else { return nil }
        let entry = "blobs/sha256/" + descriptor.digest.hex
        guard depth < 4 else { throw tree.fault(entry, "indexes nested more than four deep") }
        let index = try tree.document(IndexDocument.self, entry, try tree.blob(descriptor.digest))
        let images = index.manifests.filter {
            $0.annotations?[Annotation.referenceType] == nil && $0.platform?.os != "unknown"
        }
        func fits(_ platform: OCIDescriptor.Platform?) -> Bool {
            platform.map { (wanted ?? .host).suits($0.os, $0.architecture, $0.variant) } ?? true
        }
        // Of an archive that was saved for one machine only, the others' manifests are listed but not there. Who asks for no
        // platform gets what there is.
        let others = wanted == nil ? images.filter { !fits($0.platform) } : []
        for candidate in images.filter({ fits($0.platform) }) + others {
            guard try tree.has("blobs/sha256/" + candidate.digest.hex) else { continue }
            if let found = try manifest(tree, candidate, wanted, depth: depth + 1) { return found }
        }
        return nil
    }

    /// containerd's and Docker's whole name; else what skopeo and podman write, if it is a name and not only a tag.
    private func reference(_ descriptor: OCIDescriptor, _ tree: ArchiveTree) throws(ImageError) -> ImageReference? {
        if let name = descriptor.annotations?[Annotation.name] {
            do throws(ImageError) { return try ImageReference.forTag(name) } catch {
                throw tree.fault("index.json", "\(error)")
            }
        }
        guard let name = descriptor.annotations?[Annotation.tag], name.contains(":") || name.contains("/") else {
            return nil
        }
        // The annotation means "whatever the tool calls it": what is no name is a mark of the tool's own.
        return try? ImageReference.forTag(name)
    }
}

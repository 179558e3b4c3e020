public import Linux

extension ImageStore {
    /// One tar that is a docker-archive and an OCI layout at once. A name without tag stands for all tags of the
    /// repository, an id for the image without a name. `output` is closed at the end.
    public func save(
        _ names: [ImageName], to output: consuming OwnedDescriptor
    ) async throws(ImageError) {
        let output = ArchiveOutput(output)
        try await onOwnThread { (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, nil) { (ingest) throws(ImageError) in
                let selected = try self.selection(names, ingest)
                let stage = ingest.temporaryPath("save")
                try self.stage(selected, in: stage)
                let job = HelperJob(
                    helper: self.configuration.helper, arguments: ["pack", stage], archive: "saved image",
                    cancellation: cancellation)
                _ = try job.run(into: output)
            }
        }
    }

    /// Whether ``save(_:to:)`` would know all of these names, before anything is written.
    /// - Throws: as it does.
    public func checkSave(_ names: [ImageName]) throws(ImageError) {
        guard !names.isEmpty else { throw .invalid("save: which images?") }
        let state = snapshot
        for name in names { _ = try state.named(name) }
    }

    private struct Selected {
        var record: StoreState.Record
        var references: [ImageReference]
    }

    /// Which images, under which names; leased, so that they stay while they are written.
    private func selection(_ names: [ImageName], _ ingest: Ingest) throws(ImageError) -> [Selected] {
        try checkSave(names)
        var selected: [Selected] = []
        let state = snapshot
        for name in names {
            for (record, reference) in try state.named(name) {
                if let known = selected.firstIndex(where: { $0.record.id == record.id }) {
                    selected[known].references += reference.map { [$0] } ?? []
                } else {
                    selected.append(Selected(record: record, references: reference.map { [$0] } ?? []))
                }
            }
        }
        for item in selected.flatMap(\.record.items) { ingest.lease(item) }
        // Leased too late if it was removed in between.
        for image in selected where snapshot.records[image.record.id] == nil {
            throw .notFound(image.record.id.description)
        }
        return selected
    }

    /// Lays out the archive: blobs as hard links, and the documents.
    private func stage(_ selected: [Selected], in stage: String) throws(ImageError) {
        let blobs = stage + "/blobs/sha256"
        try mapping { () throws(SystemError) in try File.makeDirectories(blobs) }
        for digest in Set(selected.flatMap(\.record.blobs)) {
            try hardLink(layout.blob(digest), blobs + "/" + digest.hex)
        }
        try write(try encodeJSON(dockerManifest(selected)), stage + "/manifest.json")
        try write(try encodeJSON(ociIndex(selected)), stage + "/index.json")
        try write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), stage + "/oci-layout")
        let repositories = repositories(selected)
        if !repositories.isEmpty { try write(try encodeJSON(repositories), stage + "/repositories") }
    }

    private func dockerManifest(_ selected: [Selected]) -> [DockerArchiveEntry] {
        selected.map { image in
            DockerArchiveEntry(
                config: "blobs/sha256/" + image.record.id.hex,
                repoTags: image.references.filter { $0.digest == nil }.map(\.familiar),
                layers: image.record.layers.map { "blobs/sha256/" + $0.blob.hex })
        }
    }

    private func ociIndex(_ selected: [Selected]) -> IndexDocument {
        IndexDocument(
            manifests: selected.flatMap { image in
                var descriptor = image.record.manifest
                guard !image.references.isEmpty else { return [descriptor] }
                return image.references.map { reference in
                    descriptor.annotations = [Annotation.name: reference.canonical]
                    descriptor.annotations?[Annotation.tag] = reference.tag
                    return descriptor
                }
            })
    }

    /// Docker's oldest document, which some tools still look for.
    private func repositories(_ selected: [Selected]) -> [String: [String: String]] {
        var repositories: [String: [String: String]] = [:]
        for image in selected {
            for reference in image.references {
                guard let tag = reference.tag, let top = image.record.layers.last else { continue }
                repositories[reference.familiarName, default: [:]][tag] = top.blob.hex
            }
        }
        return repositories
    }

    private func write(_ bytes: [UInt8], _ path: String) throws(ImageError) {
        let file = try BlobFile(creating: path)
        try file.append(bytes[...])
    }
}

extension StoreState.Record {
    var blobs: [Digest] { [manifest.digest, id] + layers.map(\.blob) }
}

extension StoreState {
    /// What `save` means by a name.
    func named(_ name: ImageName) throws(ImageError) -> [(Record, ImageReference?)] {
        if ImageReference.isNameOnly(name) {
            let repository = try ImageReference(name)
            let all = references.filter { $0.key.familiarName == repository.familiarName && $0.key.tag != nil }
            let found = all.sorted { $0.key < $1.key }.compactMap { entry in
                records[entry.value].map { ($0, entry.key) }
            }
            if !found.isEmpty { return found }
        }
        let record = try record(name)
        guard let reference = namedReference(name, record), reference.digest == nil else { return [(record, nil)] }
        return [(record, reference)]
    }
}

/// Where an archive goes: a pipe or a file, closed with the last reference.
final class ArchiveOutput: Sendable {
    let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}

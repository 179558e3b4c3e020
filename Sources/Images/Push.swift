import Linux
import RegistryWire

/// One push: the image is leased, so that it stays while it is sent.
struct Push {
    let ingest: Ingest
    let request: PushRequest

    private var store: ImageStore { ingest.store }

    func run() throws(ImageError) -> PushedImage {
        let reference = request.reference
        let record = try leasedRecord()
        var job = store.registryJob(
            .push, registry: reference.registry, repository: reference.repository, reference.remoteName,
            work: store.layout.temporary)
        (job.credentials, job.upload) = (request.credentials, upload(record))
        let progress = ingest.progress
        let helper = try RegistryRun(job, helper: store.configuration.registry.helper, ingest.cancellation) { event in
            progress?(ImageProgress(event))
        }
        defer { helper.end() }
        let outcome = try helper.outcome()
        let digest = record.manifest.digest
        try store.change { (state) throws(ImageError) in
            // It may have been removed meanwhile: then there is nothing to name.
            if state.records[record.id] != nil { state.references[reference.at(digest)] = record.id }
        }
        return PushedImage(digest: digest, size: outcome.size ?? record.manifest.size)
    }

    private func leasedRecord() throws(ImageError) -> StoreState.Record {
        let reference = request.reference
        func named() throws(ImageError) -> StoreState.Record {
            guard let id = store.snapshot.references[reference], let record = store.snapshot.records[id] else {
                throw .notTagged(reference.familiarName)
            }
            return record
        }
        let record = try named()
        for item in record.items { ingest.lease(item) }
        // Leased too late if it was removed in between.
        return try named().id == record.id ? record : named()
    }

    private func upload(_ record: StoreState.Record) -> RegistryUpload {
        var blobs: [RegistryUpload.Blob] = []
        for layer in record.layers where !blobs.contains(where: { $0.blob.digest == layer.blob.description }) {
            blobs.append(
                .init(
                    blob: RegistryBlob(digest: layer.blob.description, size: layer.blobSize),
                    file: store.layout.blob(layer.blob), sources: sources(of: layer.blob), name: layer.diffID.short))
        }
        let config = record.configDescriptor
        blobs.append(
            .init(
                blob: RegistryBlob(digest: config.digest.description, size: config.size),
                file: store.layout.blob(config.digest), sources: [], name: nil))
        return RegistryUpload(
            blobs: blobs, manifestFile: store.layout.blob(record.manifest.digest), mediaType: record.manifest.mediaType,
            digest: record.manifest.digest.description)
    }

    /// Repositories of the same registry that images with this blob were pulled from, or pushed to.
    private func sources(of blob: Digest) -> [String] {
        let state = store.snapshot
        let target = request.reference
        let names = state.references.filter { name, id in
            name.digest != nil && name.registry == target.registry && name.repository != target.repository
                && state.records[id]?.layers.contains { $0.blob == blob } == true
        }
        return Array(Set(names.keys.map(\.repository)).sorted().prefix(3))
    }
}

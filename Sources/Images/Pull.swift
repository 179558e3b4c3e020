import Linux
import RegistryWire
import Synchronization

/// One pull, on the thread of its ingest: the helper fetches, this thread verifies and unpacks what has come, layer by layer.
struct Pull {
    let ingest: Ingest
    let request: PullRequest
    let platform: RegistryPlatform?

    private var store: ImageStore { ingest.store }
    private var name: String { request.reference.familiar }

    func run() throws(ImageError) -> PulledImage {
        let work = ingest.temporaryPath("pull")
        try mapping { () throws(SystemError) in
            try File.makeDirectory(work, mode: 0o700)
            for path in try store.layout.expiredIngest() { try File.removeTree(path) }
        }
        var job = store.registryJob(
            .pull, registry: request.reference.registry, repository: request.reference.repository,
            request.reference.remoteName, work: work)
        (job.platform, job.credentials) = (platform, request.credentials)
        let progress = ingest.progress
        let helper = try RegistryRun(job, helper: store.configuration.registry.helper, ingest.cancellation) { event in
            progress?(ImageProgress(event))
        }
        var missing: [OCIDescriptor] = []
        do throws(ImageError) {
            let pulled = try fetch(by: helper, work, &missing)
            helper.end()
            // What is in the store is not needed there any more.
            for blob in store.endFetching(missing) { removeIngested(blob) }
            return pulled
        } catch {
            helper.end()
            let unused = store.endFetching(missing)
            // On a full disk nothing may be kept for another try.
            if case .noSpace = error { for blob in unused { removeIngested(blob) } }
            throw error
        }
    }

    /// - Parameter missing: the blobs that were not in the store, as soon as they are known.
    private func fetch(by helper: RegistryRun, _ work: String, _ missing: inout [OCIDescriptor]) throws(ImageError)
        -> PulledImage
    {
        let resolved = try helper.resolved()
        let plan = try plan(resolved, work)
        note(.resolved, request.reference.remoteName, detail: request.reference.repository)
        missing = try missingBlobs(plan)
        store.beginFetching(missing)
        for blob in missing { note(.pulling, blob.digest.short) }
        try helper.reply(
            RegistryReply(fetch: missing.map { RegistryBlob(digest: $0.digest.description, size: $0.size) }))
        let layers = try layers(plan, Set(missing.map(\.digest)), helper)
        _ = try helper.outcome()
        return try commit(plan, layers)
    }

    /// What manifest and configuration say, checked against each other.
    private struct Plan {
        var manifest: Manifest
        var manifestBytes: [UInt8]
        var mediaType: String
        var configuration: ImageConfiguration
        var configurationBytes: [UInt8]
        /// Of what the tag stands for.
        var digest: Digest

        var blobs: [OCIDescriptor] { manifest.layers ?? [] }
    }

    private func plan(_ resolved: RegistryEvent.Resolved, _ work: String) throws(ImageError) -> Plan {
        let limit = store.configuration.limits.metadataBytes
        let (manifestBytes, configurationBytes) = try mapping("read") { () throws(SystemError) in
            (try File.read(work + "/manifest", limit: limit), try File.read(work + "/config", limit: limit))
        }
        let manifest = try document(Manifest.self, manifestBytes, "manifest")
        let configuration = try document(ImageConfiguration.self, configurationBytes, "configuration")
        let layers = manifest.layers?.count ?? 0
        guard let digest = Digest(resolved.digest), Digest.of(manifestBytes).description == resolved.manifestDigest,
            Digest.of(configurationBytes) == manifest.config.digest,
            request.reference.digest.map({ $0 == digest }) ?? true
        else { throw corrupt("a digest does not fit") }
        if let os = configuration.os, !os.isEmpty, os != "linux" { throw corrupt("an image for \(os), not for linux") }
        guard configuration.rootfs.diffIDs.count == layers else {
            throw corrupt("\(layers) layers, but \(configuration.rootfs.diffIDs.count) digests of layers")
        }
        return Plan(
            manifest: manifest, manifestBytes: manifestBytes, mediaType: resolved.mediaType,
            configuration: configuration, configurationBytes: configurationBytes, digest: digest)
    }

    private func document<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], _ what: String) throws(ImageError)
        -> Value
    {
        switch decodeJSON(type, bytes) {
        case .success(let value): return value
        case .failure(let fault): throw corrupt("\(what): \(fault.text)")
        }
    }

    private func corrupt(_ text: String) -> ImageError { .registry(RegistryFault(.corrupt, "\(name): \(text)")) }

    /// Leased before they are looked for: what is there stays there.
    private func missingBlobs(_ plan: Plan) throws(ImageError) -> [OCIDescriptor] {
        var missing: [OCIDescriptor] = []
        for blob in plan.blobs where !missing.contains(where: { $0.digest == blob.digest }) {
            ingest.lease("blobs/" + blob.digest.hex)
            let path = store.layout.blob(blob.digest)
            let found = try mapping { () throws(SystemError) in try File.status(of: path) }
            if found == nil { missing.append(blob) }
        }
        return missing
    }

    /// Lowest first, each as soon as it has come.
    private func layers(_ plan: Plan, _ missing: Set<Digest>, _ helper: RegistryRun) throws(ImageError) -> [Image.Layer]
    {
        var layers: [Image.Layer] = []
        for (blob, diffID) in zip(plan.blobs, plan.configuration.rootfs.diffIDs) {
            let isMissing = missing.contains(blob.digest)
            if isMissing { try helper.awaitFetched(blob.digest) }
            let parent = layers.last?.chainID
            if !isMissing, let known = try ingest.knownLayer(blob.digest, diffID, over: parent) {
                note(.present, blob.digest.short)
                layers.append(known)
                continue
            }
            let layer: Image.Layer
            do throws(ImageError) {
                layer = try ingest.layer(try source(blob, diffID), over: parent)
            } catch {
                // It was what the manifest names, but cannot be used: the next try need not find it.
                if case .badArchive = error { removeIngested(blob.digest) }
                throw error
            }
            guard layer.blob != blob.digest || layer.blobSize == blob.size else {
                throw corrupt("layer \(blob.digest.short) has \(layer.blobSize) bytes, not \(blob.size) as promised")
            }
            note(.pulled, blob.digest.short)
            layers.append(layer)
        }
        return layers
    }

    /// From the ingest directory; from the store, if it was there before, or another pull was faster.
    private func source(_ blob: OCIDescriptor, _ diffID: Digest) throws(ImageError) -> LayerSource {
        let (fresh, kept) = (store.layout.ingested(blob.digest), store.layout.blob(blob.digest))
        let isFresh = try mapping { () throws(SystemError) in try File.status(of: fresh, following: false) } != nil
        let path = isFresh ? fresh : kept
        return LayerSource(
            input: try ArchiveInput(path: path, name: name), adoptable: path, entry: "layer \(blob.digest.short)",
            blob: blob.digest, diffID: diffID)
    }

    private func commit(_ plan: Plan, _ layers: [Image.Layer]) throws(ImageError) -> PulledImage {
        let isAsGiven = zip(layers, plan.blobs).allSatisfy { $0.blob == $1.digest }
        let reference = request.reference
        // By tag and by digest, as Docker has it in RepoTags and RepoDigests; `name:tag@digest` is what the digest says.
        let named = reference.digest == nil ? [reference] : []
        let prepared = try ingest.publish(
            plan.configurationBytes, layers, manifest: isAsGiven ? plan.manifestBytes : nil, mediaType: plan.mediaType,
            references: named + [reference.at(plan.digest)])
        let before = store.snapshot.record(reference)?.id
        let image = try ingest.commit(replacingManifest: prepared)
        return PulledImage(image: image, digest: plan.digest, isNew: before != image.id)
    }

    private func removeIngested(_ digest: Digest) {
        let path = store.layout.ingested(digest)
        // Swept later, if it cannot be removed now.
        for name in [path, path + ".part"] { do throws(SystemError) { try File.removeTree(name) } catch {} }
    }

    private func note(_ phase: ImageProgress.Phase, _ id: String, detail: String? = nil) {
        ingest.progress?(ImageProgress(phase: phase, id: id, current: 0, total: nil, detail: detail))
    }
}

extension ImageStore {
    fileprivate func beginFetching(_ blobs: [OCIDescriptor]) {
        fetching.withLock { fetching in for blob in blobs { fetching[blob.digest, default: 0] += 1 } }
    }

    /// Those nobody else fetches.
    fileprivate func endFetching(_ blobs: [OCIDescriptor]) -> [Digest] {
        fetching.withLock { fetching in
            for blob in blobs { fetching[blob.digest] = fetching[blob.digest].flatMap { $0 > 1 ? $0 - 1 : nil } }
            return blobs.map(\.digest).filter { fetching[$0] == nil }
        }
    }
}

extension ImageProgress {
    init(_ event: RegistryEvent.Progress) {
        let phase: Phase =
            switch event.phase {
            case .waiting: .waiting
            case .downloading: .downloading
            case .verifying: .verifying
            case .downloaded: .downloaded
            case .retrying: .retrying
            case .preparing: .preparing
            case .pushing: .pushing
            case .pushed: .pushed
            case .exists: .remote
            case .mounted: .mounted
            }
        self.init(phase: phase, id: event.name, current: event.current, total: event.total, detail: event.detail)
    }
}

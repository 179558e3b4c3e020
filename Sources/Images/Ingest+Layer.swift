import Linux

/// A layer as an archive offers it, and what is known of it beforehand.
struct LayerSource {
    let input: ArchiveInput
    /// The same file in the store's `tmp`, from where it may become the blob; nil: the bytes are copied as they are read.
    var adoptable: String?
    /// Name of the entry, for messages.
    var entry: String?
    /// What the blob's and the uncompressed digest must be; nil: whatever they are.
    var blob: Digest?
    var diffID: Digest?
}

extension Ingest {
    /// Reads, verifies, stores and unpacks one layer over `parent`. Afterwards blob and unpacked layer are in the store,
    /// durable and leased; the index does not name them yet.
    func layer(_ source: LayerSource, over parent: Digest?) throws(ImageError) -> Image.Layer {
        if let blob = source.blob, let diffID = source.diffID,
            let known = try knownLayer(blob, diffID, over: parent)
        {
            try verifyUnneeded(source, blob)
            report(.complete, blob.short, known.blobSize, known.blobSize)
            return known
        }
        let work = temporaryPath("layer")
        try mapping { () throws(SystemError) in
            try File.makeDirectory(work, mode: 0o700)
            try File.makeDirectory(work + "/diff", mode: 0o755)
            // A tar that does not name its root leaves owner and mode of the root below as they were.
            if let parent, let below = try File.status(of: store.layout.tree(parent)) {
                try File.setOwner(uid: below.uid, gid: below.gid, of: work + "/diff")
                try File.setMode(below.mode & 0o7777, of: work + "/diff")
            }
        }
        let read = try unpack(source, into: work)
        try verify(source, read)
        let chain = Digest.chain(parent, read.diffID)
        try place(read.blobFile, at: read.blob)
        let facts = LayerFacts(diffID: read.diffID, size: read.report.bytes, entries: read.report.entries)
        try place(work, facts, at: chain)
        return Image.Layer(
            diffID: read.diffID, chainID: chain, blob: read.blob, blobSize: read.blobSize, mediaType: read.mediaType,
            size: try store.layout.facts(of: chain).size)
    }

    /// The layer as another image has it, when digests say that it is the same.
    func knownLayer(_ blob: Digest, _ diffID: Digest, over parent: Digest?) throws(ImageError) -> Image.Layer? {
        let chain = Digest.chain(parent, diffID)
        lease("blobs/" + blob.hex)
        lease("layers/" + chain.hex)
        for record in store.snapshot.records.values {
            for layer in record.layers where layer.blob == blob && layer.chainID == chain {
                // The lease came first, so if they are there now, they stay.
                let (path, tree) = (store.layout.blob(blob), store.layout.tree(chain))
                let blobFile = try mapping { () throws(SystemError) in try File.status(of: path) }
                let treeFile = try mapping { () throws(SystemError) in try File.status(of: tree) }
                if blobFile != nil, treeFile != nil { return layer }
            }
        }
        return nil
    }

    /// The store has the layer already; what the archive has under its name must be the same all the same.
    private func verifyUnneeded(_ source: LayerSource, _ blob: Digest) throws(ImageError) {
        var digest = StreamDigest()
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            try cancellation.check()
            let result = try mapping { () throws(SystemError) in try source.input.descriptor.read(into: &buffer) }
            switch result {
            case .bytes(let count): digest.update(buffer[..<count])
            case .endOfFile: return try require(blob, digest.finish(), "digest", of: source)
            case .wouldBlock: throw .invalid("\(source.input.name): it is no file, and has nothing to read")
            }
        }
    }

    private struct ReadLayer {
        /// Of the bytes as they came.
        var compressed: Digest
        /// As kept: the same, or uncompressed where OCI has no name for the compression.
        var blob: Digest
        var blobSize: Int64
        var diffID: Digest
        var mediaType: String
        var blobFile: String
        var report: HelperJob.Report
    }

    private func unpack(_ source: LayerSource, into work: String) throws(ImageError) -> ReadLayer {
        let compressedFile: BlobFile
        if let adoptable = source.adoptable {
            // A second name, since the archive may have the layer twice, or links that lead to it.
            let name = temporaryPath("blob")
            try hardLink(adoptable, name)
            compressedFile = try BlobFile(existing: name)
        } else {
            compressedFile = try BlobFile(creating: temporaryPath("blob"))
        }
        let beginning = try source.input.beginning(cancellation)
        let compression = Compression(firstBytes: beginning)
        // Only for compressions that OCI has no name for.
        let plainFile = compression.mediaType == nil ? try BlobFile(creating: temporaryPath("blob")) : nil
        var compressed = StreamDigest()
        // What is not compressed the helper takes as it is, too: one digest is both.
        var plain = compression == .none ? nil : StreamDigest()
        var ticker = ProgressTicker(progress, .extracting, source.blob?.short ?? source.input.name, source.input.size)
        let job = HelperJob(
            helper: store.configuration.helper,
            arguments: ["unpack", "--whiteouts=overlay", compression == .none ? "--uncompressed" : "--echo", "--sync"]
                + limitArguments + (source.diffID == nil ? ["--end-mark"] : []) + [work + "/diff"],
            archive: source.input.name, cancellation: cancellation)
        let report: HelperJob.Report
        do throws(ImageError) {
            report = try job.run(input: source.input, first: beginning) { (bytes) throws(ImageError) in
                compressed.update(bytes)
                if plainFile == nil { try compressedFile.append(bytes) }
                ticker.moved(to: compressed.count)
            } onOutput: { (bytes) throws(ImageError) in
                plain?.update(bytes)
                try plainFile?.append(bytes)
            }
        } catch {
            throw error.inLayer(source.entry)
        }
        ticker.finished(at: compressed.count)
        let file = plainFile ?? compressedFile
        try file.sync()
        let digest = compressed.finish()
        let diffID = plain?.finish() ?? digest
        return ReadLayer(
            compressed: digest, blob: plainFile == nil ? digest : diffID,
            blobSize: plainFile == nil ? compressed.count : plain?.count ?? compressed.count, diffID: diffID,
            mediaType: compression.mediaType ?? MediaType.layer, blobFile: file.path, report: report)
    }

    private func verify(_ source: LayerSource, _ read: ReadLayer) throws(ImageError) {
        try require(source.blob, read.compressed, "digest", of: source)
        try require(source.diffID, read.diffID, "digest of the uncompressed layer", of: source)
    }

    private func require(
        _ expected: Digest?, _ found: Digest, _ what: String, of source: LayerSource
    ) throws(ImageError) {
        guard let expected, expected != found else { return }
        throw .badArchive(
            archive: source.input.name, entry: source.entry,
            fault: "the \(what) is \(found), not \(expected): the layer is corrupt or not what it is said to be")
    }

    var limitArguments: [String] {
        let limits = store.configuration.limits
        return ["--maximum-bytes=\(limits.unpackedBytes)", "--maximum-entries=\(limits.entries)"]
    }

    /// Makes `file`, already synced, the blob of that digest.
    func place(_ file: String, at digest: Digest) throws(ImageError) {
        lease("blobs/" + digest.hex)
        let target = store.layout.blob(digest)
        try mapping { () throws(SystemError) in
            try File.setMode(0o600, of: file)
            try File.rename(file, to: target)
            try DurableFile.syncDirectory(of: target)
        }
    }

    func place(_ bytes: [UInt8], _ digest: Digest) throws(ImageError) {
        let file = try BlobFile(creating: temporaryPath("blob"))
        try file.append(bytes[...])
        try file.sync()
        try place(file.path, at: digest)
    }

    /// Makes an unpacked tree, already synced, the layer `chain`. If somebody was faster, theirs is as good.
    private func place(_ work: String, _ facts: LayerFacts, at chain: Digest) throws(ImageError) {
        lease("layers/" + chain.hex)
        let bytes = try encodeJSON(facts)
        let target = store.layout.layer(chain)
        do throws(SystemError) {
            try DurableFile.write(bytes, to: work + "/layer.json", mode: 0o600)
            try File.renameWithoutReplacing(work, to: target)
            try DurableFile.syncDirectory(of: target)
        } catch {
            if !error.isAlreadyThere { throw ImageError(error) }
        }
    }

    func report(_ phase: ImageProgress.Phase, _ id: String, _ current: Int64, _ total: Int64?) {
        progress?(ImageProgress(phase: phase, id: id, current: current, total: total))
    }
}

extension ImageError {
    /// The entry of an archive inside an archive: `layer.tar: etc/passwd`.
    func inLayer(_ layer: String?) -> ImageError {
        guard case .badArchive(let archive, let entry, let fault) = self, let layer else { return self }
        return .badArchive(archive: archive, entry: entry.map { layer + ": " + $0 } ?? layer, fault: fault)
    }
}

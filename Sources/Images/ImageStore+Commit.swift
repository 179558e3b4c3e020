import Linux

extension ImageStore {
    /// `docker commit`: what the container changed becomes a layer over its image. A root file system that is a copy
    /// becomes an image of one layer.
    public func commit(_ request: CommitRequest, progress: ImageProgressHandler? = nil) async throws(ImageError)
        -> Image
    {
        let reference = try request.reference.map { (text) throws(ImageError) in try ImageReference.forTag(text) }
        let defaults = try request.defaults.applying(request.changes)
        let base = try image(request.image.description)
        return try await onOwnThread { (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, progress) { (ingest) throws(ImageError) in
                for layer in base.layers {
                    ingest.lease("blobs/" + layer.blob.hex)
                    ingest.lease("layers/" + layer.chainID.hex)
                }
                let upper = try self.upper(of: request.containerDirectory)
                let below = upper == nil ? [] : base.layers
                let file = try self.packed(upper ?? request.containerDirectory + "/rootfs", upper != nil, ingest)
                let input = try ArchiveInput(path: file, name: "changes of container \(request.containerID.prefix(12))")
                let layer = try ingest.layer(LayerSource(input: input, adoptable: file), over: below.last?.chainID)
                let configuration = request.configuration(base, below, layer, defaults)
                let prepared = try ingest.publish(
                    try request.document(configuration), below + [layer], parent: base.id,
                    references: reference.map { [$0] } ?? [])
                return try ingest.commit(prepared)
            }
        }
    }

    private func packed(_ directory: String, _ isLayer: Bool, _ ingest: Ingest) throws(ImageError) -> String {
        let file = try BlobFile(creating: ingest.temporaryPath("commit"))
        var ticker = ProgressTicker(ingest.progress, .reading, "container", nil)
        var packed: Int64 = 0
        let job = HelperJob(
            helper: configuration.helper,
            arguments: ["pack"] + (isLayer ? ["--layer"] : []) + [
                "--without-empty=" + MountPoints.files.joined(separator: ":")
            ] + [directory],
            archive: directory, cancellation: ingest.cancellation)
        _ = try job.run(onOutput: { (bytes) throws(ImageError) in
            try file.append(bytes)
            packed += Int64(bytes.count)
            ticker.moved(to: packed)
        })
        return file.path
    }
}

extension CommitRequest {
    /// The image's configuration blob.
    fileprivate func document(_ configuration: ImageConfiguration) throws(ImageError) -> [UInt8] {
        let bytes = try encodeJSON(configuration)
        guard !containerConfiguration.isEmpty else { return bytes }
        // To an object that has members, two more.
        let more = Array(#","container":"\#(containerID)","container_config":"#.utf8)
        return bytes.dropLast() + more + containerConfiguration + [UInt8(ascii: "}")]
    }

    func configuration(_ base: Image, _ below: [Image.Layer], _ layer: Image.Layer, _ defaults: ContainerDefaults)
        -> ImageConfiguration
    {
        let now = WallTime.now().rfc3339
        let step = ImageConfiguration.History(
            created: now, createdBy: command.joined(separator: " "), author: author.isEmpty ? nil : author,
            comment: message.isEmpty ? nil : message)
        var configuration = base.configuration
        configuration.created = now
        configuration.author = author.isEmpty ? nil : author
        configuration.comment = message.isEmpty ? nil : message
        configuration.config = defaults
        configuration.rootfs = .init(diffIDs: (below + [layer]).map(\.diffID))
        configuration.history = (below.isEmpty ? [] : base.configuration.history ?? []) + [step]
        return configuration
    }
}

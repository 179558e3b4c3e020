import Linux

extension ImageStore {
    /// A root file system tar (plain, gzip, zstd, xz, bzip2) becomes an image of one layer.
    public func importRootfs(
        from source: consuming ArchiveSource, _ request: ImportRequest, progress: ImageProgressHandler? = nil
    ) async throws(ImageError) -> Image {
        let reference = try request.reference.map { (text) throws(ImageError) in try ImageReference.forTag(text) }
        let input = try await ArchiveInput.opening(source)
        let defaults = try ContainerDefaults().applying(request.changes)
        let platform = try ImportRequest.platform(request.platform)
        return try await onOwnThread { (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, progress) { (ingest) throws(ImageError) in
                let layer = try ingest.layer(LayerSource(input: input), over: nil)
                let now = WallTime.now().rfc3339
                let comment =
                    request.message.isEmpty ? "Imported from \(input.size == nil ? "-" : input.name)" : request.message
                let configuration = ImageConfiguration(
                    created: now, architecture: platform.architecture, variant: platform.variant, os: "linux",
                    config: defaults, rootfs: .init(diffIDs: [layer.diffID]),
                    history: [.init(created: now, comment: comment)])
                let prepared = try ingest.publish(
                    try encodeJSON(configuration), [layer], references: reference.map { [$0] } ?? [])
                return try ingest.commit(prepared)
            }
        }
    }
}

extension ImportRequest {
    static func platform(_ text: String?) throws(ImageError) -> (architecture: String, variant: String?) {
        let parts = (text ?? "").split(separator: "/").map(String.init)
        guard parts.count <= 3, parts.first.map({ $0 == "linux" }) ?? true else {
            throw .invalid("platform \(text ?? ""): only linux, linux/ARCHITECTURE and linux/ARCHITECTURE/VARIANT")
        }
        return (parts.count > 1 ? parts[1] : Platform.architecture, parts.count > 2 ? parts[2] : nil)
    }
}

extension ImageReference {
    /// A name to be given: no digest.
    static func forTag(_ text: String) throws(ImageError) -> ImageReference {
        let reference = try ImageReference(text)
        guard reference.digest == nil else {
            throw .invalid("\"\(text)\": a new image cannot be named by a digest")
        }
        return reference
    }
}

extension ArchiveInput {
    /// Opens what is to be read, off the cooperative pool.
    static func opening(_ source: consuming ArchiveSource) async throws(ImageError) -> ArchiveInput {
        switch consume source {
        case .stream(let descriptor, let name): return try ArchiveInput(file: descriptor, name: name)
        case .path(let path): return try await onOwnThread { (_) throws(ImageError) in try ArchiveInput(path: path) }
        }
    }
}

import RegistryWire

/// The blobs of one pull, some at once.
struct BlobDownloads: Sendable {
    let job: RegistryJob
    let resolved: Resolved
    let events: EventPipe

    /// Returns when every blob is in the ingest directory; at the first failure the others are given up.
    func run(_ wanted: [RegistryBlob]) async throws(Fault) {
        let unknown = wanted.first { !resolved.blobs.contains($0) }
        if let unknown { throw Fault(.system, "quelld asks for \(unknown.digest), which is not of this image") }
        for blob in wanted { events.send(.progress(.init(phase: .waiting, name: DigestText.short(blob.digest)))) }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var left = wanted[...]
                for _ in 0..<max(1, job.settings.downloads) {
                    guard let blob = left.popFirst() else { break }
                    group.addTask { try await fetch(blob) }
                }
                while try await group.next() != nil {
                    if let blob = left.popFirst() { group.addTask { try await fetch(blob) } }
                }
            }
        } catch { throw error as? Fault ?? Fault(error, job.registry) }
    }

    private func fetch(_ blob: RegistryBlob) async throws(Fault) {
        var last: Fault?
        for remote in resolved.remotes {
            do throws(Fault) {
                try await BlobDownload(blob: blob, remote: remote, job: job, events: events).run()
                return events.send(.fetched(digest: blob.digest))
            } catch {
                // A mirror that lacks it, or lies; not what is wrong on this machine.
                guard error.kind != .noSpace, error.kind != .system else { throw error }
                last = error
            }
        }
        throw last ?? Fault(.system, "\(blob.digest): no place to fetch it from")
    }
}

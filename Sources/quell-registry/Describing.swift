import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
import RegistryWire

extension Registry {
    /// Descriptor and platforms of a reference.
    func describe(_ job: RegistryJob) async throws(Fault) -> RegistryEvent.Outcome {
        try await trying { (remote) async throws(Fault) in try await remote.describe(job) }
    }

    /// All tags of a repository.
    func tags(_ job: RegistryJob) async throws(Fault) -> RegistryEvent.Outcome {
        try await trying { (remote) async throws(Fault) in try await remote.tags(job) }
    }
}

extension Remote {
    fileprivate func describe(_ job: RegistryJob) async throws(Fault) -> RegistryEvent.Outcome {
        let manifest = try await manifest(job.repository, job.reference, job.limits)
        var outcome = RegistryEvent.Outcome()
        (outcome.digest, outcome.mediaType, outcome.size) = (
            manifest.digest, manifest.mediaType, Int64(manifest.bytes.count)
        )
        let document = try manifest.document()
        if MediaTypes.indexes.contains(manifest.mediaType) {
            outcome.platforms = (document.manifests ?? []).compactMap { entry in
                guard let os = entry.platform?.os, let architecture = entry.platform?.architecture else { return nil }
                return RegistryPlatform(os: os, architecture: architecture, variant: entry.platform?.variant)
            }
            return outcome
        }
        let (config, _) = try document.checked(manifest, job)
        let bytes = try await configuration(config, job)
        // The descriptor is what was asked for; a configuration that cannot be read names no platform.
        let facts = try? JSONDecoder().decode(ConfigDocument.self, from: Data(bytes))
        outcome.platforms = facts.map {
            [RegistryPlatform(os: $0.os ?? "linux", architecture: $0.architecture ?? "", variant: $0.variant)]
        }
        return outcome
    }

    private struct TagList: Decodable { var tags: [String]? }

    /// Page by page.
    fileprivate func tags(_ job: RegistryJob) async throws(Fault) -> RegistryEvent.Outcome {
        var tags: [String] = []
        var call = Remote.Call(path: "/v2/\(job.repository)/tags/list")
        let what = "tags of \(job.registry)/\(job.repository)"
        // A registry that never ends its list ends here.
        for _ in 0..<1000 {
            var attempts = Attempts(limit: 4)
            let response = try await attempts.run { [call] () async throws(Fault) in
                let response = try await send(call, .pull(job.repository))
                guard response.status == .ok else { throw await response.fault(what) }
                return response
            }
            let bytes = try await response.document(limit: job.limits.metadataBytes, what)
            do { tags += try JSONDecoder().decode(TagList.self, from: Data(bytes)).tags ?? [] } catch {
                throw Fault(.corrupt, "\(what): the answer is no list of tags")
            }
            guard let next = nextPage(response.headers) else { break }
            call.location = next
        }
        var outcome = RegistryEvent.Outcome()
        outcome.tags = tags
        return outcome
    }

    /// `Link: </v2/…?last=x>; rel="next"`, on this registry only.
    private func nextPage(_ headers: HTTPHeaders) -> URL? {
        guard let link = headers.first(name: "link"), link.contains("rel=\"next\""), link.hasPrefix("<"),
            let base = URL(string: endpoint.url),
            let url = URL.resolving(String(link.dropFirst().prefix { $0 != ">" }), against: base),
            url.hasOrigin(of: base)
        else { return nil }
        return url
    }
}

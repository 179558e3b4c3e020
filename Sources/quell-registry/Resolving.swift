import AsyncHTTPClient
import Crypto
import FoundationEssentials
import NIOCore
import NIOHTTP1
import RegistryWire

/// A manifest as it came.
struct FetchedManifest: Sendable {
    let bytes: [UInt8]
    let digest: String
    let mediaType: String
}

/// What a pull is about.
struct Resolved: Sendable {
    let event: RegistryEvent.Resolved
    /// Where it was found; what it lacks may be elsewhere.
    let remotes: [Remote]
    /// Of the layers, as the manifest names them.
    let blobs: [RegistryBlob]
}

extension Registry {
    /// Fetches manifest and configuration of the image that fits, and writes them into the work directory.
    func resolve(_ job: RegistryJob) async throws(Fault) -> Resolved {
        try await trying { (remote) async throws(Fault) in
            let top = try await remote.manifest(job.repository, job.reference, job.limits)
            let chosen = try await remote.choose(top, job, depth: 0)
            let document = try chosen.document()
            let (config, blobs) = try document.checked(chosen, job)
            let bytes = try await remote.configuration(config, job)
            try requirePlatform(bytes, job)
            try OutputFile.write(chosen.bytes, to: job.work + "/manifest")
            try OutputFile.write(bytes, to: job.work + "/config")
            return Resolved(
                event: .init(digest: top.digest, manifestDigest: chosen.digest, mediaType: chosen.mediaType),
                remotes: remote.endpoint == main.endpoint ? [main] : [remote, main], blobs: blobs)
        }
    }

    /// An image that stands alone is for the machine its configuration names.
    private func requirePlatform(_ bytes: [UInt8], _ job: RegistryJob) throws(Fault) {
        // quelld reads it again, and says what is wrong with it.
        guard let config = try? JSONDecoder().decode(ConfigDocument.self, from: Data(bytes)) else { return }
        let os = config.os.flatMap { $0.isEmpty ? nil : $0 } ?? "linux"
        guard os == "linux" else {
            throw Fault(.unsuitable, "\(job.name): an image for \(Printable.line(os, limit: 40)), not for linux")
        }
        guard let wanted = job.platform, let architecture = config.architecture else { return }
        let actual = RegistryPlatform(os: os, architecture: architecture, variant: config.variant)
        let offered = ManifestDocument.Descriptor.Platform(
            architecture: architecture, os: os, variant: config.variant ?? wanted.variant)
        guard PlatformChoice.rank(offered, for: wanted) != nil else {
            throw Fault(
                .notFound,
                "image with reference \(job.name) was found but does not match the specified platform: wanted \(wanted), "
                    + "actual: \(Printable.line(actual.description, limit: 80))")
        }
    }
}

extension RegistryJob {
    /// For messages.
    var name: String { "\(registry)/\(repository)" + (DigestText.hex(reference) == nil ? ":" : "@") + reference }
    var wanted: RegistryPlatform { platform ?? host }
}

extension FetchedManifest {
    func document() throws(Fault) -> ManifestDocument {
        do { return try JSONDecoder().decode(ManifestDocument.self, from: Data(bytes)) } catch {
            throw Fault(.corrupt, "manifest \(digest) is damaged: it is not JSON of a manifest's form")
        }
    }
}

extension ManifestDocument {
    /// Configuration and layers, within limits, of kinds that make an image.
    func checked(_ manifest: FetchedManifest, _ job: RegistryJob) throws(Fault) -> (RegistryBlob, [RegistryBlob]) {
        guard let config else { throw Fault(.corrupt, "manifest \(manifest.digest) names no configuration") }
        guard let type = config.mediaType, MediaTypes.configs.contains(type) else {
            throw Fault(
                .unsuitable,
                "\(job.name) is no container image: its configuration is "
                    + Printable.line(config.mediaType ?? "of no type", limit: 100))
        }
        let layers = layers ?? []
        guard layers.count <= job.limits.layers else {
            throw Fault(.corrupt, "\(job.name): \(layers.count) layers; at most \(job.limits.layers) are allowed")
        }
        var blobs: [RegistryBlob] = []
        var left = job.limits.blobBytes
        for layer in layers {
            guard MediaTypes.isLayer(layer.mediaType) else {
                throw Fault(
                    .unsuitable,
                    "\(job.name) is no container image: a layer is "
                        + Printable.line(layer.mediaType ?? "of no type", limit: 100))
            }
            let blob = try layer.checked("\(job.name): layer", limit: left)
            left -= blob.size
            blobs.append(blob)
        }
        return (try config.checked("\(job.name): configuration", limit: Int64(job.limits.metadataBytes)), blobs)
    }
}

extension Remote {
    /// A manifest or an index, its digest verified.
    func manifest(_ repository: String, _ reference: String, _ limits: RegistryLimits) async throws(Fault)
        -> FetchedManifest
    {
        var attempts = Attempts(limit: 4)
        return try await attempts.run { () async throws(Fault) in
            try await fetchManifest(repository, reference, limits)
        }
    }

    private func fetchManifest(_ repository: String, _ reference: String, _ limits: RegistryLimits)
        async throws(Fault) -> FetchedManifest
    {
        var call = Call(path: "/v2/\(repository)/manifests/\(reference)")
        for type in MediaTypes.accepted { call.headers.add(name: "accept", value: type) }
        let response = try await send(call, .pull(repository))
        let what = "manifest \(reference) of \(endpoint.host)/\(repository)"
        guard response.status == .ok else { throw await manifestFault(response, repository, reference, what) }
        let bytes = try await response.document(limit: limits.metadataBytes, what)
        if let length = response.headers.first(name: "content-length").flatMap(Int.init), length != bytes.count {
            throw Fault.passing("\(what): \(bytes.count) bytes came, not \(length)")
        }
        let digest = "sha256:" + hex(SHA256.hash(data: bytes))
        let promised = [
            DigestText.hex(reference) == nil ? nil : reference, response.headers.first(name: "docker-content-digest"),
        ]
        for text in promised.compactMap({ $0 }) where text.hasPrefix("sha256:") && text != digest {
            throw Fault(.corrupt, "\(what): its digest is \(digest), not \(Printable.line(text, limit: 80))")
        }
        return FetchedManifest(bytes: bytes, digest: digest, mediaType: try mediaType(response, bytes, what))
    }

    /// In Docker's words, which scripts look for.
    private func manifestFault(
        _ response: HTTPClientResponse, _ repository: String, _ reference: String, _ what: String
    ) async -> Fault {
        let fault = await response.fault(what)
        let name = endpoint.host == "registry-1.docker.io" ? repository : "\(endpoint.host)/\(repository)"
        let joint = DigestText.hex(reference) == nil ? ":" : "@"
        let said = fault.message.dropFirst(what.count + 2)
        switch fault.kind {
        case .notFound where !said.hasPrefix("name unknown"):
            return Fault(.notFound, "manifest for \(name)\(joint)\(reference) not found: \(said)")
        case .notFound, .denied, .unauthorized:
            return Fault(
                fault.kind == .notFound ? .notFound : .denied,
                "pull access denied for \(name), repository does not exist or may require 'docker login': \(said)")
        case .unsuitable, .corrupt, .unavailable, .noSpace, .system: return fault
        }
    }

    private struct TypedDocument: Decodable {
        var schemaVersion: Int?
        var mediaType: String?
        var manifests: [Anything]?
        struct Anything: Decodable { init(from decoder: any Decoder) throws {} }
    }

    private func mediaType(_ response: HTTPClientResponse, _ bytes: [UInt8], _ what: String) throws(Fault) -> String {
        let header = response.headers.first(name: "content-type").map { header in
            String(header.prefix { $0 != ";" && $0 != " " })
        }
        let document: TypedDocument
        do { document = try JSONDecoder().decode(TypedDocument.self, from: Data(bytes)) } catch {
            throw Fault(.corrupt, "\(what) is not JSON of a manifest's form")
        }
        if document.schemaVersion == 1 || header.map(MediaTypes.isSchema1) == true {
            throw Fault(
                .unsuitable,
                "\(what) is of Docker's schema 1, which nobody writes since 2017 and this engine does not read: "
                    + "push the image again with a newer tool")
        }
        let known = MediaTypes.manifests.union(MediaTypes.indexes)
        let named = [document.mediaType, header].compactMap { $0 }.filter { known.contains($0) }
        guard let type = named.first else {
            // OCI does not oblige anybody to name the type inside, and some servers know no better outside.
            let vague = header == nil || header == "application/json" || header == "application/octet-stream"
            if vague, document.mediaType == nil {
                return document.manifests == nil ? MediaTypes.manifest : MediaTypes.index
            }
            throw Fault(
                .unsuitable,
                "\(what) is no image, but \(Printable.line(document.mediaType ?? header ?? "of no type", limit: 100))")
        }
        guard Set(named).count == 1 else {
            throw Fault(.corrupt, "\(what) says that it is \(type), its registry says \(named[1])")
        }
        return type
    }

    /// The manifest for the machine.
    func choose(_ manifest: FetchedManifest, _ job: RegistryJob, depth: Int) async throws(Fault) -> FetchedManifest {
        guard MediaTypes.indexes.contains(manifest.mediaType) else { return manifest }
        guard depth < 4 else { throw Fault(.corrupt, "\(job.name): indexes nested more than four deep") }
        let entries = try manifest.document().manifests ?? []
        guard let entry = PlatformChoice.candidates(entries, for: job.wanted).first else {
            throw Fault(.notFound, "no matching manifest for \(job.wanted) in the manifest list entries of \(job.name)")
        }
        let blob = try entry.checked("\(job.name): manifest", limit: Int64(job.limits.metadataBytes))
        let chosen = try await self.manifest(job.repository, blob.digest, job.limits)
        guard Int64(chosen.bytes.count) == blob.size else {
            throw Fault(
                .corrupt,
                "\(job.name): manifest \(blob.digest) has \(chosen.bytes.count) bytes, not \(blob.size) as promised")
        }
        return try await choose(chosen, job, depth: depth + 1)
    }

    func configuration(_ blob: RegistryBlob, _ job: RegistryJob) async throws(Fault) -> [UInt8] {
        var attempts = Attempts(limit: 5)
        let what = "\(job.name): configuration \(blob.digest)"
        return try await attempts.run { () async throws(Fault) in
            let response = try await send(
                Call(path: "/v2/\(job.repository)/blobs/\(blob.digest)"), .pull(job.repository))
            guard response.status == .ok else { throw await response.fault(what) }
            let bytes = try await response.document(limit: job.limits.metadataBytes, what)
            guard Int64(bytes.count) == blob.size else {
                throw Fault(.corrupt, "\(what): \(bytes.count) bytes, not \(blob.size) as promised")
            }
            guard "sha256:" + hex(SHA256.hash(data: bytes)) == blob.digest else {
                throw Fault(.corrupt, "\(what): what came has the digest sha256:\(hex(SHA256.hash(data: bytes)))")
            }
            return bytes
        }
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

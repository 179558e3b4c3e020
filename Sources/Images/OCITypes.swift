/// OCI image-spec, descriptor.md.
struct OCIDescriptor: Codable, Hashable, Sendable {
    var mediaType: String
    var digest: Digest
    var size: Int64
    var annotations: [String: String]?
    var platform: Platform?

    struct Platform: Codable, Hashable, Sendable {
        var architecture: String
        var os: String
        var variant: String?
    }

    init(mediaType: String, digest: Digest, size: Int64, annotations: [String: String]? = nil) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
    }
}

/// OCI image-spec, manifest.md; Docker's schema 2 has the same members.
struct Manifest: Codable, Hashable, Sendable {
    var schemaVersion = 2
    var mediaType: String? = MediaType.manifest
    var config: OCIDescriptor
    /// Go writes an empty list as null.
    var layers: [OCIDescriptor]?
    var annotations: [String: String]?
}

/// OCI image-spec, image-index.md; Docker's manifest list has the same members.
struct IndexDocument: Codable, Hashable, Sendable {
    var schemaVersion = 2
    var mediaType: String? = MediaType.index
    var manifests: [OCIDescriptor]
}

/// One image of a docker-archive's manifest.json.
struct DockerArchiveEntry: Codable, Hashable, Sendable {
    var config: String
    var repoTags: [String]?
    /// Go writes an empty list as null.
    var layers: [String]?

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }
}

enum MediaType {
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let config = "application/vnd.oci.image.config.v1+json"
    static let layer = "application/vnd.oci.image.layer.v1.tar"
    static let indexes: Set = [index, "application/vnd.docker.distribution.manifest.list.v2+json"]
    static let manifests: Set = [manifest, "application/vnd.docker.distribution.manifest.v2+json"]
}

enum Annotation {
    static let tag = "org.opencontainers.image.ref.name"
    /// containerd's and Docker's: the whole canonical name.
    static let name = "io.containerd.image.name"
    static let id = "dev.quell.image.id"
    static let parent = "dev.quell.image.parent"
    static let taggedAt = "dev.quell.image.tagged"
    /// buildkit's mark of a manifest that is no image.
    static let referenceType = "vnd.docker.reference.type"
}

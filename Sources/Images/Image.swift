/// One image of the store, as data: a snapshot that later changes do not touch.
public struct Image: Sendable, Hashable {
    /// Digest of the configuration blob: Docker's image id.
    public let id: Digest
    /// Digest of the OCI manifest.
    public let manifest: Digest
    /// Tagged references, sorted; empty for a dangling image.
    public let tags: [ImageReference]
    /// `name@sha256:…` references, sorted.
    public let digests: [ImageReference]
    /// The image this one was committed from, if it was committed here.
    public let parent: Digest?
    public let configuration: ImageConfiguration
    /// Lowest first.
    public let layers: [Layer]
    /// Unix seconds when the image was made (0 if its configuration does not say).
    public let createdAt: Int64
    /// Unix seconds when a reference last pointed to this image, or the image came into the store.
    public let taggedAt: Int64

    public struct Layer: Sendable, Hashable {
        /// Digest of the uncompressed tar.
        public let diffID: Digest
        /// Names the unpacked stack up to and including this layer (OCI image-spec, layer ChainID).
        public let chainID: Digest
        /// Digest of the blob as stored, and its size in bytes.
        public let blob: Digest
        public let blobSize: Int64
        public let mediaType: String
        /// Bytes of the files in the unpacked layer.
        public let size: Int64
    }

    /// Bytes of the unpacked layers together: what `docker images` shows as SIZE.
    public var size: Int64 { layers.reduce(0) { $0 + $1.size } }
    /// No tag and no digest reference points to it.
    public var isDangling: Bool { tags.isEmpty && digests.isEmpty }
    /// `busybox:latest`, … as Docker shows RepoTags.
    public var repoTags: [String] { tags.map(\.familiar) }
    public var repoDigests: [String] { digests.map(\.familiar) }
    public var labels: [String: String] { configuration.config?.labels ?? [:] }
}

/// One line of `docker history`, newest first.
public struct ImageHistoryEntry: Sendable, Hashable {
    /// The image id for the newest line, nil (`<missing>`) for the rest.
    public let id: Digest?
    public let createdAt: Int64
    public let createdBy: String
    public let comment: String
    /// Tags of the image, for the newest line.
    public let tags: [String]
    /// Bytes this step added.
    public let size: Int64
}

/// Which images `list` gives back; members that are empty or nil do not restrict.
public struct ImageFilters: Sendable, Hashable {
    /// Patterns over familiar names: `busybox`, `busybox:1.*`, `*/app`.
    public var references: [String] = []
    public var dangling: Bool?
    /// `key` or `key=value`; all must hold.
    public var labels: [String] = []
    /// `key` or `key=value`; none may hold (prune's `label!=`).
    public var excludedLabels: [String] = []
    /// Made before, or after, this image (any name or id).
    public var before: String?
    public var since: String?
    /// Made before this moment, Unix seconds (prune's `until`).
    public var until: Int64?
    /// Untagged images that others are made of are left out, as by Docker unless `all` is asked for.
    public var hidesParents = false

    public init() {}
}

/// A container that needs an image; the engine passes these in.
public struct ImageUse: Sendable, Hashable {
    public let image: Digest
    public let containerID: String
    public let containerName: String
    public let isRunning: Bool

    public init(image: Digest, containerID: String, containerName: String, isRunning: Bool) {
        self.image = image
        self.containerID = containerID
        self.containerName = containerName
        self.isRunning = isRunning
    }
}

/// What a removal did, in order; Docker's `Untagged:` and `Deleted:` lines.
public enum ImageRemoval: Sendable, Hashable {
    /// Familiar name of the reference.
    case untagged(String)
    /// `sha256:…` of the image, or of a layer (chain id) that went with it.
    case deleted(String)
}

public struct ImagePrune: Sendable, Hashable {
    public let removals: [ImageRemoval]
    /// Bytes given back on disk.
    public let reclaimed: Int64
}

public struct ImageDiskUsage: Sendable, Hashable {
    /// Bytes of all unpacked layers, each counted once.
    public let layersSize: Int64
    /// Bytes of all blobs.
    public let blobsSize: Int64
    public let images: [Entry]

    public struct Entry: Sendable, Hashable {
        public let image: Image
        /// Bytes of layers that other images have too.
        public let sharedSize: Int64
        public var uniqueSize: Int64 { image.size - sharedSize }
    }
}

/// How far something long has come. `total` is nil while unknown.
public struct ImageProgress: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable {
        case reading, verifying, extracting, complete
        /// Of a pull, whose `id` is the tag; `detail` is the repository.
        case resolved
        case pulling, waiting, downloading, downloaded, pulled
        /// The layer is in the store.
        case present
        /// A connection broke; the next try is in `detail` seconds.
        case retrying
        case preparing, pushing, pushed
        /// The layer is in the registry.
        case remote
        /// It was taken over from the repository in `detail`.
        case mounted
    }
    public let phase: Phase
    /// What is worked on: a short layer digest, or the archive's name.
    public let id: String
    /// Bytes.
    public let current: Int64
    public let total: Int64?
    public var detail: String?
}

/// Called from the store's own threads, at most about ten times a second per id, and once at each phase's end.
public typealias ImageProgressHandler = @Sendable (ImageProgress) -> Void

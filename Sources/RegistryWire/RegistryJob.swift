/// What quelld asks of one run of `quell-registry`: the first line on its standard input, as JSON. The pipe stays open: its
/// end means that nobody waits for the job any more.
public struct RegistryJob: Codable, Sendable {
    public enum Task: String, Codable, Sendable {
        /// Fetch manifest and configuration, wait for a `RegistryReply`, fetch the blobs it names.
        case pull
        /// Send what `upload` names.
        case push
        /// Find out whether the registry takes the credentials.
        case login
        /// Say what a reference stands for.
        case describe
        /// List the tags of the repository.
        case tags
    }

    public var task: Task
    /// `docker.io`, `localhost:5000`, …
    public var registry: String
    /// `library/busybox`; empty for `login`.
    public var repository: String
    /// A tag, or a digest.
    public var reference: String
    /// nil: this machine's, and whatever a reference that offers no choice stands for.
    public var platform: RegistryPlatform?
    /// This machine's.
    public var host: RegistryPlatform
    public var credentials: RegistryCredentials?
    public var settings = RegistrySettings()
    public var limits = RegistryLimits()
    /// Where blobs are put: `HEX` when complete and verified, `HEX.part` before.
    public var ingest: String
    /// A directory of this job alone, for the files `manifest` and `config`.
    public var work: String
    public var upload: RegistryUpload?

    public init(
        task: Task, registry: String, repository: String, reference: String, host: RegistryPlatform, ingest: String,
        work: String
    ) {
        (self.task, self.registry, self.repository, self.reference) = (task, registry, repository, reference)
        (self.host, self.ingest, self.work) = (host, ingest, work)
    }
}

/// As `linux/arm/v7`.
public struct RegistryPlatform: Codable, Sendable, Hashable, CustomStringConvertible {
    public var os: String
    public var architecture: String
    public var variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        (self.os, self.architecture, self.variant) = (os, architecture, variant)
    }

    public var description: String { "\(os)/\(architecture)" + (variant.map { "/" + $0 } ?? "") }
}

/// What a client hands over for a registry. It goes nowhere but to `quell-registry`, through its standard input.
public struct RegistryCredentials: Codable, Sendable, Hashable {
    public var username: String?
    public var password: String?
    /// A refresh token, as an earlier login gave it.
    public var identityToken: String?
    /// A bearer token, used as it is.
    public var registryToken: String?

    public init(
        username: String? = nil, password: String? = nil, identityToken: String? = nil, registryToken: String? = nil
    ) {
        (self.username, self.password) = (username, password)
        (self.identityToken, self.registryToken) = (identityToken, registryToken)
    }
}

// Printed by mistake, it says nothing.
extension RegistryCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "RegistryCredentials(…)" }
    public var debugDescription: String { description }
}

/// What holds for registries, from the daemon's configuration.
public struct RegistrySettings: Codable, Sendable, Hashable {
    /// `HOST[:PORT]`, or a range of addresses such as `10.0.0.0/8`: certificates are not verified, and plain HTTP is tried.
    public var insecure: [String] = []
    /// URLs that are asked before Docker Hub.
    public var mirrors: [String] = []
    /// `HOST[:PORT]/{*.crt,*.cert,*.key}` below it.
    public var certificates = "/etc/quell/certs.d"
    public var proxies = RegistryProxies()
    /// Blobs fetched at once for one image.
    public var downloads = 3
    /// Blobs sent at once for one image.
    public var uploads = 5

    public init() {}
}

/// Through whom registries are reached.
public struct RegistryProxies: Codable, Sendable, Hashable {
    /// `http://[USER:PASSWORD@]HOST[:PORT]` or `socks5://HOST[:PORT]`, for registries that speak plain HTTP; nil: none.
    public var http: String?
    /// The same, for registries that speak TLS.
    public var https: String?
    /// Separated by commas: `HOST`, which stands for what is below it too, `.DOMAIN`, an address, a range of addresses, each
    /// but the last with or without a port; `*` is everything.
    public var bypass: String?

    public init() {}
}

/// Bounds that a hostile registry runs into.
public struct RegistryLimits: Codable, Sendable, Hashable {
    /// Bytes of a manifest, an index, or a configuration.
    public var metadataBytes = 4 << 20
    /// Bytes of all blobs of an image.
    public var blobBytes: Int64 = 64 << 30
    public var layers = 127

    public init() {}
}

/// A blob by its descriptor.
public struct RegistryBlob: Codable, Sendable, Hashable {
    /// `sha256:` and 64 hexadecimal digits.
    public var digest: String
    public var size: Int64

    public init(digest: String, size: Int64) { (self.digest, self.size) = (digest, size) }
}

/// What a push sends.
public struct RegistryUpload: Codable, Sendable {
    public struct Blob: Codable, Sendable {
        public var blob: RegistryBlob
        public var file: String
        /// Repositories of the same registry that are known to have it.
        public var sources: [String]
        /// For progress; nil: none is shown.
        public var name: String?

        public init(blob: RegistryBlob, file: String, sources: [String], name: String?) {
            (self.blob, self.file, self.sources, self.name) = (blob, file, sources, name)
        }
    }

    public var blobs: [Blob]
    public var manifestFile: String
    public var mediaType: String
    public var digest: String

    public init(blobs: [Blob], manifestFile: String, mediaType: String, digest: String) {
        (self.blobs, self.manifestFile, self.mediaType, self.digest) = (blobs, manifestFile, mediaType, digest)
    }
}

/// The second line of a pull, once `RegistryEvent.resolved` was read: which blobs are not in the store.
public struct RegistryReply: Codable, Sendable {
    public var fetch: [RegistryBlob]

    public init(fetch: [RegistryBlob]) { self.fetch = fetch }
}

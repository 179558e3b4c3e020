/// One line of JSON on the standard output of `quell-registry`.
public enum RegistryEvent: Codable, Sendable, Hashable {
    /// Every few seconds, whatever else happens: whoever is silent is stuck.
    case alive
    /// Of a pull: the files `manifest` and `config` are in the work directory.
    case resolved(Resolved)
    /// A blob moves on; `name` is its short digest.
    case progress(Progress)
    /// Complete and verified in the ingest directory.
    case fetched(digest: String)
    /// The job is done.
    case done(Outcome)
    /// The job failed; what is complete in the ingest directory stays there, for the next try.
    case failed(RegistryFault)

    public struct Resolved: Codable, Sendable, Hashable {
        /// What the tag stands for: of an index, if it is one.
        public var digest: String
        /// Of the manifest chosen.
        public var manifestDigest: String
        public var mediaType: String

        public init(digest: String, manifestDigest: String, mediaType: String) {
            (self.digest, self.manifestDigest, self.mediaType) = (digest, manifestDigest, mediaType)
        }
    }

    public struct Progress: Codable, Sendable, Hashable {
        public enum Phase: String, Codable, Sendable {
            case waiting, downloading, verifying, downloaded, retrying
            case preparing, pushing, pushed, exists, mounted
        }
        public var phase: Phase
        public var name: String
        public var current: Int64
        public var total: Int64?
        /// The repository it was mounted from; seconds until the next try.
        public var detail: String?

        public init(phase: Phase, name: String, current: Int64 = 0, total: Int64? = nil, detail: String? = nil) {
            (self.phase, self.name, self.current, self.total, self.detail) = (phase, name, current, total, detail)
        }
    }

    public struct Outcome: Codable, Sendable, Hashable {
        /// Of the manifest, as the registry has it.
        public var digest: String?
        public var mediaType: String?
        /// Bytes of the manifest.
        public var size: Int64?
        /// Of `describe`.
        public var platforms: [RegistryPlatform]?
        /// Of `login`, where the registry gives one.
        public var identityToken: String?
        /// Of `tags`.
        public var tags: [String]?

        public init() {}
    }
}

/// Why a job failed.
public struct RegistryFault: Error, Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable {
        /// The credentials are missing or wrong.
        case unauthorized
        /// They are right, and do not suffice.
        case denied
        case notFound
        /// The image is of a kind, or for a machine, that cannot be used here.
        case unsuitable
        /// What came is not what was promised.
        case corrupt
        /// The registry does not answer, or says that it cannot.
        case unavailable
        /// No space for it here.
        case noSpace
        /// Something on this machine failed.
        case system
    }

    public var kind: Kind
    /// What was tried, on what, why it failed. Without credentials.
    public var message: String

    public init(_ kind: Kind, _ message: String) { (self.kind, self.message) = (kind, message) }
}

/// The image configuration blob (OCI image-spec, config.md, with Docker's additions). Its digest is the image id.
///
/// Unknown members are ignored here; the blob itself is kept byte for byte.
public struct ImageConfiguration: Codable, Hashable, Sendable {
    /// RFC 3339, as written by whoever made the image.
    public var created: String?
    public var author: String?
    public var architecture: String?
    public var variant: String?
    public var os: String?
    public var config: ContainerDefaults?
    public var rootfs: Rootfs
    public var history: [History]?
    /// Docker's: the comment of the last step. Rarely present.
    public var comment: String?

    public struct Rootfs: Codable, Hashable, Sendable {
        public var type: String
        /// Digest of each layer's uncompressed tar, lowest first.
        public var diffIDs: [Digest]

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        public init(type: String = "layers", diffIDs: [Digest]) {
            self.type = type
            self.diffIDs = diffIDs
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decode(String.self, forKey: .type)
            // Go writes an empty list as null.
            diffIDs = try container.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
        }
    }

    /// One step of the image's history, oldest first in ``ImageConfiguration/history``.
    public struct History: Codable, Hashable, Sendable {
        public var created: String?
        public var createdBy: String?
        public var author: String?
        public var comment: String?
        public var emptyLayer: Bool?

        enum CodingKeys: String, CodingKey {
            case created, author, comment
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
        }

        public init(
            created: String? = nil, createdBy: String? = nil, author: String? = nil, comment: String? = nil,
            emptyLayer: Bool? = nil
        ) {
            self.created = created
            self.createdBy = createdBy
            self.author = author
            self.comment = comment
            self.emptyLayer = emptyLayer
        }
    }

    public init(
        created: String? = nil, author: String? = nil, architecture: String? = nil, variant: String? = nil,
        os: String? = "linux", config: ContainerDefaults? = nil, rootfs: Rootfs, history: [History]? = nil,
        comment: String? = nil
    ) {
        self.created = created
        self.author = author
        self.architecture = architecture
        self.variant = variant
        self.os = os
        self.config = config
        self.rootfs = rootfs
        self.history = history
        self.comment = comment
    }
}

/// What an image says about the containers made from it: the `config` member, in Docker's JSON shape.
public struct ContainerDefaults: Codable, Hashable, Sendable {
    public var user: String?
    /// `80/tcp`, `53/udp`, … as keys.
    public var exposedPorts: [String: EmptyObject]?
    /// `NAME=value`
    public var env: [String]?
    public var entrypoint: [String]?
    public var cmd: [String]?
    /// Paths inside the container as keys.
    public var volumes: [String: EmptyObject]?
    public var workingDir: String?
    public var labels: [String: String]?
    public var stopSignal: String?
    public var stopTimeout: Int?
    public var healthcheck: Healthcheck?
    public var onBuild: [String]?
    public var shell: [String]?
    public var argsEscaped: Bool?

    /// JSON `{}`.
    public struct EmptyObject: Codable, Hashable, Sendable {
        public init() {}
    }

    /// Durations are nanoseconds, as in Docker's API.
    public struct Healthcheck: Codable, Hashable, Sendable {
        public var test: [String]?
        public var interval: Int64?
        public var timeout: Int64?
        public var startPeriod: Int64?
        public var startInterval: Int64?
        public var retries: Int?

        enum CodingKeys: String, CodingKey {
            case test = "Test"
            case interval = "Interval"
            case timeout = "Timeout"
            case startPeriod = "StartPeriod"
            case startInterval = "StartInterval"
            case retries = "Retries"
        }

        public init(
            test: [String]? = nil, interval: Int64? = nil, timeout: Int64? = nil, startPeriod: Int64? = nil,
            startInterval: Int64? = nil, retries: Int? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }
    }

    enum CodingKeys: String, CodingKey {
        case user = "User"
        case exposedPorts = "ExposedPorts"
        case env = "Env"
        case entrypoint = "Entrypoint"
        case cmd = "Cmd"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case stopTimeout = "StopTimeout"
        case healthcheck = "Healthcheck"
        case onBuild = "OnBuild"
        case shell = "Shell"
        case argsEscaped = "ArgsEscaped"
    }

    public init() {}
}

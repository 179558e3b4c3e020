/// An image in a list.
public struct ImageSummary: DockerObject, Hashable {
    public var id: String = ""
    public var parentId: String = ""
    public var repoTags: [String] = []
    public var repoDigests: [String] = []
    /// Seconds since 1970.
    public var created: Int = 0
    public var size: Int = 0
    /// The same, as it was called before 1.44.
    public var virtualSize: Int?
    /// -1 is not calculated.
    public var sharedSize: Int = 0
    public var labels: [String: String]?
    /// -1 is not calculated.
    public var containers: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case parentId = "ParentId"
        case repoTags = "RepoTags"
        case repoDigests = "RepoDigests"
        case created = "Created"
        case size = "Size"
        case virtualSize = "VirtualSize"
        case sharedSize = "SharedSize"
        case labels = "Labels"
        case containers = "Containers"
    }
}

/// Of an image's configuration blob, what only clients before 1.45 are told.
public struct ImageOrigin: Codable, Sendable, Hashable {
    public var container: String?
    public var containerConfig: ImageConfig?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case container
        case containerConfig = "container_config"
    }
}

/// Everything known of an image.
public struct ImageInspect: DockerObject, Hashable {
    public var id: String = ""
    public var repoTags: [String] = []
    public var repoDigests: [String] = []
    public var parent: String = ""
    public var comment: String = ""
    public var created: String?
    public var dockerVersion: String = ""
    public var author: String = ""
    public var config: ImageConfig = ImageConfig()
    /// Of the container it was committed from, or else the image's own; until 1.44. docker-compose 1 looks for volumes there.
    public var containerConfig: ImageConfig?
    /// The container it was committed from, or empty; until 1.44.
    public var container: String?
    public var architecture: String = ""
    public var variant: String?
    public var os: String = ""
    public var osVersion: String?
    public var size: Int = 0
    /// The size again, until 1.43.
    public var virtualSize: Int?
    public var graphDriver: GraphDriver = GraphDriver()
    public var rootFS: RootFS = RootFS()
    public var metadata: ImageMetadata = ImageMetadata()

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case repoTags = "RepoTags"
        case repoDigests = "RepoDigests"
        case parent = "Parent"
        case comment = "Comment"
        case created = "Created"
        case dockerVersion = "DockerVersion"
        case author = "Author"
        case config = "Config"
        case containerConfig = "ContainerConfig"
        case container = "Container"
        case architecture = "Architecture"
        case variant = "Variant"
        case os = "Os"
        case osVersion = "OsVersion"
        case size = "Size"
        case virtualSize = "VirtualSize"
        case graphDriver = "GraphDriver"
        case rootFS = "RootFS"
        case metadata = "Metadata"
    }
}

/// What a container of the image runs unless told otherwise.
public struct ImageConfig: DockerObject, Hashable {
    public var user: String?
    public var exposedPorts: [String: EmptyObject]?
    public var env: [String]?
    public var cmd: [String]?
    public var healthcheck: HealthConfig?
    public var argsEscaped: Bool?
    public var volumes: [String: EmptyObject]?
    public var workingDir: String?
    public var entrypoint: [String]?
    public var onBuild: [String]?
    public var labels: [String: String]?
    public var stopSignal: String?
    public var shell: [String]?
    // Before 1.50; they belong to containers and were never filled.
    public var hostname: String?
    public var domainname: String?
    public var attachStdin: Bool?
    public var attachStdout: Bool?
    public var attachStderr: Bool?
    public var tty: Bool?
    public var openStdin: Bool?
    public var stdinOnce: Bool?
    public var image: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case user = "User"
        case exposedPorts = "ExposedPorts"
        case env = "Env"
        case cmd = "Cmd"
        case healthcheck = "Healthcheck"
        case argsEscaped = "ArgsEscaped"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case entrypoint = "Entrypoint"
        case onBuild = "OnBuild"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case shell = "Shell"
        case hostname = "Hostname"
        case domainname = "Domainname"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case tty = "Tty"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case image = "Image"
    }
}

/// The layers of an image, by the digests of their uncompressed archives.
public struct RootFS: DockerObject, Hashable {
    public var type: String = ""
    public var layers: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case type = "Type"
        case layers = "Layers"
    }
}

/// Facts of this host about an image.
public struct ImageMetadata: DockerObject, Hashable {
    public var lastTagTime: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case lastTagTime = "LastTagTime"
    }
}

/// A step in which an image was made.
public struct ImageHistoryItem: DockerObject, Hashable {
    public var id: String = ""
    public var created: Int = 0
    public var createdBy: String = ""
    public var tags: [String] = []
    public var size: Int = 0
    public var comment: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case created = "Created"
        case createdBy = "CreatedBy"
        case tags = "Tags"
        case size = "Size"
        case comment = "Comment"
    }
}

/// A reference taken away, or an image.
public struct ImageDeleteItem: DockerObject, Hashable {
    public var untagged: String?
    public var deleted: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case untagged = "Untagged"
        case deleted = "Deleted"
    }
}

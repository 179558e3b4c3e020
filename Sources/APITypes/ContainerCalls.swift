/// The answer to a creation.
public struct ContainerCreateResponse: DockerObject, Hashable {
    public var id: String = ""
    public var warnings: [String] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case warnings = "Warnings"
    }
}

/// The answer to an update.
public struct ContainerUpdateResponse: DockerObject, Hashable {
    public var warnings: [String] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case warnings = "Warnings"
    }
}

/// The processes in a container, as `ps` shows them.
public struct TopResponse: DockerObject, Hashable {
    public var titles: [String] = []
    public var processes: [[String]] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case titles = "Titles"
        case processes = "Processes"
    }
}

/// How a container ended. `StatusCode` is 128+n for signal n.
public struct WaitResponse: DockerObject, Hashable {
    public var statusCode: Int = 0
    public var error: WaitError?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case statusCode = "StatusCode"
        case error = "Error"
    }
}

/// Why the status is not the container's own.
public struct WaitError: DockerObject, Hashable {
    public var message: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case message = "Message"
    }
}

/// A difference between a container's root file system and its image.
public struct ChangeItem: DockerObject, Hashable {
    public var path: String = ""
    /// 0 changed, 1 added, 2 deleted.
    public var kind: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case path = "Path"
        case kind = "Kind"
    }
}

/// What the archive calls say of a path (header `X-Docker-Container-Path-Stat`, base64 JSON).
public struct PathStat: DockerObject, Hashable {
    public var name: String = ""
    public var size: Int = 0
    /// Go's os.FileMode: bit 31 directory, 27 symbolic link, low nine bits the permissions.
    public var mode: Int = 0
    public var mtime: String = ""
    public var linkTarget: String = ""

    public init() {}
}

/// The configuration laid over a container's own when an image is made of it.
public struct CommitRequest: DockerObject, Hashable {
    public var reference: String?
    public var comment: String?
    public var author: String?
    public var changes: [String] = []
    public var pause: Bool = false
    public var config: ContainerConfig?

    public init() {}
}

/// The id of something made.
public struct IDResponse: DockerObject, Hashable {
    public var id: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case id = "Id"
    }
}

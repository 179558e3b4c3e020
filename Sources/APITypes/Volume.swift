/// A volume.
public struct Volume: DockerObject, Hashable {
    public var name: String = ""
    public var driver: String = ""
    public var mountpoint: String = ""
    public var createdAt: String?
    public var status: [String: String]?
    public var labels: [String: String]?
    public var scope: String = ""
    public var options: [String: String]?
    public var usageData: VolumeUsage?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case mountpoint = "Mountpoint"
        case createdAt = "CreatedAt"
        case status = "Status"
        case labels = "Labels"
        case scope = "Scope"
        case options = "Options"
        case usageData = "UsageData"
    }
}

/// What a volume takes. -1 is not calculated.
public struct VolumeUsage: DockerObject, Hashable {
    public var size: Int = 0
    public var refCount: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case size = "Size"
        case refCount = "RefCount"
    }
}

/// A volume to be made.
public struct VolumeCreateRequest: DockerObject, Hashable {
    /// nil makes an anonymous one.
    public var name: String?
    public var driver: String?
    public var driverOpts: [String: String]?
    public var labels: [String: String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case driverOpts = "DriverOpts"
        case labels = "Labels"
    }
}

/// Volumes with what is to be said about them.
public struct VolumeList: DockerObject, Hashable {
    public var volumes: [Volume] = []
    public var warnings: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case volumes = "Volumes"
        case warnings = "Warnings"
    }
}

// What will hurt before it does (`GET /quell/v1/doctor`, `quell doctor --format json`). Members are only ever added.

public struct DoctorReport: DockerObject, Hashable {
    /// Nothing was found that will hurt: no finding is a `problem`.
    public var healthy: Bool = false
    /// Those that run.
    public var containers: [DoctorContainer] = []
    public var host = DoctorHost()
    /// Problems first.
    public var findings: [DoctorFinding] = []

    public init() {}
}

/// How a container would take a stop.
public struct DoctorContainer: DockerObject, Hashable {
    public var id: String = ""
    public var name: String = ""
    /// `graceful`, `forwarded`, `late`, `ignored`, `default-action`, `kill`, `unknown`.
    public var stop: String = ""
    /// One sentence.
    public var message: String = ""
    public var cure: String?
    /// It was started just now: handlers may be missing yet.
    public var fresh: Bool = false

    public init() {}
}

public struct DoctorHost: DockerObject, Hashable {
    public var kernel: String = ""
    /// `unified`, `hybrid`, `legacy`.
    public var cgroups: String = ""
    /// The kernel has cgroup.kill.
    public var groupKill: Bool = false
    /// Nil: the kernel has none; 0: off.
    public var hungTaskTimeoutSeconds: Int?
    public var hungTaskPanics: Bool = false
    /// Nil: the kernel has none; 0: none is set.
    public var fuseDefaultTimeoutSeconds: Int?
    public var fuseMaximumTimeoutSeconds: Int?
    /// The kernel tells pressure (PSI).
    public var pressure: Bool = false
    public var fuseControl: Bool = false
    /// The file system of the data root: `ext4`.
    public var dataRootType: String = ""

    public init() {}
}

public struct DoctorFinding: DockerObject, Hashable {
    /// `problem` (it will hurt), `warning` (it may), `note`.
    public var severity: String = ""
    /// `stop-late`, `fuse-mount`, `no-pressure` …
    public var code: String = ""
    /// The name of the container; nil: the host.
    public var container: String?
    public var message: String = ""
    /// One line.
    public var cure: String?

    public init() {}
}

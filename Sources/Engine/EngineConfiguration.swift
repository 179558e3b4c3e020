public import Lifecycle
public import RegistryWire

/// Where an engine keeps its things, and what holds when a request says nothing.
public struct EngineConfiguration: Sendable {
    /// Database, images, containers, volumes. Absolute.
    public var dataRoot: String
    /// Sockets, bundles, process ids; need not survive a restart of the host. Absolute.
    public var runRoot: String
    /// Name of the cgroup under which containers and shims live; nil: `quell` for the default roots, else
    /// `quell-<8 hex digits of the data root's hash>`.
    public var cgroupParent: String?
    /// Path of the static `quell-shim`.
    public var shimPath: String
    /// Path of `quell-unpack`.
    public var unpackPath: String
    /// Path of `quell-registry`.
    public var registryPath: String
    /// What holds for registries.
    public var registries: RegistrySettings
    /// Runtimes by name; `crun` and `runc` are looked up in PATH when they are missing here.
    public var runtimes: [String: String]
    public var defaultRuntime: String
    /// The distribution's default profile; nil: the usual places.
    public var seccompProfile: String?
    /// For `--init`; nil: catatonit or tini, the first found in the usual places.
    public var initPath: String?
    /// `max-size`, `max-file` for containers that name none.
    public var logOptions: [String: String]
    public var defaultUnhandled: Unhandled
    public var killDeadline: Duration
    public var stopTimeout: Duration
    public var shmSize: Int64
    public var expectations: JobExpectations
    /// What a disk may take for one step of a call. One that takes longer hangs, and the call fails.
    public var diskDeadline: Duration
    /// What containers join that name no network; nil: the bridge where its plugins are there, none elsewhere.
    public var defaultNetwork: DefaultNetwork?
    /// Where the CNI plugins are, in the order in which they are searched.
    public var pluginDirectories: [String] = CNIPlugins.usualPlaces
    /// A forced removal quarantines what does not die, instead of failing.
    public var quarantinesOnRemove: Bool
    /// Labels of the engine, shown by `info`.
    public var labels: [String]
    /// Shown by `info`, beside the engine's own.
    public var warnings: [String]
    public var version: String

    public init(
        dataRoot: String = "/var/lib/quell", runRoot: String = "/run/quell", cgroupParent: String? = nil,
        shimPath: String, unpackPath: String, registryPath: String = "quell-registry",
        registries: RegistrySettings = RegistrySettings(), runtimes: [String: String] = [:],
        defaultRuntime: String = "crun",
        seccompProfile: String? = nil, initPath: String? = nil, logOptions: [String: String] = [:],
        defaultUnhandled: Unhandled = .wait, killDeadline: Duration = StopOrder.defaultKillDeadline,
        stopTimeout: Duration = .seconds(10), shmSize: Int64 = 64 << 20,
        expectations: JobExpectations = JobExpectations(), diskDeadline: Duration = .seconds(30),
        quarantinesOnRemove: Bool = false, defaultNetwork: DefaultNetwork? = nil, labels: [String] = [],
        warnings: [String] = [], version: String = "dev"
    ) {
        (self.dataRoot, self.runRoot, self.cgroupParent) = (dataRoot, runRoot, cgroupParent)
        (self.shimPath, self.unpackPath) = (shimPath, unpackPath)
        (self.registryPath, self.registries) = (registryPath, registries)
        (self.runtimes, self.defaultRuntime) = (runtimes, defaultRuntime)
        (self.seccompProfile, self.initPath, self.logOptions) = (seccompProfile, initPath, logOptions)
        (self.defaultUnhandled, self.killDeadline) = (defaultUnhandled, killDeadline)
        (self.stopTimeout, self.shmSize, self.expectations) = (stopTimeout, shmSize, expectations)
        (self.diskDeadline, self.quarantinesOnRemove) = (diskDeadline, quarantinesOnRemove)
        self.defaultNetwork = defaultNetwork
        (self.labels, self.warnings, self.version) = (labels, warnings, version)
    }
}

import Diagnosis
import Images
import Lifecycle
import Linux
import Logging
import Synchronization

/// What the parts of an engine share.
final class EngineCore: Sendable {
    let configuration: EngineConfiguration
    let paths: EnginePaths
    let store: Store
    let images: ImageStore
    let reactor: Reactor
    let events: EventLog
    let logWatches: LogWatches
    let registry = Registry()
    /// Containers that no record knows any more, while what is left of them is cleared away.
    let leaving = Mutex<[String: Container]>([:])
    let execs = ExecTable()
    let volumes: VolumeTable
    let networks: NetworkTable
    let facts: HostFacts
    let cgroups: CgroupHost
    /// With a leading slash: `/quell`.
    let cgroupParent: String
    /// Of this boot of the host.
    let boot: String
    let logger: Logger
    /// Containers that are left alone.
    let unreadable = Mutex<[UnreadableRow]>([])
    let isClosing = Mutex(false)
    /// The engine is being opened.
    let isRecovering = Mutex(true)
    /// All containers are being stopped because the daemon ends: nothing is started again, and no intent is recorded, so
    /// that the next engine's policies find them as they were.
    let isStoppingAll = Mutex(false)
    /// The default profile as each set of capabilities makes it, encoded: it is most of a `config.json`.
    let seccompDocuments = Mutex<[[String]: [UInt8]]>([:])
    let seccompFilters = SeccompFilters()
    /// Disposable children: what hangs in the kernel hangs as one of these.
    let children = Gate(limit: 256)
    let hostLook = HostLook()
    let pulls = SharedPulls()
    /// Calls in flight.
    let jobs = JobTable()
    let metrics = EngineMetrics()
    /// What holds the tasks of stuck containers, by id: how many for each reason.
    let stuckReasons = Mutex<[String: [String: Int]]>([:])
    /// Reads what may hang of the processes that are explained.
    let prober: ProbeRunner

    init(_ parts: EngineParts) {
        (configuration, paths, store, images) = (parts.configuration, parts.paths, parts.store, parts.images)
        (reactor, facts, cgroups) = (parts.reactor, parts.facts, parts.cgroups)
        (cgroupParent, boot, logger) = (parts.cgroupParent, parts.boot, parts.logger)
        events = EventLog(store: parts.store, reactor: parts.reactor)
        logWatches = LogWatches(parts.reactor, parts.logger)
        prober = ProbeRunner(parts.configuration.shimPath)
        volumes = VolumeTable(parts.store, parts.paths)
        networks = NetworkTable(parts.paths, places: parts.configuration.pluginDirectories)
        Watchdog.start(self)
    }

    func cgroup(_ id: String) -> Cgroup { Cgroup("\(cgroupParent)/\(id)", on: cgroups) }
    func shimCgroup(_ id: String) -> Cgroup { Cgroup("\(cgroupParent)/shim-\(id)", on: cgroups) }

    /// The container of that name, id, or beginning of an id.
    func container(_ reference: String) throws(EngineError) -> Container { try registry.find(reference) }
}

/// See `EngineCore`.
struct EngineParts {
    var configuration: EngineConfiguration
    var paths: EnginePaths
    var store: Store
    var images: ImageStore
    var reactor: Reactor
    var facts: HostFacts
    var cgroups: CgroupHost
    var cgroupParent: String
    var boot: String
    var logger: Logger
}

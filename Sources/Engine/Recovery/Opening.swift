import Images
import Lifecycle
import Linux
import Logging

/// Held as long as an engine is open.
struct RootLocks: ~Copyable, Sendable {
    let data: FileLock
    let run: FileLock
}

/// The steps of opening an engine.
struct Opening {
    private var configuration: EngineConfiguration
    private let paths: EnginePaths
    private let logger: Logger

    init(_ configuration: EngineConfiguration, _ logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        paths = EnginePaths(dataRoot: configuration.dataRoot, runRoot: configuration.runRoot)
    }

    /// A second engine on the same data or run root is refused: each would sweep away what the other has.
    func lockRoots() throws(EngineError) -> RootLocks {
        for root in [configuration.dataRoot, configuration.runRoot] where !root.hasPrefix("/") {
            throw .invalid("\(root): the roots must be absolute paths")
        }
        return RootLocks(
            data: try lock(paths.dataRoot, paths.lock, "data"), run: try lock(paths.runRoot, paths.runLock, "run"))
    }

    private func lock(_ root: String, _ path: String, _ name: String) throws(EngineError) -> FileLock {
        try attempt("prepare the \(name) root") { () throws(SystemError) in
            try File.makeDirectories(root, mode: 0o711)
        }
        let lock: FileLock?
        do throws(SystemError) { lock = try FileLock(path) } catch { throw EngineError("lock the \(name) root", error) }
        guard let lock else {
            let holder = try attempt { () throws(SystemError) in try File.readIfPresent(path) } ?? []
            let pid = String(decoding: holder, as: UTF8.self).trimmingWhitespace
            throw .conflict(
                "the \(name) root \(root) is in use by another quelld\(pid.isEmpty ? "" : " (pid \(pid))"): end it, or use another --\(name)-root"
            )
        }
        // For people only: a root without room for it is no reason not to serve.
        do throws(SystemError) { try lock.setContent("\(ProcessSelf.pid)\n") } catch {
            logger.warning("\(path): \(error)")
        }
        return lock
    }

    func core() async throws(EngineError) -> EngineCore {
        try makeDirectories()
        let cgroups = try attempt("find the control groups") { () throws(SystemError) in try CgroupHost.detect() }
        let logger = logger
        let reactor = try attempt { () throws(SystemError) in try Reactor(logger: logger) }
        do throws(EngineError) { return try await core(cgroups, reactor) } catch {
            reactor.stop()
            throw error
        }
    }

    private func core(_ cgroups: CgroupHost, _ reactor: Reactor) async throws(EngineError) -> EngineCore {
        let (database, containers, logger) = (paths.database, paths.containers, logger)
        let deadline = configuration.diskDeadline
        let store = try await Blocking.run { () throws(EngineError) in
            try Store(path: database, containers: containers, logger: logger, reactor: reactor, deadline: deadline)
        }
        var completed = configuration
        findPrograms(&completed)
        let images: ImageStore
        do throws(ImageError) {
            var store = ImageStore.Configuration(directory: paths.images, helper: configuration.unpackPath)
            (store.registry.helper, store.registry.settings) = (configuration.registryPath, configuration.registries)
            images = try ImageStore(store)
        } catch { throw EngineError(error) }
        return EngineCore(
            EngineParts(
                configuration: completed, paths: paths, store: store, images: images,
                reactor: reactor,
                facts: try attempt("look at the host") { () throws(SystemError) in try HostFacts.read(cgroups) },
                cgroups: cgroups, cgroupParent: "/" + (configuration.cgroupParent ?? defaultParent), boot: try boot(),
                logger: logger))
    }

    private func makeDirectories() throws(EngineError) {
        try attempt("prepare the roots") { () throws(SystemError) in
            for path in [paths.containers, paths.volumes, paths.temporary, paths.images] {
                try File.makeDirectories(path, mode: 0o711)
            }
            try File.makeDirectories(paths.runRoot, mode: 0o711)
            for path in [paths.bundles, paths.networkRecords, paths.networkNamespaces, paths.leases, paths.names] {
                try File.makeDirectories(path, mode: 0o711)
            }
        }
    }

    /// Two engines with different roots must not share a group.
    private var defaultParent: String {
        paths.tag.map { "quell-\($0)" } ?? "quell"
    }

    private func boot() throws(EngineError) -> String {
        let bytes = try attempt { () throws(SystemError) in try File.read("/proc/sys/kernel/random/boot_id") }
        return String(decoding: bytes, as: UTF8.self).trimmingWhitespace
    }

    /// Runtimes, init and seccomp profile, where the configuration leaves them open.
    private func findPrograms(_ configuration: inout EngineConfiguration) {
        let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        for name in ["crun", "runc"] where configuration.runtimes[name] == nil {
            configuration.runtimes[name] = places.map { "\($0)/\(name)" }.first(where: File.isExecutable)
        }
        if configuration.initPath == nil {
            let names = [
                "/usr/libexec/podman/catatonit", "/usr/bin/catatonit", "/usr/bin/tini-static", "/usr/bin/tini",
            ]
            configuration.initPath = names.first(where: File.isExecutable)
        }
        if configuration.seccompProfile == nil {
            let files = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"]
            configuration.seccompProfile = files.first(where: Recovery.exists)
        }
    }
}

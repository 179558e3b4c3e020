public import APITypes
import Images
import Lifecycle
import Linux
import Logging
import Networks
import RegistryWire

extension Engine {
    /// Past events from `since` on (when given), then those to come until `until`; without `until`: without end.
    /// A reader that falls 4096 events behind is cut off.
    public func events(since: Timestamp?, until: Timestamp?, filters: Filters) async throws(EngineError)
        -> PulledStream<EventMessage>
    { try await core.events.stream(since: since, until: until, filters: filters) }

    /// The daemon has read a part of its configuration again.
    public func noteReload() {
        core.events.post(
            type: "daemon", action: "reload", id: core.configuration.dataRoot,
            attributes: ["name": core.configuration.dataRoot])
    }

    public func systemInfo() async throws(EngineError) -> SystemInfo {
        let snapshots = core.registry.all.map(\.snapshot)
        let facts = core.facts
        var info = SystemInfo()
        info.id = core.configuration.dataRoot
        info.containers = snapshots.count
        info.containersPaused = snapshots.count { $0.live == .paused }
        info.containersRunning = snapshots.count { $0.isRunning && $0.live != .paused }
        info.containersStopped = info.containers - info.containersPaused - info.containersRunning
        info.containersStuck = snapshots.count { $0.live == .stuck }
        do { info.images = try images.images().count } catch { throw EngineError(error) }
        (info.driver, info.dockerRootDir) = (await driver(), core.configuration.dataRoot)
        info.plugins.volume = ["local"]
        info.plugins.network = ["bridge", "host", "ipvlan", "macvlan", "none"].filter { name in
            NetworkDefinition.Driver(rawValue: name).map { core.fault(of: $0) == nil } ?? true
        }
        info.plugins.log = ["json-file", "none"]
        (info.memoryLimit, info.swapLimit) = (true, facts.limitsSwap)
        (info.cpuCfsPeriod, info.cpuCfsQuota, info.cpuShares, info.cpuSet) = (true, true, true, true)
        (info.pidsLimit, info.oomKillDisable) = (true, !facts.isUnified)
        info.systemTime = Timestamp.now.description
        (info.loggingDriver, info.cgroupDriver) = ("json-file", "cgroupfs")
        info.cgroupVersion = facts.isUnified ? "2" : "1"
        info.nEventsListener = core.events.readerCount
        try fillHost(&info)
        info.labels = core.configuration.labels
        info.serverVersion = core.configuration.version
        for (name, path) in core.configuration.runtimes {
            info.runtimes[name] = RuntimeInfo()
            info.runtimes[name]?.path = path
        }
        info.defaultRuntime = core.configuration.defaultRuntime
        info.swarm.localNodeState = "inactive"
        info.liveRestoreEnabled = true
        info.initBinary = core.configuration.initPath ?? ""
        fillRegistries(&info)
        // What clients keep the credentials for Docker Hub under.
        info.indexServerAddress = "https://index.docker.io/v1/"
        info.securityOptions = core.configuration.seccompProfile.map { ["name=seccomp,profile=\($0)"] } ?? []
        info.warnings = warnings()
        return info
    }

    private func fillRegistries(_ info: inout SystemInfo) {
        let settings = core.configuration.registries
        var hub = IndexInfo()
        (hub.name, hub.mirrors, hub.secure, hub.official) = ("docker.io", settings.mirrors, true, true)
        (info.registryConfig.mirrors, info.registryConfig.indexConfigs["docker.io"]) = (settings.mirrors, hub)
        info.registryConfig.insecureRegistryCIDRs = ["::1/128", "127.0.0.0/8"]
        for name in settings.insecure {
            if name.contains("/") {
                info.registryConfig.insecureRegistryCIDRs.append(name)
            } else {
                var index = IndexInfo()
                index.name = name
                info.registryConfig.indexConfigs[name] = index
            }
        }
        info.httpProxy = Engine.masked(settings.proxies.http)
        info.httpsProxy = Engine.masked(settings.proxies.https)
        info.noProxy = settings.proxies.bypass ?? ""
    }

    /// As Docker shows a proxy: without the name and the password that its URL may hold.
    private static func masked(_ url: String?) -> String {
        guard let url, let at = url.lastIndex(of: "@") else { return url ?? "" }
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        return url[..<start] + "xxxxx:xxxxx" + url[at...]
    }

    /// As Docker calls overlayfs, or `copy` where root file systems are copied.
    func driver() async -> String {
        do throws(ImageError) {
            let paths = core.paths
            return try await images.usesOverlay(below: paths.containers, scratch: paths.temporary) ? "overlay2" : "copy"
        } catch {
            core.logger.warning("whether overlayfs can be used is not known: \(error)")
            return "unknown"
        }
    }

    private func fillHost(_ info: inout SystemInfo) throws(EngineError) {
        let facts = core.facts
        (info.kernelVersion, info.architecture, info.osType) = (facts.kernelRelease, facts.machine, "linux")
        (info.ncpu, info.memTotal) = (facts.processors, Int(facts.memoryBytes))
        let (kernel, system, descriptors) = try attempt { () throws(SystemError) in
            (try Host.kernel(), try Host.operatingSystem(), try File.list("/proc/self/fd").count)
        }
        (info.name, info.operatingSystem, info.nFd) = (kernel.hostname, system ?? "Linux", descriptors)
    }

    private func warnings() -> [String] {
        var list: [String] = []
        if !core.facts.limitsSwap { list.append("WARNING: No swap limit support") }
        if !core.facts.canRaiseLimits {
            list.append(
                "WARNING: No CAP_SYS_RESOURCE: ulimits cannot be raised, and shims are not guarded from the OOM killer")
        }
        if core.configuration.seccompProfile == nil { list.append("WARNING: No default seccomp profile is installed") }
        if core.configuration.defaultNetwork == nil, let fault = core.fault(of: .bridge) {
            list.append("WARNING: No default network: \(fault)")
        }
        return list + core.configuration.warnings.map { "WARNING: \($0)" } + core.unreadableWarnings
    }

    /// Walks volumes and written layers: takes as long as there are files. What is not asked for is empty.
    public func diskUsage(of kinds: Set<UsageKind> = Set(UsageKind.allCases)) async throws(EngineError) -> DiskUsage {
        var usage = DiskUsage()
        if kinds.contains(.image) { try addImages(to: &usage) }
        if kinds.contains(.container) {
            var options = ListOptions()
            (options.all, options.size) = (true, true)
            usage.containers = try await listContainers(options)
        }
        if kinds.contains(.volume) {
            for row in core.volumes.all {
                var volume = core.view(row)
                volume.usageData = VolumeUsage()
                volume.usageData?.size = await core.bytes(of: row)
                volume.usageData?.refCount = core.users(ofVolume: row.name).count
                usage.volumes.append(volume)
            }
        }
        return usage
    }

    private func addImages(to usage: inout DiskUsage) throws(EngineError) {
        let stored: ImageDiskUsage
        do throws(ImageError) { stored = try images.diskUsage() } catch { throw EngineError(error) }
        usage.layersSize = Int(stored.layersSize)
        let uses = imageUses
        usage.images = stored.images.map { entry in
            var summary = ImageSummary()
            summary.id = entry.image.id.description
            (summary.repoTags, summary.repoDigests) = (entry.image.repoTags, entry.image.repoDigests)
            (summary.size, summary.sharedSize) = (Int(entry.image.size), Int(entry.sharedSize))
            (summary.created, summary.labels) = (Int(entry.image.createdAt), entry.image.labels)
            summary.containers = uses.count { $0.image == entry.image.id }
            return summary
        }
    }
}

/// What `GET /system/df` can be asked for.
public enum UsageKind: String, CaseIterable, Sendable { case container, image, volume, buildCache = "build-cache" }

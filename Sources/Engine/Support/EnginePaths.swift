/// Where things are (see the table "Paths on disk" in ARCHITECTURE.md).
struct EnginePaths: Hashable, Sendable {
    let dataRoot: String
    let runRoot: String

    /// What tells this engine's groups, devices and rules from those of others; nil for the usual root.
    var tag: String? {
        if dataRoot == "/var/lib/quell" { return nil }
        // FNV-1a; only to tell roots apart.
        var hash: UInt32 = 0x811c_9dc5
        for byte in dataRoot.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    var database: String { "\(dataRoot)/quell.db" }
    var lock: String { "\(dataRoot)/lock" }
    var runLock: String { "\(runRoot)/lock" }
    var images: String { "\(dataRoot)/images" }
    var containers: String { "\(dataRoot)/containers" }
    var volumes: String { "\(dataRoot)/volumes" }
    var temporary: String { "\(dataRoot)/tmp" }
    var bundles: String { "\(runRoot)/c" }
    /// `--root` of the runtime; one for each, as their formats differ.
    func runtimeRoot(_ runtime: String) -> String { "\(runRoot)/\(runtime)" }
    /// Leases of addresses, a directory for each network.
    var leases: String { "\(runRoot)/leases" }
    /// What containers have of networks, a file for each.
    var networkRecords: String { "\(runRoot)/net" }
    func networkRecord(_ id: String) -> String { "\(networkRecords)/\(id)" }
    /// What name servers answer, a file for each network.
    var names: String { "\(runRoot)/names" }
    var networkNamespaces: String { "\(runRoot)/netns" }
    func networkNamespace(_ id: String) -> String { "\(networkNamespaces)/\(id)" }
    /// Held by the plugins that work on a container's networks.
    func pluginLock(_ id: String) -> String { "\(networkNamespaces)/\(id).lock" }
    func container(_ id: String) -> ContainerPaths {
        ContainerPaths(data: "\(containers)/\(id)", bundle: "\(bundles)/\(id)", id: id)
    }
    func volumeData(_ name: String) -> String { "\(volumes)/\(name)/_data" }
}

/// The places of one container.
struct ContainerPaths: Hashable, Sendable {
    let data: String
    let bundle: String
    let id: String

    var log: String { "\(data)/\(id)-json.log" }
    var exitRecord: String { "\(data)/exit" }
    /// Where the shim leaves it when the data root does not answer (see `ShimConfiguration.lateExitRecord`).
    var lateExitRecord: String { "\(bundle)/late-exit" }
    var rootfs: String { "\(data)/rootfs" }
    /// Shared memory of a container whose IPC others may join.
    var sharedMemory: String { "\(data)/shm" }
    /// Where the part of a volume that is the mount of this number is mounted, to be bound into the container from there.
    func subpath(_ number: Int) -> String { "\(data)/subpaths/\(number)" }
    /// What the engine mounts for every run; see `Container.mountPoints` for all.
    var mounts: [String] { [sharedMemory, rootfs] }
    var upper: String { "\(data)/upper" }
    var config: String { "\(bundle)/config.json" }
    var shimConfiguration: String { "\(bundle)/shim.conf" }
    var socket: String { "\(bundle)/shim.sock" }
    /// The name it was started under.
    var name: String { "\(bundle)/name" }
    /// The mountinfo of its main process, as it was at the start: a dying process has none any more.
    var savedMounts: String { "\(bundle)/mounts" }
    var shimLog: String { "\(bundle)/shim.log" }
}

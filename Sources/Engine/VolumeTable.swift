import APITypes
import Linux
import Synchronization

/// The local volumes.
final class VolumeTable: Sendable {
    let rows = Mutex<[String: VolumeRow]>([:])
    /// Containers that use a volume whose content is mounted, by its name.
    let holders = Mutex<[String: Set<String>]>([:])
    let gates = Mutex<[String: Gate]>([:])
    private let store: Store
    private let paths: EnginePaths

    init(_ store: Store, _ paths: EnginePaths) { (self.store, self.paths) = (store, paths) }

    func load() async throws(EngineError) {
        let found = try await store.volumes()
        rows.withLock { rows in rows = Dictionary(found.map { ($0.name, $0) }) { $1 } }
    }

    var all: [VolumeRow] { rows.withLock { $0.values.sorted { $0.name < $1.name } } }

    func find(_ name: String) throws(EngineError) -> VolumeRow {
        guard let row = rows.withLock({ $0[name] }) else { throw .notFound(kind: "volume", name: name) }
        return row
    }

    /// Makes what the mount names unless it is there.
    func ensure(_ plan: MountPlan, _ core: EngineCore) async throws(EngineError) {
        if rows.withLock({ $0[plan.source] }) != nil { return }
        var labels = plan.volumeLabels ?? [:]
        if plan.anonymous { labels["com.docker.volume.anonymous"] = "" }
        try await create(
            VolumeRow(
                name: plan.source, created: WallTime.now().nanosecondsSince1970, anonymous: plan.anonymous,
                labels: labels, options: plan.volumeOptions ?? [:]),
            core)
    }

    func create(_ row: VolumeRow, _ core: EngineCore) async throws(EngineError) {
        _ = try VolumeMount(row.options)
        guard try await store.insert(row) else { return }
        let directory = paths.volumeData(row.name)
        try await core.onDisk("make volume \(row.name)") { () throws(SystemError) in
            try File.makeDirectories(directory, mode: 0o755)
        }
        rows.withLock { $0[row.name] = row }
        core.events.post(type: "volume", action: "create", id: row.name, attributes: ["driver": "local"])
    }

    /// Its data directory, made again where it was lost.
    func directory(of name: String, _ core: EngineCore) async throws(EngineError) -> String {
        let row = try find(name)
        let directory = paths.volumeData(name)
        // What is mounted there may never answer.
        if !row.options.isEmpty { return directory }
        try await core.onDisk("open volume \(name)") { () throws(SystemError) in
            try File.makeDirectories(directory, mode: 0o755)
        }
        return directory
    }

    /// The row goes last: a crash in between leaves a volume that can be removed again.
    func remove(_ name: String, _ core: EngineCore) async throws(EngineError) {
        // What is mounted there is not the volume's to remove.
        try await unmount(name, core)
        guard try !VolumeTable.isMounted(paths.volumeData(name)) else {
            throw .conflict("remove \(name): the volume is still mounted")
        }
        let trash = "\(paths.temporary)/volume-\(Identifier.random())"
        let directory = "\(paths.volumes)/\(name)"
        try await core.onDisk("remove volume \(name)") { () throws(SystemError) in
            if try File.status(of: directory, following: false) != nil { try File.rename(directory, to: trash) }
        }
        try await store.deleteVolume(name)
        rows.withLock { $0[name] = nil }
        core.discard(trash)
        core.events.post(type: "volume", action: "destroy", id: name, attributes: ["driver": "local"])
    }
}

extension EngineCore {
    /// Containers that mount it, but for one. Of the quarantined ones those that hang on it.
    func users(ofVolume name: String, besides: String? = nil) -> [String] {
        registry.all.filter { container in
            let snapshot = container.snapshot
            if container.id == besides { return false }
            if snapshot.live == .quarantined, let held = snapshot.state.quarantine?.held {
                return held.contains { $0.kind == .volume && $0.source == name }
            }
            return snapshot.document.mounts.contains { $0.kind == .volume && $0.source == name }
        }.map(\.id)
    }

    func removeVolume(_ name: String, force: Bool, besides: String? = nil) async throws(EngineError) {
        do throws(EngineError) { _ = try volumes.find(name) } catch {
            if force { return }
            throw error
        }
        let users = users(ofVolume: name, besides: besides)
        guard users.isEmpty else {
            throw .conflict("remove \(name): volume is in use - [\(users.sorted().joined(separator: ", "))]")
        }
        try await volumes.remove(name, self)
    }
}

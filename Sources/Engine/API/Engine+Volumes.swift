public import APITypes
import Linux
import Logging

extension Engine {
    /// Asking again for a volume that is there gives it back as it is.
    public func createVolume(_ request: VolumeCreateRequest) async throws(EngineError) -> Volume {
        try VolumeDriver.check(request.driver)
        let wanted = request.name.flatMap { $0.isEmpty ? nil : $0 }
        if let wanted { try VolumeName.check(wanted) }
        let name = wanted ?? Identifier.random()
        var labels = request.labels ?? [:]
        if wanted == nil { labels["com.docker.volume.anonymous"] = "" }
        let row = VolumeRow(
            name: name, created: WallTime.now().nanosecondsSince1970, anonymous: wanted == nil, labels: labels,
            options: request.driverOpts ?? [:])
        try await core.volumes.create(row, core)
        return core.view(try core.volumes.find(name))
    }

    public func listVolumes(_ filters: Filters) async throws(EngineError) -> VolumeList {
        for key in filters.keys where !["name", "label", "dangling", "driver"].contains(key) {
            throw .invalid("invalid filter '\(key)'")
        }
        var list = VolumeList()
        list.volumes = core.volumes.all.filter { matches($0, filters) }.map(core.view)
        return list
    }

    private func matches(_ row: VolumeRow, _ filters: Filters) -> Bool {
        if let names = filters["name"], !names.isEmpty, !names.contains(where: { row.name.contains($0) }) {
            return false
        }
        if let drivers = filters["driver"], !drivers.isEmpty, !drivers.contains("local") { return false }
        if !(filters["label"] ?? []).allSatisfy({ Labels.match(row.labels, $0) }) { return false }
        guard let dangling = filters["dangling"]?.first else { return true }
        return core.users(ofVolume: row.name).isEmpty == (dangling == "true" || dangling == "1")
    }

    public func inspectVolume(_ name: String) async throws(EngineError) -> Volume {
        core.view(try core.volumes.find(name))
    }

    /// `.conflict` while a container has it. `force`: a missing one is no error.
    public func removeVolume(_ name: String, force: Bool) async throws(EngineError) {
        try await core.removeVolume(name, force: force)
    }

    /// Unused anonymous volumes; with the filter `all` every unused one.
    public func pruneVolumes(_ filters: Filters) async throws(EngineError) -> PruneReport {
        try core.checkAllAreReadable(before: "volume prune")
        let filter = try PruneFilter(filters)
        let all = ["true", "1"].contains(filters["all"]?.first ?? "")
        var report = PruneReport()
        report.volumesDeleted = []
        for row in core.volumes.all where (all || row.anonymous) && core.users(ofVolume: row.name).isEmpty {
            guard filter.matches(created: row.created, labels: row.labels) else { continue }
            let size = max(0, await core.bytes(of: row))
            do throws(EngineError) { try await core.removeVolume(row.name, force: false) } catch {
                core.logger.info("\(error)")
                continue
            }
            report.volumesDeleted?.append(row.name)
            report.spaceReclaimed = report.spaceReclaimed.saturatingSum(size)
        }
        core.notePrune("volume", report.spaceReclaimed)
        return report
    }
}

extension EngineCore {
    func notePrune(_ type: String, _ reclaimed: Int) {
        events.post(type: type, action: "prune", id: "", attributes: ["reclaimed": "\(reclaimed)"])
    }

    func view(_ row: VolumeRow) -> Volume {
        var volume = Volume()
        (volume.name, volume.driver, volume.scope) = (row.name, "local", "local")
        volume.mountpoint = paths.volumeData(row.name)
        volume.createdAt = Timestamp(nanosecondsSince1970: row.created).description
        (volume.labels, volume.options) = (row.labels, row.options)
        return volume
    }

    /// Bytes of the disk that the files in a tree take, as du(1) counts them: holes take none, and a file with several links
    /// counts once; what cannot be read counts nothing.
    func treeBytes(_ path: String) async -> Int {
        do throws(EngineError) {
            return try await Blocking.run { () throws(EngineError) in
                try attempt { () throws(SystemError) in
                    try TreeSize.bytes(path)
                }
            }
        } catch {
            logger.info("\(error)")
            return 0
        }
    }

    /// -1, as in Docker, where it is not known: what is mounted as its content is not walked.
    func bytes(of volume: VolumeRow) async -> Int {
        volume.options.isEmpty ? await treeBytes(paths.volumeData(volume.name)) : -1
    }

    func writtenBytes(_ paths: ContainerPaths) async -> Int {
        Recovery.exists(paths.upper) ? await treeBytes(paths.upper) : 0
    }
}

enum TreeSize {
    /// Without recursion: how deep a tree is, and what sizes its sparse files claim, is a container's choice.
    static func bytes(_ root: String) throws(SystemError) -> Int {
        var sum = 0
        var seen: Set<UInt64> = []
        var waiting = [root]
        while let path = waiting.popLast() {
            guard let status = try File.status(of: path, following: false) else { continue }
            guard status.kind != .directory else {
                for entry in try File.list(path) { waiting.append("\(path)/\(entry.name)") }
                continue
            }
            if status.links > 1, !seen.insert(status.inode).inserted { continue }
            sum = sum.saturatingSum(Int(clamping: status.allocated))
        }
        return sum
    }
}

extension Timestamp {
    static var now: Timestamp { Timestamp(nanosecondsSince1970: WallTime.now().nanosecondsSince1970) }
}

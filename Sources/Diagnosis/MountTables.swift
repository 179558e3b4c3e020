internal import Linux

/// The mounts as processes see them. A process that ends has none any more: then those of others tell.
struct MountTables {
    private let procfs: Procfs
    /// A file; nil: there is none.
    private let savedPath: String?
    private var saved: [MountInfo]?
    private var tables: [Int32: [MountInfo]] = [:]
    private var host: [MountInfo]?
    private static let limit = 16

    init(_ procfs: Procfs, saved path: String?) { (self.procfs, savedPath) = (procfs, path) }

    /// By its number, which no two mounts of the host have: the process's own, those of the main process, those that were
    /// saved, those of this program.
    mutating func mount(_ id: Int, of pid: Int32, main: Int32?) throws(SystemError) -> MountInfo? {
        for table in try candidates(pid, main) {
            if let found = table.first(where: { $0.id == id }) { return found }
        }
        return try hostMounts().first { $0.id == id }
    }

    /// In which the path lies, as the process sees it: the last one mounted of those whose mount point it begins with.
    mutating func mount(at path: String, of pid: Int32, main: Int32?) throws(SystemError) -> MountInfo? {
        for table in try candidates(pid, main) where !table.isEmpty {
            return MountTables.innermost(of: path, in: table)
        }
        return nil
    }

    /// All that the process sees.
    mutating func all(of pid: Int32, main: Int32?) throws(SystemError) -> [MountInfo] {
        for table in try candidates(pid, main) where !table.isEmpty { return table }
        return []
    }

    mutating func hostMounts() throws(SystemError) -> [MountInfo] {
        if let host { return host }
        let mounts = try Procfs.mountinfo()
        host = mounts
        return mounts
    }

    static func innermost(of path: String, in table: [MountInfo]) -> MountInfo? {
        var best: MountInfo?
        for mount in table where path.isWithin(mount.mountPoint) {
            if best.map({ $0.mountPoint.utf8.count <= mount.mountPoint.utf8.count }) ?? true { best = mount }
        }
        return best
    }

    private mutating func candidates(_ pid: Int32, _ main: Int32?) throws(SystemError) -> [[MountInfo]] {
        var result = [try table(pid)]
        if let main, main != pid { result.append(try table(main)) }
        return result.allSatisfy(\.isEmpty) ? [try savedMounts()] : result
    }

    private mutating func savedMounts() throws(SystemError) -> [MountInfo] {
        if let saved { return saved }
        let mounts = MountInfo.parse(
            try savedPath.flatMap { path throws(SystemError) in try File.readIfPresent(path) } ?? [])
        saved = mounts
        return mounts
    }

    private mutating func table(_ pid: Int32) throws(SystemError) -> [MountInfo] {
        if let known = tables[pid] { return known }
        guard tables.count < MountTables.limit else { return [] }
        let mounts = try procfs.mountinfo(of: pid) ?? []
        tables[pid] = mounts
        return mounts
    }
}

extension String {
    /// It is the directory itself, or below it.
    func isWithin(_ directory: String) -> Bool {
        if directory == "/" { return hasPrefix("/") }
        guard hasPrefix(directory) else { return false }
        let rest = utf8.dropFirst(directory.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
}

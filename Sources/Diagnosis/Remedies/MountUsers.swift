internal import Linux

/// Who uses a file system, by files that cannot hang: fdinfo, and links of /proc, which are read and not followed.
///
/// Not seen: who waits in a lookup without a descriptor, and memory that is mapped (its list takes a lock that can hang).
struct MountUsers {
    let procfs: Procfs
    let device: DeviceNumber
    private var spaces: [String: Space] = [:]
    private let ownRoot: DeviceNumber?

    /// The file system as one mount namespace has it.
    private struct Space {
        var mountIDs: Set<Int> = []
        var points: [String] = []
        var root: DeviceNumber?
    }

    init(of device: DeviceNumber, procfs: Procfs) throws(SystemError) {
        (self.device, self.procfs) = (device, procfs)
        ownRoot = try Procfs.mountinfo().last { $0.mountPoint == "/" }?.device
    }

    /// All but the processes in `subject`, and those whose namespace is one of theirs.
    mutating func find(except subject: Set<Int32>) throws(SystemError) -> [MountUser] {
        var ownSpaces: Set<String> = []
        for pid in subject { if let name = link("\(pid)/ns/mnt") { ownSpaces.insert(name) } }
        if let host = link("self/ns/mnt") { ownSpaces.remove(host) }
        var users: [MountUser] = []
        for pid in try procfs.processes() where !subject.contains(pid) {
            guard let name = link("\(pid)/ns/mnt"), !ownSpaces.contains(name), let space = try space(name, of: pid),
                !space.points.isEmpty, let use = use(of: pid, space)
            else { continue }
            let comm = try procfs.status(of: pid)?.name ?? ""
            let groups = try procfs.cgroups(of: pid) ?? []
            let group = (groups.first { $0.hierarchy == 0 } ?? groups.first)?.path ?? ""
            users.append(MountUser(pid: pid, comm: comm, cgroup: group, use: use))
        }
        return users
    }

    private mutating func space(_ name: String, of pid: Int32) throws(SystemError) -> Space? {
        if let known = spaces[name] { return known }
        guard let mounts = try procfs.mountinfo(of: pid) else { return nil }
        let here = mounts.filter { $0.device == device }
        let space = Space(
            mountIDs: Set(here.map(\.id)), points: here.map(\.mountPoint),
            root: mounts.last { $0.mountPoint == "/" }?.device)
        spaces[name] = space
        return space
    }

    private func use(of pid: Int32, _ space: Space) -> String? {
        if let descriptor = descriptor(of: pid, space) { return "descriptor \(descriptor)" }
        for (file, use) in [("cwd", "working directory"), ("root", "root"), ("exe", "program")] {
            guard let path = link("\(pid)/\(file)") else { continue }
            if space.points.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) { return use }
        }
        // A container it was mounted into: whoever has a root of his own was given it on purpose.
        if space.root != ownRoot, let point = space.points.first { return "mount \(point)" }
        return nil
    }

    private func descriptor(of pid: Int32, _ space: Space) -> String? {
        do throws(SystemError) {
            for entry in try File.list("\(procfs.root)/\(pid)/fdinfo") {
                let info = try File.readIfPresent("\(procfs.root)/\(pid)/fdinfo/\(entry.name)") ?? []
                if let id = MountUsers.mountID(info), space.mountIDs.contains(id) { return entry.name }
            }
        } catch {
            // It is gone, or none of ours to look at.
        }
        return nil
    }

    static func mountID(_ fdinfo: [UInt8]) -> Int? {
        for line in fdinfo.split(separator: 10) where line.starts(with: "mnt_id:".utf8) {
            return Int(String(decoding: line.dropFirst(7).filter { $0 != 9 && $0 != 32 }, as: UTF8.self))
        }
        return nil
    }

    /// Nil: the process is gone.
    private func link(_ name: String) -> String? {
        do throws(SystemError) { return try File.readLink("\(procfs.root)/\(name)") } catch { return nil }
    }
}

/// How the host mounts its control groups.
public enum CgroupLayout: String, Hashable, Sendable {
    /// One v2 hierarchy with all controllers.
    case unified
    /// Controllers on v1 hierarchies, and a v2 hierarchy beside them, good for membership, kill and freeze.
    case hybrid
    /// v1 only.
    case legacy
}

/// A controller, as the kernel names it.
public enum CgroupController: String, Hashable, Sendable, CaseIterable {
    case cpu, cpuacct, cpuset, memory, devices, freezer, blkio, io, pids, hugetlb
    case netClass = "net_cls"
    case netPriority = "net_prio"
    case perfEvent = "perf_event"
    case rdma, misc
}

/// The control group file systems of a host, found in mountinfo.
public struct CgroupHost: Hashable, Sendable {
    public let layout: CgroupLayout
    /// Where cgroup2 is mounted; nil on legacy hosts.
    public let unified: String?
    /// Where each v1 controller is mounted.
    public let controllers: [CgroupController: String]
    /// Where the named v1 hierarchy is mounted (`name=systemd`), if it is.
    public let named: String?

    /// Reads /proc/self/mountinfo. ENOENT when no control group file system is mounted.
    public static func detect() throws(SystemError) -> CgroupHost {
        guard let host = CgroupHost(mountinfo: try Procfs.mountinfo()) else {
            throw SystemError("find a control group file system in", "/proc/self/mountinfo", errno: 2)
        }
        return host
    }

    /// Nil when no control group file system is among the mounts. `root` is put before every mount point (for tests).
    public init?(mountinfo: [MountInfo], root: String = "") {
        unified = mountinfo.first { $0.type == "cgroup2" }.map { root + $0.mountPoint }
        var controllers: [CgroupController: String] = [:]
        var named: String?
        for mount in mountinfo where mount.type == "cgroup" {
            let point = root + mount.mountPoint
            for option in mount.superOptions {
                if let controller = CgroupController(rawValue: option), controllers[controller] == nil {
                    controllers[controller] = point
                } else if option.hasPrefix("name="), named == nil {
                    named = point
                }
            }
        }
        (self.controllers, self.named) = (controllers, named)
        switch (unified != nil, controllers.isEmpty) {
        case (true, true): layout = .unified
        case (true, false): layout = .hybrid
        case (false, false): layout = .legacy
        case (false, true): return nil
        }
    }

    /// Lines of mountinfo this host could have been made from: for whom it would cost to read all of them.
    public var mountinfo: String {
        var lines = unified.map { ["\(MountInfo.escaped($0)) rw - cgroup2 cgroup2 rw"] } ?? []
        for mount in legacyMounts {
            let options = controllers.filter { $0.value == mount }.map(\.key.rawValue).sorted()
            let name = named == mount ? ["name=systemd"] : []
            lines.append(
                "\(MountInfo.escaped(mount)) rw - cgroup cgroup \((["rw"] + options + name).joined(separator: ","))")
        }
        return lines.map { "0 0 0:0 / \($0)\n" }.joined()
    }

    /// The mount points of all v1 hierarchies, each once.
    var legacyMounts: [String] { Set(controllers.values).union([named].compactMap { $0 }).sorted() }

    /// What a runtime that refuses hybrid hosts must not see: the v2 mount of a hybrid host (SpawnRequest.hiddenMounts).
    public var hiddenFromRuntime: [String] { layout == .hybrid ? [unified].compactMap { $0 } : [] }
}

/// Which of a host's hierarchies a directory is wanted in.
public enum CgroupReach: Hashable, Sendable {
    /// The one that says who is a member: v2 where there is one, else every v1 hierarchy (there is no single one).
    case membership
    /// All.
    case everything
}

/// One control group, by its path in every hierarchy. A value: making it touches nothing.
public struct Cgroup: Hashable, Sendable {
    public let host: CgroupHost
    /// Absolute, without `.` or `..`: `/quell/0123…`.
    public let path: String

    public init(_ path: String, on host: CgroupHost) {
        precondition(path.hasPrefix("/") && !path.split(separator: "/").contains { $0 == ".." || $0 == "." })
        self.host = host
        self.path = path
    }

    /// The directories of the hierarchies within reach.
    func directories(_ reach: CgroupReach) -> [String] {
        switch (reach, unifiedDirectory) {
        case (.membership, let directory?): [directory]
        case (.everything, let directory?): [directory] + host.legacyMounts.map { $0 + path }
        case (_, nil): host.legacyMounts.map { $0 + path }
        }
    }

    /// The one that says who is a member. On legacy hosts the freezer's: whoever is in it can be frozen and counted.
    var membershipDirectory: String {
        unifiedDirectory ?? directory(of: .freezer) ?? directory(of: .pids) ?? directories(.everything).first ?? path
    }

    /// The directory in the v2 hierarchy, nil on legacy hosts.
    public var unifiedDirectory: String? { host.unified.map { $0 + path } }
    public func directory(of controller: CgroupController) -> String? { host.controllers[controller].map { $0 + path } }
}

/// A way into a control group, for `SpawnRequest.cgroups`. Its descriptors are closed when it goes away.
public final class CgroupDoors: Sendable {
    /// The group's path.
    let name: String
    /// Its directory in the v2 hierarchy, where a program can be born.
    let directory: Int32?
    /// cgroup.procs of v1 hierarchies, where a program must move in.
    let procs: [Int32]

    init(_ name: String, directory: Int32?, procs: [Int32]) {
        (self.name, self.directory, self.procs) = (name, directory, procs)
    }

    deinit {
        for raw in procs { _ = OwnedDescriptor(adopting: raw) }
        if let directory { _ = OwnedDescriptor(adopting: directory) }
    }
}

extension CgroupHost {
    /// For who knows that a runtime is about to move a process between v1 groups. The kernel makes the first move after a
    /// pause wait for a grace period (percpu_rw_semaphore: 5 to 15 ms), and those that follow shortly not: here this process
    /// is moved to where it is, and the wait is over sooner. Nothing on a v2 host, where programs are born in their groups.
    /// Waits that long itself. A host that does not let us only takes longer later.
    public func expectMoves() {
        guard layout != .unified, let mount = controllers[.freezer] ?? legacyMounts.first else { return }
        do throws(SystemError) {
            let own = try Procfs.live.cgroups(of: ProcessSelf.pid) ?? []
            let name = controllers[.freezer] == nil ? "name=" : CgroupController.freezer.rawValue
            guard let path = own.first(where: { $0.controllers.contains { $0.hasPrefix(name) } })?.path else { return }
            try File.overwrite(mount + path + "/cgroup.procs", with: "0")
        } catch {
            // Seen as a slower start, not as a fault.
        }
    }
}

extension Cgroup {
    /// Controllers a container needs on a v2 host.
    static let wanted: [CgroupController] = [.cpu, .cpuset, .memory, .pids, .io]

    /// Makes the directory with its parents in every hierarchy within reach; what is there already is fine. On a v2 host
    /// the controllers are enabled down to it. Returns those that could not be: not there, or a parent has members.
    @discardableResult
    public func create(_ reach: CgroupReach) throws(SystemError) -> [CgroupController] {
        var missing: [CgroupController] = []
        if let unified = host.unified {
            for parent in ancestors {
                if host.layout == .unified { missing = Cgroup.enable(Cgroup.wanted, below: unified + parent) }
                try Cgroup.makeDirectory(unified + (parent == "/" ? "" : parent) + next(after: parent))
            }
        }
        guard reach == .everything || host.unified == nil else { return missing }
        for mount in host.legacyMounts {
            for parent in ancestors {
                let directory = mount + (parent == "/" ? "" : parent)
                let child = directory + next(after: parent)
                try Cgroup.makeDirectory(child)
                if mount == host.controllers[.cpuset] { try Cgroup.inheritProcessors(from: directory, to: child) }
            }
        }
        return missing
    }

    /// It is there, in the hierarchy that says who is a member.
    public func exists() throws(SystemError) -> Bool { try File.status(of: membershipDirectory) != nil }

    /// This process is a member by the v2 hierarchy's word; false where there is none.
    public func isOurs() throws(SystemError) -> Bool {
        guard unifiedDirectory != nil, let own = try Procfs.live.cgroups(of: ProcessSelf.pid) else { return false }
        return own.contains { $0.hierarchy == 0 && $0.path == path }
    }

    /// Opens it for a program to start in. ENOENT when the group is not there.
    public func openDoors(_ reach: CgroupReach) throws(SystemError) -> CgroupDoors {
        var directory: Int32?
        if let path = unifiedDirectory { directory = try File.open(path, [.readOnly, .directory]).release() }
        var procs: [Int32] = []
        do throws(SystemError) {
            for directory in directories(reach) where directory != unifiedDirectory {
                procs.append(try File.open(directory + "/cgroup.procs", .writeOnly).release())
            }
        } catch {
            _ = CgroupDoors(path, directory: directory, procs: procs)
            throw error
        }
        return CgroupDoors(path, directory: directory, procs: procs)
    }

    /// Moves this process in.
    public func join(_ reach: CgroupReach) throws(SystemError) { try add(0, reach) }

    /// Moves a process in; 0 is this one.
    public func add(_ pid: Int32, _ reach: CgroupReach) throws(SystemError) {
        for directory in directories(reach) { try File.overwrite(directory + "/cgroup.procs", with: "\(pid)") }
    }

    /// `/`, `/quell`, … : all paths above this one, outermost first.
    private var ancestors: [String] {
        let parts = path.split(separator: "/")
        return parts.indices.map { "/" + parts[..<$0].joined(separator: "/") }
    }

    /// The step of `path` that follows an ancestor, with its slash.
    private func next(after ancestor: String) -> String {
        let depth = ancestor.split(separator: "/").count
        return "/" + path.split(separator: "/")[depth]
    }

    private static func makeDirectory(_ path: String) throws(SystemError) {
        do throws(SystemError) { try File.makeDirectory(path) } catch {
            if !error.isAlreadyThere { throw error }
        }
    }

    /// Enables the controllers for the children of a v2 directory. Returns those that are not enabled afterwards.
    private static func enable(_ controllers: [CgroupController], below directory: String) -> [CgroupController] {
        let file = directory + "/cgroup.subtree_control"
        var missing: [CgroupController] = []
        for controller in controllers {
            // One at a time: a single refusal would lose all. A refusal is reported by its presence in the result.
            do throws(SystemError) { try File.overwrite(file, with: "+\(controller.rawValue)") } catch {
                missing.append(controller)
            }
        }
        return missing
    }

    /// A new v1 cpuset is empty, and an empty one takes no members.
    private static func inheritProcessors(from parent: String, to child: String) throws(SystemError) {
        for file in ["/cpuset.cpus", "/cpuset.mems"] {
            guard try File.read(child + file).trimmed.isEmpty else { continue }
            try File.overwrite(child + file, with: try File.read(parent + file).trimmed.text)
        }
    }
}

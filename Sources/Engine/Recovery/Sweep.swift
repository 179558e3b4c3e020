import Linux
import Logging

/// What is left of containers that nobody knows: directories, mounts, bundles, runtimes' states, control groups.
struct Sweep: Sendable {
    let core: EngineCore
    /// Ids in the database.
    let known: Set<String>

    /// Blocks.
    func run() {
        let paths = core.paths
        each(in: paths.containers) { (name) throws(SystemError) in
            guard !known.contains(name) else { return }
            core.logger.info("sweeping what is left of container \(name)")
            try Mount.unmountAll(under: "\(paths.containers)/\(name)")
            try File.rename("\(paths.containers)/\(name)", to: "\(paths.temporary)/swept-\(name)")
        }
        each(in: paths.bundles) { (name) throws(SystemError) in
            if !known.contains(name) { try File.removeTree("\(paths.bundles)/\(name)") }
        }
        for runtime in core.configuration.runtimes.keys {
            let root = paths.runtimeRoot(runtime)
            each(in: root) { (name) throws(SystemError) in
                if Identifier.isWhole(name), !known.contains(name) { try File.removeTree("\(root)/\(name)") }
            }
        }
        for name in strangeGroups() { attempted("cgroup \(name)") { () throws(SystemError) in try removeGroup(name) } }
    }

    /// One that fails is told, and the others are done all the same.
    private func attempted(_ what: String, _ body: () throws(SystemError) -> Void) {
        do throws(SystemError) { try body() } catch { core.logger.error("sweeping \(what): \(error)") }
    }

    private func each(in directory: String, _ body: (String) throws(SystemError) -> Void) {
        attempted(directory) { () throws(SystemError) in
            for name in try Recovery.names(in: directory) {
                attempted("\(directory)/\(name)") { () throws(SystemError) in try body(name) }
            }
        }
    }

    /// Only below our own parent group.
    private func strangeGroups() -> Set<String> {
        var mounts = Set(core.cgroups.controllers.values)
        if let unified = core.cgroups.unified { mounts.insert(unified) }
        if let named = core.cgroups.named { mounts.insert(named) }
        var found: Set<String> = []
        for mount in mounts {
            each(in: mount + core.cgroupParent) { (name) throws(SystemError) in
                let id = name.hasPrefix("shim-") ? String(name.dropFirst(5)) : name
                if Identifier.isWhole(id), !known.contains(id) { found.insert(name) }
            }
        }
        return found
    }

    /// What is alive in a group of nobody is killed first.
    private func removeGroup(_ name: String) throws(SystemError) {
        let group = core.cgroup(name)
        if try group.isPopulated() {
            core.logger.warning("killing tasks of no container in cgroup \(group.path)")
            try group.kill()
            try Recovery.waitUntilEmpty(group)
        }
        try group.remove()
    }
}

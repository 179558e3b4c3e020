import Lifecycle
import Linux
import Logging

/// What an engine does with what its predecessor left.
enum Recovery {
    static func exists(_ path: String) -> Bool {
        do throws(SystemError) { return try File.status(of: path, following: false) != nil } catch { return false }
    }

    static func isMounted(_ path: String) -> Bool {
        do throws(SystemError) { return try Mount.isMountPoint(path) } catch { return false }
    }

    /// Removes what belongs to no container. `known`: ids in the database; those clear away their own remains.
    static func sweep(_ core: EngineCore, known: Set<String>) async {
        let (paths, logger) = (core.paths, core.logger)
        do throws(EngineError) {
            try await Blocking.run("sweeping", within: .seconds(30), on: core.reactor) { () throws(EngineError) in
                try attempt("sweep") { () throws(SystemError) in
                    for name in try names(in: paths.containers) where !known.contains(name) {
                        logger.info("sweeping what is left of container \(name)")
                        try Mount.unmountAll(under: "\(paths.containers)/\(name)")
                        try File.rename("\(paths.containers)/\(name)", to: "\(paths.temporary)/swept-\(name)")
                    }
                    for name in try names(in: paths.bundles) where !known.contains(name) {
                        try File.removeTree("\(paths.bundles)/\(name)")
                    }
                    try sweepRuntimes(core, known)
                    try sweepCgroups(core, known)
                }
            }
        } catch { logger.error("\(error)") }
        do throws(SystemError) {
            for name in try names(in: paths.temporary) { core.discard("\(paths.temporary)/\(name)") }
        } catch { logger.error("sweep: \(error)") }
    }

    private static func names(in directory: String) throws(SystemError) -> [String] {
        guard try File.status(of: directory) != nil else { return [] }
        return try File.list(directory).map(\.name)
    }

    private static func sweepRuntimes(_ core: EngineCore, _ known: Set<String>) throws(SystemError) {
        for runtime in core.configuration.runtimes.keys {
            let root = core.paths.runtimeRoot(runtime)
            for name in try names(in: root) where Identifier.isWhole(name) && !known.contains(name) {
                try File.removeTree("\(root)/\(name)")
            }
        }
    }

    /// Only below our own parent group. What is alive in a group of nobody is killed first.
    private static func sweepCgroups(_ core: EngineCore, _ known: Set<String>) throws(SystemError) {
        var mounts = Set(core.cgroups.controllers.values)
        if let unified = core.cgroups.unified { mounts.insert(unified) }
        if let named = core.cgroups.named { mounts.insert(named) }
        var found: Set<String> = []
        for mount in mounts {
            for name in try names(in: mount + core.cgroupParent) {
                let id = name.hasPrefix("shim-") ? String(name.dropFirst(5)) : name
                if Identifier.isWhole(id), !known.contains(id) { found.insert(name) }
            }
        }
        for name in found {
            let group = core.cgroup(name)
            if try group.isPopulated() {
                core.logger.warning("killing tasks of no container in cgroup \(group.path)")
                try group.kill()
                try waitUntilEmpty(group)
            }
            do throws(SystemError) { try group.remove() } catch {
                core.logger.warning("\(error)")
            }
        }
    }

    /// At most five seconds; whether it is, `isPopulated` tells.
    static func waitUntilEmpty(_ group: Cgroup) throws(SystemError) {
        let deadline = MonotonicClock.now() + .seconds(5)
        guard let events = try group.openEvents() else { return }
        while try events.current().populated, MonotonicClock.now() < deadline {
            var set = PollSet()
            set.add(events.descriptor.raw, .priority)
            _ = try set.wait(until: deadline)
        }
    }
}

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

    /// Removes what belongs to no container. `known`: ids in the database; those clear away their own remains. What cannot be
    /// removed keeps nothing else.
    static func sweep(_ core: EngineCore, known: Set<String>) async {
        let sweep = Sweep(core: core, known: known)
        do throws(EngineError) {
            try await Blocking.run("sweeping", within: .seconds(30), on: core.reactor) { () throws(EngineError) in
                sweep.run()
            }
        } catch { core.logger.error("\(error)") }
        do throws(EngineError) {
            for id in try core.networks.recorded() where !known.contains(id) { await core.networks.leave(id, core) }
        } catch { core.logger.error("sweep: \(error)") }
        do throws(SystemError) {
            for name in try names(in: core.paths.temporary) { core.discard("\(core.paths.temporary)/\(name)") }
        } catch { core.logger.error("sweep: \(error)") }
    }

    static func names(in directory: String) throws(SystemError) -> [String] {
        guard try File.status(of: directory) != nil else { return [] }
        return try File.list(directory).map(\.name)
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

internal import Lifecycle
internal import Linux

extension Remedying {
    func judgeThaw(_ directory: String, _ version: FreezerEvidence.Version) throws(SystemError) -> Judgement {
        guard let state = try freezer(directory, version) else { return .nothingToDo("\(directory) is gone") }
        if !state.isFrozen { return .nothingToDo("\(directory) is not frozen") }
        return state.isSelf ? .go() : .refused("\(directory) is frozen by a group above it")
    }

    func thaw(
        _ directory: String, _ version: FreezerEvidence.Version, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        switch version {
        case .v1: try File.overwrite(directory + "/freezer.state", with: "THAWED")
        case .v2: try File.overwrite(directory + "/cgroup.freeze", with: "0")
        }
        let limit = min(deadline, MonotonicClock.now() + .milliseconds(500))
        let isThawed = try wait(until: limit) { () throws(SystemError) in
            try freezer(directory, version)?.isFrozen != true
        }
        return isThawed
            ? RemedyReport(remedy, .done, changes: ["\(directory) is thawed"])
            : RemedyReport(remedy, .done, "a group above it is frozen, too", changes: ["\(directory) itself is thawed"])
    }

    /// Nil: the group is gone.
    private func freezer(
        _ directory: String, _ version: FreezerEvidence.Version
    ) throws(SystemError) -> (isSelf: Bool, isFrozen: Bool)? {
        func text(_ name: String) throws(SystemError) -> String? {
            try File.readIfPresent(directory + name).map { String(decoding: $0, as: UTF8.self) }
        }
        switch version {
        case .v1:
            guard let state = try text("/freezer.state") else { return nil }
            return (try text("/freezer.self_freezing")?.hasPrefix("1") ?? false, !state.hasPrefix("THAWED"))
        case .v2:
            guard let own = try text("/cgroup.freeze"), let events = try text("/cgroup.events") else { return nil }
            return (own.hasPrefix("1"), own.hasPrefix("1") || events.contains("frozen 1"))
        }
    }
}

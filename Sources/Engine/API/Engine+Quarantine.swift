public import APITypes
import Lifecycle
import Linux

extension Engine {
    /// Sets aside a container that does not die: its name and whatever else others can use are free on return, and what is
    /// left of it is watched to its end. One that has not been killed yet is killed first; where it ends, it is removed.
    ///
    /// Goes on although the caller leaves. One that is quarantined already is no error.
    public func quarantineContainer(
        _ reference: String, _ order: QuarantineOrder = QuarantineOrder()
    ) async throws(EngineError) -> QuarantineResult {
        let container = try core.container(reference)
        let before = container.snapshot
        var result = QuarantineResult()
        (result.id, result.name) = (container.id, before.state.quarantine?.formerName ?? before.name)
        switch try await container.quarantine(order) {
        case .removed: result.outcome = "removed"
        case .quarantined:
            result.outcome = "quarantined"
            // It may have ended this moment.
            result.quarantined = await core.quarantined(container)
        }
        return result
    }

    /// Oldest first, each looked at now.
    public func quarantinedContainers() async -> [QuarantinedContainer] {
        let containers = core.registry.all.filter { $0.snapshot.live == .quarantined }
        let found = await withTaskGroup(of: QuarantinedContainer?.self) { [core] group in
            for container in containers { group.addTask { await core.quarantined(container) } }
            return await group.reduce(into: [QuarantinedContainer]()) { list, item in if let item { list.append(item) }
            }
        }
        return found.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// `.conflict` for one that is not quarantined.
    public func quarantinedContainer(_ reference: String) async throws(EngineError) -> QuarantinedContainer {
        let container = try core.container(reference)
        guard let found = await core.quarantined(container) else {
            throw .conflict("container \(container.snapshot.name) is not quarantined")
        }
        return found
    }
}

extension EngineCore {
    /// Nil when it is not, or not any more. At most two seconds.
    func quarantined(_ container: Container) async -> QuarantinedContainer? {
        let snapshot = container.snapshot
        guard snapshot.live == .quarantined, let record = snapshot.state.quarantine else { return nil }
        var view = QuarantinedContainer()
        (view.id, view.name, view.formerName) = (snapshot.id, snapshot.name, record.formerName)
        view.since = StateText.stamp(record.since)
        (view.image, view.imageID) = (snapshot.document.config.image, snapshot.document.imageID)
        view.supervised = snapshot.supervised
        view.populated = Observation.look(container, snapshot).populated
        let (past, overflow) = WallTime.now().nanosecondsSince1970.subtractingReportingOverflow(record.since)
        let since = snapshot.stopSince ?? (MonotonicClock.now() - .nanoseconds(overflow ? 0 : max(0, past)))
        var seen = await LeftoverTasks.look(cgroup(container.id), since: since, self)
        seen.cause = snapshot.finding?.cause
        view.finding = Finding(seen)
        view.held = record.held.map { held in
            var place = HeldPlace()
            (place.type, place.source) = (held.kind.rawValue, held.source)
            return place
        }
        return view
    }
}

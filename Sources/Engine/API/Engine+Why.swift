public import Diagnosis
import Lifecycle
import Linux

extension Engine {
    /// Why a container does not end, or what a stop would do to it: within a second, whatever hangs.
    public func explainContainer(_ reference: String) async throws(EngineError) -> Explanation {
        let container = try core.container(reference)
        return try await core.explain(try core.subject(container.snapshot))
    }
}

extension EngineCore {
    /// On a thread of its own. Takes no longer than the collector's limit, and what a full machine adds.
    func explain(_ subject: Subject, within limit: Duration = Collector.usualLimit) async throws(EngineError)
        -> Explanation
    {
        let collector = Collector(prober: prober)
        let until = MonotonicClock.now() + limit
        return try await Blocking.run("explaining \(subject.title)", within: limit * 2, on: reactor, .diagnosis) {
            () throws(EngineError) in Diagnosis.explain(collector.collect(subject, until: until))
        }
    }

    func subject(_ snapshot: ContainerSnapshot) throws(EngineError) -> Subject {
        let defaults = try StopDefaults(config: snapshot.document.config, engine: configuration)
        let order = defaults.order(for: StopOptions())
        let pid = snapshot.isActive && snapshot.state.pid > 0 ? Int32(snapshot.state.pid) : nil
        var subject = Subject(
            .container(id: snapshot.id, name: snapshot.name), main: pid, pids: [pid].compactMap { $0 },
            cgroups: [cgroup(snapshot.id)], plan: StopPlan(ladder: order.ladder, unhandled: order.unhandled),
            stop: snapshot.stopSince.map {
                StopUnderWay(
                    since: $0, isStuck: snapshot.live == .stuck || snapshot.live == .quarantined,
                    step: snapshot.stopStep)
            })
        subject.savedMounts = paths.container(snapshot.id).savedMounts
        return subject
    }
}

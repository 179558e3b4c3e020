public import Diagnosis
import Lifecycle
import Linux
import Synchronization

extension Engine {
    /// How each running container would take a stop, and how the host is set. At most two seconds; who was not looked at by then
    /// is unknown.
    public func checkUp() async throws(EngineError) -> Checkup {
        let core = core
        // Of one that was set aside nothing is asked any more.
        let running = core.registry.all.filter {
            $0.snapshot.isActive && $0.snapshot.live != .quarantined && $0.snapshot.state.pid > 0
        }
        var subjects: [(container: Container, subject: Subject)] = []
        for container in running { subjects.append((container, try core.subject(container.snapshot))) }
        let patients = subjects
        return try await Blocking.run("the checkup", within: .seconds(3), on: core.reactor, .diagnosis) {
            () throws(EngineError) in
            let until = MonotonicClock.now() + .seconds(2)
            let containers = patients.map { container, subject in
                let look = core.look(container, subject, until: until)
                return Checkup.Container(
                    id: container.id, name: container.snapshot.name, look: look, mounts: core.mounts(of: subject))
            }
            let canProtectItself = core.facts.canRaiseLimits
            let host = HostSettings.read(
                dataRoot: core.paths.dataRoot, host: core.cgroups, canProtectItself: canProtectItself)
            return Checkup(containers: containers.sorted { $0.name < $1.name }, host: host)
        }
    }
}

extension EngineCore {
    /// What is found is what lists show from then on.
    func look(_ container: Container, _ subject: Subject, until: Instant) -> ReadinessLook {
        let look = Collector(prober: prober).readiness(of: subject, until: until)
        container.readiness.withLock { $0 = look.readiness.word }
        return look
    }

    /// None where it is just ending.
    func mounts(of subject: Subject) -> [MountInfo] {
        guard let main = subject.main else { return [] }
        do throws(SystemError) { return try Procfs.live.mountinfo(of: main) ?? [] } catch { return [] }
    }
}

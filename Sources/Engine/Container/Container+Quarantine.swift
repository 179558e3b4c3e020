import APITypes
import Diagnosis
import Lifecycle
import Linux
import Logging

extension Container {
    /// Sets aside what does not die: kills it first where its kill deadline has not passed yet. On return it is either
    /// quarantined, or, because it ended, removed.
    ///
    /// A crash anywhere in between is either before the record, and undone, or after it, and finished at the next start.
    func quarantine(_ request: QuarantineOrder) async throws(EngineError) -> QuarantineOutcome {
        let kill = machine.isActive ? request.killDeadline ?? stopDefaults.killDeadline : .zero
        let expectation = core.configuration.expectations.remove + kill
        return try await core.jobs.track(.remove, id, within: expectation) { (_) async throws(EngineError) in
            try await quarantine(request, killed: false)
        }
    }

    /// `killed`: its kill deadline has just passed.
    func quarantine(_ order: QuarantineOrder, killed: Bool) async throws(EngineError) -> QuarantineOutcome {
        guard !isRenaming else { throw .conflict("container \(name) is just being renamed") }
        switch machine.quarantineRequested(killed: killed, name: name) {
        case .refuse(let why): throw .conflict(why)
        case .remove:
            try await removeNow(force: true, volumes: order.volumes)
            return .removed
        case .killFirst:
            let outcome = try await stop(.kill(deadline: order.killDeadline ?? stopDefaults.killDeadline)).result()
            guard outcome.hasEnded else { return try await quarantine(order, killed: true) }
            try await removeEnded(volumes: order.volumes)
            return .removed
        case .already:
            if let error = await quarantining?.value() { throw error }
            return .quarantined
        case .begin: break
        }
        let promise = Promise<EngineError?>()
        quarantining = promise
        // A task of its own: a client that hangs up must not leave half of it.
        Task {
            isRenaming = true
            let error = await setAside(order)
            (isRenaming, quarantining) = (false, nil)
            promise.resolve(error)
        }
        if let error = await promise.value() { throw error }
        if machine.state == .quarantined { return .quarantined }
        try await removeEnded(volumes: order.volumes)
        return .removed
    }

    /// On return it is quarantined, or has ended meanwhile and is to be removed.
    private func setAside(_ order: QuarantineOrder) async -> EngineError? {
        healthTask?.cancel()
        let cgroup = core.cgroup(id)
        if finding == nil { finding = await LeftoverTasks.look(cgroup, since: stopSince ?? MonotonicClock.now(), core) }
        let (former, other) = (name, freeName())
        let (held, cause) = await lookAtHolds(other)
        guard machine.state == .quarantined else {
            core.registry.release(other, of: id)
            return nil
        }
        finding?.cause = cause
        let before = state
        state.quarantine = QuarantineRecord(
            formerName: former, since: WallTime.now().nanosecondsSince1970, removesVolumes: order.volumes, held: held)
        (state.phase, state.desired, state.isRestarting) = (.quarantined, .stopped, nil)
        do throws(EngineError) { try await core.store.setAside(id, as: other, state) } catch {
            quarantineFailed(former, other, before)
            return error
        }
        post("quarantine", ["tasks": "\(finding?.tasks.count ?? 0)", "quarantinedAs": other])
        name = other
        // Begun before anybody else can ask for its ports, who then waits for them.
        Task.immediate { await leaveNetworks() }
        core.giveBackReservations(of: id, named: former)
        if let finding { resolveStopWaiters(.stuck(finding)) }
        // What goes on from here is no call that somebody waits for.
        endStopEntry()
        publish()
        if machine.state == .quarantined { containLeftovers() }
        return nil
    }

    /// Short where it is free: the first twelve digits of the id.
    private func freeName() -> String {
        let short = String(id.prefix(12))
        return core.registry.reserve(short, for: id).taken ? short : id
    }

    /// Nothing was recorded, or it is not known whether it was: what was before is recorded again.
    private func quarantineFailed(_ former: String, _ other: String, _ before: RunState) {
        core.registry.release(other, of: id)
        state.quarantine = nil
        // It may have ended meanwhile.
        if machine.state == .quarantined {
            machine.quarantineFailed()
            (state.phase, state.desired) = (before.phase, before.desired)
        }
        core.store.enqueueReturn(id, to: former, state)
        publish()
    }

    /// The mounts that its tasks hang on, all of them where that is not known of one task; and why they hang, for one that
    /// is called `name`.
    private func lookAtHolds(_ name: String) async -> ([HeldMount], StuckCause?) {
        let (core, plans, saved) = (core, document.mounts, paths.savedMounts)
        do throws(EngineError) {
            let (collector, subject) = (Collector(prober: core.prober), try core.subject(snapshot))
            return try await Blocking.run(
                "looking at what it hangs on", within: .seconds(3), on: core.reactor, .diagnosis
            ) {
                () throws(EngineError) in
                // Without proof all of its volumes are kept from others: there is more time for it than for an explanation.
                let evidence = collector.collect(subject, until: MonotonicClock.now() + .seconds(2))
                let held = core.heldMounts(of: plans, HungPlaces(evidence), saved: saved)
                return (held, StuckCause(explain(evidence), container: name))
            }
        } catch {
            core.logger.warning("container \(id): \(error)")
            return (plans.filter { $0.kind != .tmpfs }.map { HeldMount(kind: $0.kind, source: $0.source) }, nil)
        }
    }

    // MARK: in quarantine

    /// What is left cannot grow, and gives back what memory it can. Best effort, and nobody waits for it; done again at each
    /// start of the engine.
    func containLeftovers() {
        let (cgroup, core, id) = (core.cgroup(id), core, id)
        Task {
            do throws(EngineError) {
                try await Blocking.run("containing \(cgroup.path)", within: .seconds(5), on: core.reactor) {
                    () throws(EngineError) in
                    try attempt("contain what is left of container \(id)") { () throws(SystemError) in
                        try cgroup.stopGrowth()
                        try cgroup.kill()
                    }
                }
            } catch { core.logger.warning("container \(id): \(error)") }
            await core.reclaimMemory(of: id, except: await witnesses())
            await explainLeftovers()
        }
    }

    /// Whose memory is needed to free it: a release may come at any time.
    private func witnesses() async -> Set<Int32> {
        do throws(EngineError) { return try await core.explain(try core.subject(snapshot)).witnesses } catch {
            core.logger.warning("container \(id): \(error)")
            return []
        }
    }

    /// Its supervisor does not know why it hangs: an engine that took it over looks itself.
    private func explainLeftovers() async {
        guard machine.state == .quarantined, let known = finding, known.cause == nil else { return }
        let cause = await stuckCause()
        if machine.state == .quarantined { finding?.cause = cause }
        publish()
    }

    /// It has ended at last.
    func removeQuarantined() {
        guard let record = state.quarantine else { return }
        Task {
            do throws(EngineError) { try await remove(force: true, volumes: record.removesVolumes) } catch {
                core.logger.error("quarantined container \(id) (\(record.formerName)) could not be removed: \(error)")
            }
        }
    }

    /// Of what is asked of a container that nothing can be asked of.
    func checkNotQuarantined(before what: String) throws(EngineError) {
        guard machine.state == .quarantined else { return }
        throw .conflict("cannot \(what) container \(name): " + ContainerMachine.quarantineText)
    }
}

extension EngineCore {
    /// The one place where a container gives back what nobody else can have meanwhile, when it is removed or quarantined:
    /// its name; its ports and addresses, when there are some.
    func giveBackReservations(of id: String, named name: String) {
        registry.release(name, of: id)
    }
}

/// How a container is to be quarantined.
public struct QuarantineOrder: Hashable, Sendable {
    /// Where it is killed first: how long that may take; nil: as for every kill of it.
    public var killDeadline: Duration?
    /// Its anonymous volumes go with it.
    public var volumes: Bool

    public init(killDeadline: Duration? = nil, volumes: Bool = false) {
        (self.killDeadline, self.volumes) = (killDeadline, volumes)
    }
}

enum QuarantineOutcome: Hashable, Sendable { case quarantined, removed }

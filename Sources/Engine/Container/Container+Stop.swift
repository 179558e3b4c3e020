import Lifecycle
import Linux
import Synchronization
import Logging

/// Somebody who asked for a stop and waits for its verdict.
struct StopWaiter {
    let number: Int
    let since: Instant
    let verdict: Promise<StopVerdict>
    let updates: AsyncStream<StopUpdate>.Continuation
    var timer: Reactor.Token?
}

extension Container {
    /// What a verdict may take beyond the ladder and the kill deadline.
    static let verdictSlack = Duration.seconds(2)
    /// What recording the intent may take before a stop goes on without it.
    static let intentDeadline = Duration.seconds(2)

    func stop(_ options: StopOptions) async throws(EngineError) -> StopJob {
        try await stop(stopDefaults.order(for: options))
    }

    func kill(deadline: Duration?) async throws(EngineError) -> StopJob {
        guard machine.isActive || machine.state == .restarting else {
            throw .notRunning("cannot kill container: \(name): container \(id) is not running")
        }
        return try await stop(.kill(deadline: deadline ?? stopDefaults.killDeadline))
    }

    /// Joins the stop that goes on, or begins one. Nobody's leaving cancels it.
    func stop(_ order: StopOrder) async throws(EngineError) -> StopJob {
        let action = machine.stopRequested()
        switch action {
        case .already: return finishedJob()
        case .refuse(let why): throw .conflict(why)
        case .cancelRestart:
            cancelRestartTimer()
            state.desired = .stopped
            try await core.store.save(state, of: id, durable: true, important: true)
            publish()
            return finishedJob()
        case .order, .orderLater: break
        }
        let entry = enterStop(order)
        let (job, waiter) = newWaiter(order, entry)
        if stopSince == nil { stopSince = waiter.since }
        await Job.wait(on: .job(entry.number)) { await Job.run(as: entry) { await carryOut(order, waiter, action) } }
        return job
    }

    private func carryOut(_ order: StopOrder, _ waiter: StopWaiter, _ action: ContainerMachine.StopAction) async {
        await recordIntent(order)
        publish()
        guard waiter.verdict.current == nil else { return }
        if action == .orderLater && machine.state == .starting {
            orderLater(order)
        } else if machine.isActive {
            await sendOrder(order)
        }
    }

    /// While it is being started: a kill reaches the shim at once, a softer order waits for the start.
    func orderLater(_ order: StopOrder) {
        if let startEntry { stopEntry?.waits(on: .job(startEntry.number)) }
        if laterOrder?.isKill != true { laterOrder = order }
        guard order.isKill, let shim else { return }
        Task {
            do throws(EngineError) { _ = try await shim.call(.stop(order)) } catch {
                core.logger.warning("container \(id): \(error)")
            }
        }
    }

    /// Before the first signal it is on the disk that this container is to be stopped, where anything could start it
    /// again. A disk that does not answer does not keep a container alive: after two seconds the stop goes on.
    private func recordIntent(_ order: StopOrder) async {
        if core.isStoppingAll.withLock({ $0 }) { return }
        if state.desired == .running || state.order == nil || order.isKill {
            (state.desired, state.order) = (.stopped, StoredOrder(order))
            guard rule.kind != .no else { return core.store.enqueueSave(state, of: id) }
            let recorded = core.store.saving(state, of: id)
            intent = recorded
            core.reactor.after(Container.intentDeadline) {
                recorded.resolve(.failure(.timedOut("recording the stop took longer than 2s")))
            }
        }
        guard case .failure(let error) = await Job.wait(on: .store, { await intent?.value() }) else { return }
        core.logger.error("container \(id) is being stopped, but that could not be recorded: \(error)")
    }

    /// The stop that this run was asked for, as an earlier engine recorded it.
    var intendedOrder: StopOrder? {
        guard state.desired == .stopped, state.order != nil || state.isRestarting == true else { return nil }
        return state.order?.order ?? stopDefaults.order(for: StopOptions())
    }

    private func newWaiter(_ order: StopOrder, _ entry: Job) -> (StopJob, StopWaiter) {
        let (updates, feed) = AsyncStream.makeStream(of: StopUpdate.self, bufferingPolicy: .bufferingNewest(64))
        stopNumber += 1
        let number = stopNumber
        var waiter = StopWaiter(
            number: number, since: MonotonicClock.now(), verdict: Promise(), updates: feed)
        if let grace = order.ladder.totalGrace {
            waiter.timer = core.reactor.after(grace + order.killDeadline + Container.verdictSlack) { [weak self] in
                Task { await self?.verdictDue(number) }
            }
        }
        stopWaiters.append(waiter)
        return (job(waiter, order, updates, entry.number), waiter)
    }

    private func job(
        _ waiter: StopWaiter, _ order: StopOrder, _ updates: AsyncStream<StopUpdate>, _ number: UInt64
    ) -> StopJob {
        let (id, name, since, verdict) = (id, name, waiter.since, waiter.verdict)
        return StopJob(id: id, name: name, ladder: order.ladder, number: number, updates: updates) {
            let verdict = await Job.wait(on: .job(number)) { await verdict.value() }
            return StopOutcome(id: id, name: name, verdict: verdict, elapsed: MonotonicClock.now() - since)
        }
    }

    private func finishedJob() -> StopJob {
        let (updates, feed) = AsyncStream.makeStream(of: StopUpdate.self)
        feed.finish()
        core.metrics.countStop(EngineMetrics.StopKey(verdict: "exited", how: "already"), after: .zero)
        let outcome = StopOutcome(id: id, name: name, verdict: .already(state.exit?.status), elapsed: .zero)
        return StopJob(id: id, name: name, ladder: .kill, number: nil, updates: updates) { outcome }
    }

    // MARK: to and from the shim

    /// A shim acknowledges an order before it does anything else. One that cannot, as it was killed or is stopped, is known
    /// sooner (`ShimWatch`); one that is only slow, on a host without a processor for it, is to be waited for: it has the order,
    /// and would send what is sent from here once more.
    private static let orderDeadline = Duration.seconds(5)

    /// The container goes on without it: watched, and stopped by the last order, from here.
    private func giveUp(_ shim: ShimConnection, _ why: String) async {
        core.logger.error("container \(id): \(why)")
        shim.close()
        self.shim = nil
        shimGone.resolve(())
        await superviseByHand()
    }

    /// Hands the order to the shim; where there is none, the engine does what it can itself.
    func sendOrder(_ order: StopOrder) async {
        lastOrder = order
        _ = enterStop(order)
        guard let shim else { return stopByHand(order) }
        if shim.isToADeadShim() { return await giveUp(shim, "its shim was killed, and a thread of it hangs") }
        do throws(EngineError) {
            switch try await shim.call(.stop(order), within: Container.orderDeadline) {
            case .accepted: break
            case .failed(_, let message): core.logger.error("container \(id): the shim refused to stop it: \(message)")
            case .done, .snapshot, .started, .marked:
                core.logger.error("container \(id): the shim answered stop wrongly")
            }
        } catch {
            // A lost connection is an event of its own, which carries the stop on; a shim that is silent must not save its
            // container.
            guard case .timedOut = error, machine.isActive else { return }
            core.logger.error("container \(id): \(error)")
            stopByHand(order)
        }
    }

    func stopUpdated(_ update: StopUpdate) {
        // It was given up, and walks the ladder after all: then the walk from here is for the kill at its end.
        if handStop != nil, shim != nil { shimWalks = true }
        for waiter in stopWaiters { waiter.updates.yield(update) }
        noteStop(update)
        switch update {
        case .stuck(let finding):
            self.finding = finding
            // No news: that is why it is there.
            if machine.state == .quarantined { return publish() }
            machine.stuckObserved()
            state.verdict = Verdict.line(name, .stuck(finding))
            record()
            countVerdict("stuck")
            explainStuck(finding)
        case .ended(let report):
            stopReport = report
            countStop(report)
            if !machine.isActive { resolveStopWaiters(.ended(report)) }
        case .signalled(let signal, _, _): if signal != .kill { post("kill", ["signal": "\(signal.number)"]) }
        case .killing: post("kill", ["signal": "9"])
        case .waiting, .unhandled, .thawed, .mainEnded: break
        }
    }

    func resolveStopWaiters(_ verdict: StopVerdict) {
        for waiter in stopWaiters {
            waiter.verdict.resolve(verdict)
            waiter.updates.finish()
            if let timer = waiter.timer { core.reactor.cancel(timer) }
        }
        stopWaiters = []
        if case .ended = verdict {
            state.verdict = Verdict.line(name, verdict)
            core.store.enqueueSave(state, of: id)
        }
        publish()
    }

    /// The answer is due though nothing was heard: what can be seen from here is the verdict.
    private func verdictDue(_ number: Int) async {
        guard let waiter = stopWaiters.first(where: { $0.number == number }) else { return }
        let verdict: StopVerdict
        if machine.state == .stuck, let finding {
            verdict = .stuck(finding)
        } else {
            let seen = await LeftoverTasks.look(core.cgroup(id), since: waiter.since, core)
            guard stopWaiters.contains(where: { $0.number == number }) else { return }
            let why = shim == nil ? "its shim is gone" : "its shim does not answer"
            verdict = machine.isActive ? .unsupervised(seen, why: why) : .already(state.exit?.status)
            if machine.isActive { countVerdict("unsupervised") }
        }
        guard let index = stopWaiters.firstIndex(where: { $0.number == number }) else { return }
        stopWaiters.remove(at: index).updates.finish()
        waiter.verdict.resolve(verdict)
    }
}

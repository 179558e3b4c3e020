import Lifecycle
import Linux
import Logging
import Synchronization

extension Container {
    /// The connection to the shim has ended. Either the container has too, and its record says how; or the shim lives and
    /// can be reached again; or it is gone and the container is watched from here.
    func connectionLost(_ why: String) async {
        shim = nil
        shimGone.resolve(())
        // Of a start under way the lost call tells, by its error; one that has succeeded may still have its task.
        guard machine.isActive, starting == nil || machine.state != .starting else { return publish() }
        let number = run
        let record = await readExitRecord()
        guard number == run, machine.isActive, shim == nil else { return publish() }
        if let record { return finished(by: record) }
        core.logger.warning("container \(id): \(why)")
        if await reconnected() { return }
        await superviseByHand()
    }

    /// A shim whose connection broke, or that was silent for long, but that serves.
    private func reconnected(within limit: Duration = ShimConnection.callDeadline) async -> Bool {
        let number = run
        do throws(EngineError) {
            let connection = try connect()
            if connection.isToADeadShim() { return false }
            guard case .snapshot(let snapshot) = try await connection.call(.hello, within: limit) else { return false }
            guard number == run, machine.isActive, shim == nil else {
                connection.close()
                return true
            }
            shimGone = Promise()
            shim = connection
            handWatch?.end()
            handWatch = nil
            // A kill by hand is carried through; what is softer is the shim's again.
            if handStep != .kill {
                handStop?.cancel()
                (handStop, handStep) = (nil, nil)
            }
            core.metrics.count { $0.regainedShims += 1 }
            await adopt(snapshot)
            return true
        } catch { return false }
    }

    /// A shim that was only slow is asked again, ever more seldom.
    private func askAgain(run number: Int) {
        Task { [reactor = core.reactor] in
            var pause = Duration.seconds(2)
            while await reactor.pause(pause) {
                guard number == run, machine.isActive, shim == nil else { return }
                if Recovery.exists(paths.socket), await reconnected() {
                    core.logger.info("container \(id): its shim answers again")
                    return
                }
                pause = min(pause * 2, .seconds(60))
            }
        }
    }

    /// Without a shim the cgroup tells whether anything lives, and a pidfd how the main process ended (kernel 6.15).
    func superviseByHand() async {
        let number = run
        do throws(SystemError) {
            let cgroup = core.cgroup(id)
            guard try cgroup.isPopulated() else { return await endedUnseen() }
            handWatch = try HandWatch(cgroup, core.reactor) { [weak self] in
                Task { await self?.populationChanged(run: number) }
            }
            core.metrics.count { $0.lostShims += 1 }
            core.logger.error("container \(id) is unsupervised: its shim is gone; it is watched through its cgroup")
            publish()
            askAgain(run: number)
            // Between the look and the watch it may have emptied.
            await populationChanged(run: number)
            // What is quarantined was killed.
            guard machine.isActive, machine.state != .quarantined else { return }
            if let order = lastOrder ?? intendedOrder { stopByHand(order) }
        } catch {
            core.logger.error("container \(id): \(error)")
        }
    }

    private func populationChanged(run number: Int) async {
        guard number == run, machine.isActive, shim == nil else { return }
        do throws(SystemError) {
            if try core.cgroup(id).isPopulated() { return }
        } catch { return core.logger.error("container \(id): \(error)") }
        // Its shim may be there all the same and know how: it writes its record some time after the end.
        if await readExitRecord() == nil, await reconnected(within: Container.lastWord) { return }
        guard number == run, machine.isActive, shim == nil else { return }
        await endedUnseen()
    }

    /// What a shim that had been silent may take to tell how its container ended.
    private static let lastWord = Duration.seconds(2)

    /// It has ended, and nobody told. The kernel may still know how; else that is what is recorded.
    func endedUnseen() async {
        let number = run
        let record = await readExitRecord()
        guard number == run, machine.isActive else { return }
        if let record { return finished(by: record) }
        let observed: ExitStatus? = mainProcess.withLock { held in
            // What the kernel cannot tell is not known: the status stays unobserved.
            do throws(SystemError) {
                return try held.borrow { (pidfd) throws(SystemError) in try pidfd.observedExit() } ?? nil
            } catch { return nil }
        }
        var reason = state.boot == core.boot ? UnobservedReason.supervisorGone : .hostRestarted
        // The engine ended before it had made a shim.
        if state.pid == 0, observed == nil, !Recovery.exists(paths.socket) { reason = .neverStarted }
        let status = observed ?? .unobserved(reason)
        finished(
            status, at: WallTime.now().nanosecondsSince1970, oomKilled: false,
            error: observed == nil ? "exit status unknown: \(reason)" : "")
    }

    // MARK: stopping without a shim

    /// Walks the ladder from here: signals to the main process through its pidfd, then the kill of the cgroup.
    /// A second order may only sharpen: one that would kill later than the first changes nothing.
    func stopByHand(_ order: StopOrder) {
        let now = MonotonicClock.now()
        let kill = order.ladder.totalGrace.map { now + $0 }
        if handStop != nil {
            if handStep == .kill { return }
            guard let kill, handKill.map({ kill < $0 }) ?? true else { return }
        }
        handKill = kill
        _ = enterStop(order)
        let number = run
        handStop?.cancel()
        shimWalks = false
        handStop = Task {
            for rung in order.ladder.rungs {
                guard number == run, machine.isActive else { return }
                handStep = .rung(rung)
                stopEntry?.waits(on: .container)
                if !shimWalks { signalByHand(rung.signal) }
                if order.unhandled == .kill, nobodyHears(rung.signal) { continue }
                guard await !emptied(within: rung.grace) else { return }
                if Task.isCancelled { return }
            }
            guard number == run, machine.isActive else { return }
            handStep = .kill
            stopEntry?.waits(on: .kernel)
            killByHand()
            guard await !emptied(within: .bounded(order.killDeadline)), !Task.isCancelled, number == run else { return }
            var seen = await LeftoverTasks.look(core.cgroup(id), since: MonotonicClock.now() - order.killDeadline, core)
            seen.cause = await stuckCause()
            guard number == run, machine.isActive, !Task.isCancelled else { return }
            finding = seen
            machine.stuckObserved()
            countVerdict("unsupervised")
            resolveStopWaiters(.unsupervised(seen, why: shim == nil ? "its shim is gone" : "its shim does not answer"))
        }
    }

    /// What a stop by hand has to say of the end, in the shim's place.
    func handReport(_ status: ExitStatus) -> StopReport? {
        guard handStop != nil, let handStep, let since = stopSince else { return nil }
        let elapsed = MonotonicClock.now() - since
        switch handStep {
        case .kill: return StopReport(status: status, how: .killed, rung: nil, elapsed: elapsed)
        case .rung(let rung):
            let byDefault =
                status == .signal(rung.signal, coreDumped: false) || status == .signal(rung.signal, coreDumped: true)
            return StopReport(status: status, how: byDefault ? .defaultAction : .handled, rung: rung, elapsed: elapsed)
        }
    }

    /// The main process is all there is, and it is an init without a handler: the signal does not reach it. False where the
    /// kernel does not say.
    private func nobodyHears(_ signal: Signal) -> Bool {
        do throws(SystemError) {
            guard try core.cgroup(id).members() == [state.pid], let status = try Procfs.live.status(of: state.pid)
            else {
                return false
            }
            let main = Member(
                pid: state.pid, isMain: true, isNamespaceInit: status.isNamespaceInit, masks: status.masks)
            return main.isNamespaceInit && main.masks.disposition(of: signal) == .byDefault
        } catch { return false }
    }

    private func signalByHand(_ signal: Signal) {
        mainProcess.withLock { held in
            do throws(SystemError) {
                _ = try held.borrow { (pidfd) throws(SystemError) in try pidfd.send(signal) }
            } catch {
                if !error.isNoSuchProcess { core.logger.error("container \(id): \(error)") }
            }
        }
    }

    private func killByHand() {
        do throws(SystemError) {
            let cgroup = core.cgroup(id)
            let mechanism = try cgroup.kill()
            if let mechanism { core.metrics.countKill(mechanism, by: "engine") }
            _ = try cgroup.thaw()
        } catch { core.logger.error("container \(id): \(error)") }
    }

    /// True once the container has ended.
    private func emptied(within grace: Grace) async -> Bool {
        let ended = wait(.notRunning)
        let promise = Promise<Bool>()
        Task {
            _ = await ended.value()
            promise.resolve(true)
        }
        var timer: Reactor.Token?
        if case .bounded(let limit) = grace { timer = core.reactor.after(limit) { promise.resolve(false) } }
        let result = await withTaskCancellationHandler {
            await promise.value()
        } onCancel: {
            promise.resolve(false)
        }
        if let timer { core.reactor.cancel(timer) }
        return result
    }
}

/// Where a stop by hand is.
enum HandStep: Hashable, Sendable { case rung(Rung), kill }

/// Watches a cgroup through its events until `end`.
final class HandWatch: Sendable {
    private final class Source: Sendable {
        let events: CgroupEvents
        init(_ events: consuming CgroupEvents) { self.events = events }
    }

    private let ending: @Sendable () -> Void

    /// Where the host has no events (v1), it looks every 200 ms.
    init(_ cgroup: Cgroup, _ reactor: Reactor, changed: @escaping @Sendable () -> Void) throws(SystemError) {
        if let events = try cgroup.openEvents() {
            let source = Source(events)
            let token = reactor.register(source.events.descriptor.raw, .priority) { _ in
                // Reading makes the next change an event again; what it says is looked up afresh by the container.
                do throws(SystemError) { _ = try source.events.current() } catch { return changed() }
                changed()
            }
            ending = { reactor.unregister(token) }
        } else {
            let ticker = Task {
                while await reactor.pause(.milliseconds(200)) { changed() }
            }
            ending = { ticker.cancel() }
        }
    }

    func end() { ending() }
}

/// Tasks of a container, as the kernel shows them from outside.
enum LeftoverTasks {
    static let shown = 64

    /// Only files that cannot hang are read. At most two seconds; then what was seen is nothing.
    static func look(_ cgroup: Cgroup, since: Instant, _ core: EngineCore) async -> StuckFinding {
        do throws(EngineError) {
            let tasks = try await Blocking.run("looking at \(cgroup.path)", within: .seconds(2), on: core.reactor) {
                () throws(EngineError) -> [LiveTask] in
                try attempt { () throws(SystemError) -> [LiveTask] in try LeftoverTasks.tasks(of: cgroup) }
            }
            return StuckFinding(
                tasks: Array(tasks.prefix(shown)), truncated: tasks.count > shown,
                sinceKill: MonotonicClock.now() - since)
        } catch {
            core.logger.error("\(error)")
            return StuckFinding(tasks: [], sinceKill: MonotonicClock.now() - since)
        }
    }

    private static func tasks(of cgroup: Cgroup) throws(SystemError) -> [LiveTask] {
        var found: [LiveTask] = []
        let procfs = Procfs.live
        for tid in try cgroup.threads().prefix(shown + 1) {
            guard let status = try procfs.status(of: tid), status.state != "Z", status.state != "X" else { continue }
            found.append(
                LiveTask(
                    pid: status.threadGroup, tid: tid, comm: status.name,
                    state: status.state,
                    wchan: try procfs.waitChannel(of: status.threadGroup, task: tid) ?? "",
                    killPending: status.isPending(.kill)))
        }
        return found
    }
}

import APITypes
import Lifecycle
import Linux
import Logging

extension Container {
    /// Brings a container that the database knows into accord with what is there. Every way a crash can leave it is
    /// repaired here.
    func recover() async {
        switch state.phase {
        case .created, .exited: beginSweep()
        case .removing: await finishRemoval()
        case .quarantined:
            if state.boot != core.boot { return await endedUnseen() }
            await findShim()
            if machine.state == .quarantined {
                containLeftovers()
                // Where a crash came between the record and the rest.
                Task { await leaveNetworks() }
            }
        case .active:
            if state.boot != core.boot { return await endedUnseen() }
            await findShim()
        }
    }

    /// Remains of a run whose end was recorded, but which was not cleared away.
    private func beginSweep() {
        let paths = paths
        let groups = [core.cgroup(id), core.shimCgroup(id)].compactMap(\.unifiedDirectory)
        guard
            ([paths.bundle, core.paths.networkRecord(id)] + groups).contains(where: Recovery.exists)
                || mountPoints.contains(where: Recovery.isMounted)
        else { return }
        beginCleanup()
    }

    private func finishRemoval() async {
        do throws(EngineError) {
            try await performRemoval(volumes: document.host.autoRemove || state.quarantine?.removesVolumes == true)
        } catch {
            core.logger.error("container \(name) could not be removed: \(error)")
            removalFailed(error)
        }
    }

    private func findShim() async {
        run += 1
        do throws(EngineError) {
            let connection = try connect()
            // Nobody waits for what answers nothing.
            if connection.isToADeadShim() { throw .system("its shim was killed, and a thread of it hangs") }
            guard case .snapshot(let snapshot) = try await connection.call(.hello) else {
                throw .system("the shim answered hello wrongly")
            }
            shim = connection
            await adopt(snapshot)
        } catch {
            core.logger.info("container \(id): no shim: \(error)")
            if let record = await readExitRecord() { return finished(by: record) }
            if state.pid > 0 { holdMainProcessAgain() }
            await superviseByHand()
        }
    }

    /// The pid of the database, if it still is the same process.
    private func holdMainProcessAgain() {
        let (pid, start) = (state.pid, state.pidStart)
        do throws(SystemError) {
            guard let stat = try Procfs.live.stat(of: pid), stat.startTicks == start else { return }
            holdMainProcess(pid)
        } catch { core.logger.warning("container \(id): \(error)") }
    }

    /// Takes over what a shim tells of itself.
    func adopt(_ snapshot: ShimSnapshot) async {
        if let record = snapshot.exit { return finished(by: record) }
        machine.adopted(snapshot.state)
        finding = snapshot.stuck
        if finding != nil { recallCause() }
        switch snapshot.state {
        case .created:
            // The engine ended between the shim and the runtime: nothing has run, and nothing will.
            await sendOrder(.kill())
        case .starting:
            // A stop that was accepted during the start: it holds when that is over.
            if let order = intendedOrder, machine.stopRequested() == .orderLater { orderLater(order) }
        case .exited, .failed: break
        case .running, .paused, .stopping, .stuck: await adoptRunning(snapshot)
        }
        publish()
    }

    private func adoptRunning(_ snapshot: ShimSnapshot) async {
        if snapshot.pid > 0 { holdMainProcess(snapshot.pid) }
        if machine.state != .quarantined { holdPortsAgain() }
        if state.pid != snapshot.pid {
            (state.pid, state.startedAt) = (snapshot.pid, WallTime.now().nanosecondsSince1970)
        }
        let (past, overflow) = WallTime.now().nanosecondsSince1970.subtractingReportingOverflow(state.startedAt)
        let ran = overflow ? 0 : max(0, past)
        startedAt = MonotonicClock.now() - .nanoseconds(ran)
        record()
        if machine.state == .quarantined { return }
        // Plugins take their time: nobody waits for them.
        Task { await settleNetworks() }
        startHealthChecks(fresh: false)
        watchReadiness()
        if snapshot.job != nil { enterFoundStop(isStuck: snapshot.state == .stuck) }
        // A stop was asked for, but the engine ended before the shim heard of it.
        if let order = intendedOrder, snapshot.job == nil, machine.stopRequested() == .order { await sendOrder(order) }
    }
}

extension Instant {
    static func - (instant: Instant, span: Duration) -> Instant { Instant(sinceBoot: instant.sinceBoot - span) }
}

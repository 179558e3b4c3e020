import APITypes
import Lifecycle
import Linux
import Logging
import Synchronization

extension Container {
    /// Something from the shim of that run; of a past one it is no news.
    func heard(_ news: ShimNews, run number: Int) async {
        guard number == run else { return }
        switch news {
        case .event(let event): await heard(event)
        case .closed(let why): await connectionLost(why)
        }
    }

    private func heard(_ event: ShimEvent) async {
        switch event {
        case .started(let pid): await started(pid)
        case .exited(let record): exited(record)
        case .execStarted(let exec, let pid): execStarted(exec, pid)
        case .execExited(let exec, let status): execExited(exec, status)
        case .stop(_, let update): stopUpdated(update)
        case .paused: pauseObserved(true)
        case .resumed: pauseObserved(false)
        case .oomKilled: post("oom")
        case .killed(let mechanism): core.metrics.countKill(mechanism, by: "shim")
        case .output, .outputEnd: break
        }
    }

    func pauseObserved(_ paused: Bool) {
        let before = machine.state
        if paused { machine.pauseObserved() } else { machine.resumeObserved() }
        guard machine.state != before else { return }
        publish()
        post(paused ? "pause" : "unpause")
    }

    private func exited(_ record: ExitRecord) {
        // A start that failed is told by the reply to it, with the reason.
        if record.status == .unobserved(.neverStarted), starting != nil { return }
        finished(by: record)
    }

    /// As the shim recorded it.
    func finished(by record: ExitRecord) {
        let neverStarted = record.status == .unobserved(.neverStarted)
        finished(
            record.status, at: record.finishedAt, oomKilled: record.oomKilled,
            error: neverStarted ? "its start failed while the engine was restarted" : "")
        toldLostBytes = record.lostLogBytes
        if record.lostLogBytes > 0 {
            core.logger.warning("container \(id): \(record.lostLogBytes) bytes of its output could not be logged")
        }
    }

    /// The container has ended: recorded, told, cleared away; then its restart policy or its removal.
    func finished(_ status: ExitStatus, at time: Int64, oomKilled: Bool, error: String = "") {
        let intended = state.desired == .stopped
        let closing = core.isClosing.withLock { $0 }
        let stoppingAll = core.isStoppingAll.withLock { $0 }
        let restarts = !intended && !closing && !stoppingAll && rule.restarts(after: status, count: state.restartCount)
        let late = machine.state == .stuck || machine.state == .quarantined
        guard machine.exitObserved(restarts: restarts) else { return }
        mainProcess.withLock { $0 = nil }
        population.withLock { $0 = nil }
        handWatch?.end()
        stopReport = stopReport ?? handReport(status)
        (handWatch, handStop, handStep, stopSince, finding) = (nil, nil, nil, nil, nil)
        noteEndOfStop()
        healthTask?.cancel()
        (state.phase, state.pid, state.pidStart) = (.exited, 0, 0)
        (state.exit, state.finishedAt, state.oomKilled, state.error) = (StoredStatus(status), time, oomKilled, error)
        abandonExecs()
        if restarts { state.restartCount += 1 }
        record()
        var attributes = ["exitCode": "\(status.dockerCode)"]
        if state.startedAt > 0 { attributes["execDuration"] = "\(max(0, time - state.startedAt) / 1_000_000_000)" }
        if late { attributes["late"] = "true" }
        post("die", attributes)
        postVolumes("unmount")
        // As in Docker, whose kill is no stop.
        if intended, state.quarantine == nil, lastOrder?.ladder != .kill { post("stop") }
        beginCleanup()
        if let report = stopReport { resolveStopWaiters(.ended(report)) }
        resolveExitWaiters()
        if restarts { return scheduleRestart() }
        if state.quarantine != nil {
            // While it is being recorded, whoever does that goes on from there; what closes leaves it to the next engine.
            if quarantining == nil, !closing { removeQuarantined() }
            return
        }
        // A restart under way: its end is not the container's. One that an engine began which has died is carried on.
        if state.isRestarting == true {
            // An engine that is being opened starts it when it has swept: `startAtOpen`.
            let isRecovering = core.isRecovering.withLock { $0 }
            if restarters == 0, !closing, !stoppingAll, !isRecovering { finishRestart() }
        } else if document.host.autoRemove, !closing {
            removeAfterExit()
        }
    }

    // MARK: restart policy

    func scheduleRestart() {
        let ran = startedAt.map { MonotonicClock.now() - $0 } ?? .zero
        scheduleRestart(after: backOff.next(afterRunOf: ran))
    }

    private func scheduleRestart(after wait: Duration) {
        restartTimer = core.reactor.after(wait) { [weak self] in
            Task { await self?.restartByPolicy() }
        }
    }

    func restartByPolicy() async {
        guard machine.state == .restarting, !core.isClosing.withLock({ $0 }) else { return }
        // The sweep of a starting engine must not meet what is made anew.
        if core.isRecovering.withLock({ $0 }) { return scheduleRestart(after: RestartBackOff.first) }
        do throws(EngineError) { try await start(cause: .policy) } catch {
            core.logger.error("container \(name) could not be restarted: \(error)")
        }
    }

    func cancelRestartTimer() {
        if let timer = restartTimer.take() { core.reactor.cancel(timer) }
    }

    func removeAfterExit() {
        Task {
            do throws(EngineError) { try await remove(force: false, volumes: true) } catch {
                core.logger.error("container \(name) could not be removed after its end: \(error)")
            }
        }
    }

    // MARK: waiting for the end

    func wait(_ condition: WaitCondition) -> Promise<WaitResponse> {
        let promise = Promise<WaitResponse>()
        if condition == .notRunning, !machine.isActive {
            promise.resolve(waitResponse())
        } else {
            exitWaiters.append(ExitWaiter(condition: condition, promise: promise))
        }
        return promise
    }

    func forget(_ wait: Promise<WaitResponse>) { exitWaiters.removeAll { $0.promise === wait } }

    /// Those who wait for an end, and when it is gone, or could not be removed, all.
    func resolveExitWaiters(removed: Bool = false, removalError: EngineError? = nil) {
        var response = waitResponse()
        if let removalError {
            response.error = WaitError()
            response.error?.message = removalError.description
        }
        let removed = removed || removalError != nil
        exitWaiters.removeAll { waiter in
            guard removed || waiter.condition != .removed else { return false }
            waiter.promise.resolve(response)
            return true
        }
    }

    /// Where nobody saw the status, the error says so.
    private func waitResponse() -> WaitResponse {
        var response = WaitResponse()
        guard let status = state.exit?.status else { return response }
        response.statusCode = status.dockerCode
        if status.shellCode == nil {
            response.error = WaitError()
            response.error?.message = status.description
        }
        return response
    }
}

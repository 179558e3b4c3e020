import APITypes
import Lifecycle
import Logging
import Synchronization

extension Container {
    /// Sends it, and that is all. Where it is the container's stop signal, an end that follows is an intended one.
    func signal(_ signal: Signal) async throws(EngineError) {
        try checkNotQuarantined(before: "signal")
        guard machine.isActive, machine.state != .starting else {
            throw .notRunning("cannot kill container: \(name): container \(id) is not running")
        }
        if signal == stopDefaults.signal, rule.kind != .no {
            state.desired = .stopped
            try await core.store.save(state, of: id, durable: true)
        }
        try await asked("signal", try runningShim(), .signal(signal))
        post("kill", ["signal": "\(signal.number)"])
    }

    func pause() async throws(EngineError) {
        if let why = machine.refusesPause(id) {
            throw machine.isActive || machine.state == .restarting ? .conflict(why) : .notRunning(why)
        }
        // The shim gives up after ten seconds and says so.
        try await asked("pause", try runningShim(), .pause, within: .seconds(15))
        pauseObserved(true)
    }

    func unpause() async throws(EngineError) {
        guard machine.state == .paused else { throw .conflict("Container \(id) is not paused") }
        try await asked("unpause", try runningShim(), .resume)
        pauseObserved(false)
    }

    /// False where there is nothing to pause, because it ended first as well.
    func pauseIfRunning() async throws(EngineError) -> Bool {
        guard machine.state == .running else { return false }
        do throws(EngineError) { try await pause() } catch {
            guard await endsAtOnce() else { throw error }
            return false
        }
        return true
    }

    /// One that has ended meanwhile, or that somebody else let go on, is no error.
    func unpauseIfPaused() async throws(EngineError) {
        guard machine.state == .paused else { return }
        do throws(EngineError) { try await unpause() } catch {
            guard machine.state == .paused, await !endsAtOnce() else { return }
            throw error
        }
    }

    /// A call that its end has overtaken fails before the end is told here.
    private func endsAtOnce() async -> Bool {
        let ended = wait(.notRunning)
        let timer = core.reactor.after(.seconds(2)) { ended.resolve(WaitResponse()) }
        _ = await ended.value()
        core.reactor.cancel(timer)
        forget(ended)
        return !machine.isActive
    }

    private func asked(
        _ what: String, _ shim: ShimConnection, _ call: ShimCall, within limit: Duration = ShimConnection.callDeadline
    ) async throws(EngineError) {
        switch try await shim.call(call, within: limit) {
        case .done: break
        case .failed(.state, let message): throw .conflict("cannot \(what) container \(name): \(message)")
        case .failed(_, let message): throw .system("cannot \(what) container \(name): \(message)")
        case .snapshot, .started, .accepted, .marked: throw .system("the shim answered \(what) wrongly")
        }
    }

    /// Stops it where it runs, and starts it. `--rm` does not remove it in between.
    func restart(_ options: StopOptions) async throws(EngineError) {
        try checkNotQuarantined(before: "restart")
        // Its stop and its start are jobs with expectations of their own.
        try await core.jobs.track(.restart, id, within: nil) { (_) async throws(EngineError) in
            try await restartNow(options)
        }
    }

    private func restartNow(_ options: StopOptions) async throws(EngineError) {
        restarters += 1
        defer { restarters -= 1 }
        if machine.isActive {
            // Recorded with the intent to stop: should the engine die in between, the next one carries it on.
            state.isRestarting = true
            let outcome: StopOutcome
            do throws(EngineError) { outcome = try await stop(options).result() } catch {
                restartEnded()
                throw error
            }
            guard outcome.hasEnded else {
                restartEnded()
                throw .stuck("cannot restart container \(name): \(Verdict.line(name, outcome.verdict))")
            }
        }
        defer { restartEnded() }
        do throws(EngineError) { try await start() } catch {
            if case .notModified = error { return }
            throw error
        }
        post("restart")
    }

    /// Not when the engine closes: then the next one has to know of it.
    private func restartEnded() {
        guard restarters == 1, state.isRestarting != nil, !core.isClosing.withLock({ $0 }) else { return }
        state.isRestarting = nil
        record()
    }

    /// The stop of a restart is done, and whoever asked for it is gone.
    func finishRestart() {
        Task {
            // Somebody else has started it: that was what was wanted.
            if machine.isActive { return }
            do throws(EngineError) { try await restart(StopOptions()) } catch {
                core.logger.error("container \(name) could not be restarted: \(error)")
            }
        }
    }
}

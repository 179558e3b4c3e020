import Lifecycle

extension Container {
    /// Sends it, and that is all. Where it is the container's stop signal, an end that follows is an intended one.
    func signal(_ signal: Signal) async throws(EngineError) {
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

    private func asked(
        _ what: String, _ shim: ShimConnection, _ call: ShimCall, within limit: Duration = ShimConnection.callDeadline
    ) async throws(EngineError) {
        switch try await shim.call(call, within: limit) {
        case .done: break
        case .failed(.state, let message): throw .conflict("cannot \(what) container \(name): \(message)")
        case .failed(_, let message): throw .system("cannot \(what) container \(name): \(message)")
        case .snapshot, .started, .accepted: throw .system("the shim answered \(what) wrongly")
        }
    }

    func restart(_ options: StopOptions) async throws(EngineError) {
        if machine.isActive {
            let outcome = try await stop(options).result()
            guard outcome.hasEnded else {
                throw .stuck("cannot restart container \(name): \(Verdict.line(name, outcome.verdict))")
            }
        }
        do throws(EngineError) { try await start() } catch {
            if case .notModified = error { return }
            throw error
        }
        post("restart")
    }
}

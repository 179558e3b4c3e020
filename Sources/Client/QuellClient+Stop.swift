public import APITypes

extension QuellClient {
    /// Stops a container and tells what is going on. The job is the daemon's: it goes on when this call is given up.
    ///
    /// Returns with the verdict, at the latest after ladder and kill deadline; so it has no deadline of its own. When the
    /// connection breaks, as by a restart of the daemon, it asks again, which joins the job.
    /// - Parameter patience: how long it may take to find a daemon again.
    public func stopContainer(
        _ container: String, _ order: StopRequest, patience: Duration = .seconds(10),
        _ update: (StopUpdateLine) async throws -> Void = { _ in }
    ) async throws -> StopResult {
        try await stopJob(["quell", "v1", "containers", container, "stop"], order, patience, update)
    }

    /// KILL as a stop job.
    public func killContainer(
        _ container: String, killDeadlineMs: Int? = nil, patience: Duration = .seconds(10),
        _ update: (StopUpdateLine) async throws -> Void = { _ in }
    ) async throws -> StopResult {
        var order = StopRequest()
        order.killDeadlineMs = killDeadlineMs
        return try await stopJob(["quell", "v1", "containers", container, "kill"], order, patience, update)
    }

    private func stopJob(
        _ path: [String], _ order: StopRequest, _ patience: Duration, _ update: (StopUpdateLine) async throws -> Void
    ) async throws -> StopResult {
        let request = Request(.post, path, body: try .encoding(order), deadlines: .streaming)
        let clock = ContinuousClock()
        let asked = clock.now
        var isUnderWay = false
        var result = try await rejoining(patience, "the stop goes on, asking again joins it") { answered in
            try await followStop(request) {
                answered()
                isUnderWay = true
                try await update($0)
            }
        }
        if isUnderWay && result.how == "already" {
            // It ended while no daemon was there to tell how: by this stop, and not before it.
            result.how = nil
            result.elapsedMs = Int((clock.now - asked) / .milliseconds(1))
        }
        return result
    }

    private func followStop(
        _ request: Request, _ update: (StopUpdateLine) async throws -> Void
    ) async throws -> StopResult {
        var result: StopResult?
        try await lines(request, as: StopProgressLine.self) { line in
            if let error = line.error { throw ClientError.api(status: 500, message: error.message) }
            if let step = line.update { try await update(step) }
            if let verdict = line.result { result = verdict }
        }
        guard let result else {
            throw ClientError.connection(call: request.name, reason: "it ended before the verdict")
        }
        return result
    }

    /// What is true of a container at this moment.
    public func containerState(_ container: String) async throws -> VerifiedState {
        try await value(Request(.get, ["quell", "v1", "containers", container, "state"]))
    }
}

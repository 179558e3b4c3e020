import APITypes
import Engine
import Lifecycle
import NIOHTTP1

// Quell's own calls. They tell what a stop does while it does it.

extension API {
    var quellRoutes: [Route] {
        [
            Route(.POST, "/quell/v1/containers/{id}/stop") { call in
                let request = try await call.json(StopRequest.self)
                try await follow(call, try await engine.stopContainer(try call.id, try StopOptions(request)))
            },
            Route(.POST, "/quell/v1/containers/{id}/kill") { call in
                let request = try await call.json(StopRequest.self)
                let deadline = try request.killDeadline
                try await follow(call, try await engine.killContainer(try call.id, killDeadline: deadline))
            },
            Route(.GET, "/quell/v1/containers/{id}/state") { call in
                try await call.answer(.ok, json: try await engine.containerState(try call.id))
            },
        ]
    }

    /// Updates as they come, then the result. A client that leaves cancels nothing.
    private func follow(_ call: Call, _ job: StopJob) async throws {
        try await call.beginStream("application/x-ndjson")
        let finished: Void? = try await call.whileConnected {
            try await tellUpdates(of: job, call)
            var line = StopProgressLine()
            line.result = StopResult(await job.result())
            try await call.writeLine(line)
            try await call.exchange.endStream()
        }
        if finished == nil { call.exchange.connection.abort() }
    }

    private func tellUpdates(of job: StopJob, _ call: Call) async throws {
        let started = ContinuousClock.now
        try await Job.wait(on: job.number.map { .job($0) } ?? .engine) {
            for await update in job.updates {
                var line = StopProgressLine()
                line.update = StopUpdateLine(update, elapsed: .now - started, ladder: job.ladder)
                if line.update != nil { try await call.writeLine(line) }
            }
        }
    }
}

extension StopOptions {
    init(_ request: StopRequest) throws(APIFailure) {
        self.init()
        guard request.ladder == nil || (request.signal == nil && request.timeout == nil) else {
            throw APIFailure.invalid("a ladder excludes signal and timeout: its rungs have their own")
        }
        do {
            ladder = try request.ladder.map { text in try Ladder(parsing: text) }
            signal = try request.signal.map { text in try Signal(parsing: text) }
        } catch {
            throw APIFailure(error) ?? APIFailure.invalid("\(error)")
        }
        timeout = try request.timeout.map { seconds throws(APIFailure) in try Grace(checked: seconds, "timeout") }
        if let text = request.scope {
            guard let named = Scope(name: text) else {
                throw APIFailure.invalid("invalid scope \"\(text)\": expected auto, init or all")
            }
            scope = named
        }
        if let text = request.unhandled {
            guard let named = Unhandled(name: text) else {
                throw APIFailure.invalid("invalid unhandled \"\(text)\": expected kill or wait")
            }
            unhandled = named
        }
        killDeadline = try request.killDeadline
    }
}

extension StopRequest {
    fileprivate var killDeadline: Duration? {
        get throws(APIFailure) { try DockerAPI.killDeadline(milliseconds: killDeadlineMs) }
    }
}

/// `killDeadlineMs` of a request.
func killDeadline(milliseconds: Int?) throws(APIFailure) -> Duration? {
    guard let milliseconds else { return nil }
    guard milliseconds > 0, .milliseconds(milliseconds) <= Duration.longestWait else {
        throw APIFailure.invalid("killDeadlineMs: \(milliseconds) is not between 1 and 10 years")
    }
    return .milliseconds(milliseconds)
}

extension Grace {
    /// `name`: the input, for the error.
    init(checked seconds: Int, _ name: String) throws(APIFailure) {
        guard let grace = Grace(seconds: seconds) else {
            throw APIFailure.invalid("\(name): \(seconds) seconds are more than 10 years; -1 waits without bound")
        }
        self = grace
    }
}

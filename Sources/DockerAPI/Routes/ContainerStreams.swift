import APITypes
import Engine
import NIOHTTP1

extension API {
    var containerStreamRoutes: [Route] {
        [
            Route(.GET, "/containers/{id}/logs", streamLogs),
            Route(.GET, "/containers/{id}/stats", streamStats),
            Route(.POST, "/containers/{id}/attach", attachContainer),
            Route(.GET, "/containers/{id}/attach/ws", attachOverWebSocket),
        ]
    }

    private func streamLogs(_ call: Call) async throws {
        var options = LogOptions()
        options.stdout = call.query.flag("stdout")
        options.stderr = call.query.flag("stderr")
        guard options.stdout || options.stderr else {
            throw APIFailure.invalid("Bad parameters: you must choose at least one stream")
        }
        let now = Timestamp.now
        options.follow = call.query.flag("follow")
        options.timestamps = call.query.flag("timestamps")
        options.details = call.query.flag("details")
        options.since = try call.timestamp("since", now: now)
        options.until = try call.timestamp("until", now: now)
        // Docker takes a tail that is no number for "all".
        options.tail = call.query.string("tail").flatMap(Int.init).flatMap { $0 < 0 ? nil : $0 }
        let reading = try await engine.containerLogs(try call.id, options)
        try await call.watched(leave: { reading.output.close() }) {
            defer { reading.output.close() }
            try await call.beginStream(StreamType(isTerminal: reading.isTerminal, version: call.version).rawValue)
            while let chunk = try await reading.output.next() {
                try await call.exchange.write(chunk.framed(multiplexed: !reading.isTerminal))
            }
            try await call.exchange.endStream()
        }
    }

    /// A sample a second as a JSON stream, or one.
    private func streamStats(_ call: Call) async throws {
        let samples = try await engine.containerStats(
            try call.id, stream: call.query.flag("stream", default: true),
            oneShot: call.version >= APIVersion(minor: 41) && call.query.flag("one-shot"))
        try await call.watched(leave: { samples.close() }) {
            defer { samples.close() }
            try await call.beginStream("application/json")
            while let sample = try await samples.next() { try await call.writeLine(sample) }
            try await call.exchange.endStream()
        }
    }

    private func attachContainer(_ call: Call) async throws {
        let (options, keys) = try call.attachOptions()
        let attachment = try await engine.attachContainer(try call.id, options)
        try await call.carry(attachment, stdin: options.stdin && options.stream, detachKeys: keys)
    }

    private func attachOverWebSocket(_ call: Call) async throws {
        var (options, keys) = try call.attachOptions()
        // Before 1.42 they were not looked at.
        if call.version < APIVersion(minor: 42) { (options.stdin, options.stdout, options.stderr) = (true, true, true) }
        // A request that is none attaches to nothing.
        let handshake = try await WebSocketHandshake.headers(for: call.exchange)
        let attachment = try await engine.attachContainer(try call.id, options)
        try await call.carryOverWebSocket(
            attachment, handshake, stdin: options.stdin && options.stream, detachKeys: keys)
    }
}

extension Call {
    fileprivate func attachOptions() throws -> (AttachOptions, DetachKeys) {
        var options = AttachOptions()
        options.stdin = query.flag("stdin")
        options.stdout = query.flag("stdout")
        options.stderr = query.flag("stderr")
        options.logs = query.flag("logs")
        options.stream = query.flag("stream")
        return (options, try DetachKeys(query.string("detachKeys")))
    }
}

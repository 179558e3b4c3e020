public import APITypes

/// What is wanted of a container's log.
public struct LogQuery: Hashable, Sendable {
    public var stdout = true
    public var stderr = true
    public var follow = false
    public var timestamps = false
    public var details = false
    /// Seconds since 1970, RFC 3339, or a duration before now.
    public var since: String?
    public var until: String?
    /// The last n lines; nil: all.
    public var tail: Int?

    public init() {}
}

/// Which streams of a process are attached.
public struct AttachQuery: Hashable, Sendable {
    public var stdin = false
    public var stdout = true
    public var stderr = true
    /// What was logged so far comes first.
    public var logs = false
    /// At a terminal: the keys that leave it, as `ctrl-p,ctrl-q`, which nil means.
    public var detachKeys: String?

    public init() {}
}

extension QuellClient {
    /// The log; multiplexed unless the container has a terminal. With `follow` it ends when the container does.
    public func containerLogs(
        _ container: String, _ query: LogQuery, _ body: (ByteStream) async throws -> Void
    ) async throws {
        let parameters: KeyValuePairs<String, String?> = [
            "stdout": query.stdout.ifTrue, "stderr": query.stderr.ifTrue, "follow": query.follow.ifTrue,
            "timestamps": query.timestamps.ifTrue, "details": query.details.ifTrue, "since": query.since,
            "until": query.until, "tail": query.tail.map(String.init),
        ]
        let request = Request(
            .get, ["containers", container, "logs"], query: .init(parameters),
            deadlines: query.follow ? .streaming : .transfer)
        try await exchange(request) { try await body(try await $0.checked().body) }
    }

    /// Attaches to the main process. Before its start: output from the first byte is delivered.
    public func attachContainer(_ container: String, _ query: AttachQuery) async throws -> HijackedStream {
        let parameters: KeyValuePairs<String, String?> = [
            "stream": "1", "stdin": query.stdin.ifTrue, "stdout": query.stdout.ifTrue, "stderr": query.stderr.ifTrue,
            "logs": query.logs.ifTrue, "detachKeys": query.detachKeys,
        ]
        return try await hijack(Request(.post, ["containers", container, "attach"], query: .init(parameters)))
    }

    public func resizeContainer(_ container: String, rows: Int, columns: Int) async throws {
        try await perform(
            Request(.post, ["containers", container, "resize"], query: [("h", "\(rows)"), ("w", "\(columns)")]))
    }

    /// Prepares a process in a running container; gives its id.
    public func createExec(_ container: String, _ exec: ExecCreateRequest) async throws -> String {
        let response: IDResponse = try await value(
            Request(.post, ["containers", container, "exec"], body: .encoding(exec)))
        return response.id
    }

    /// Starts it with its streams attached.
    public func startExec(_ id: String, tty: Bool, consoleSize: [Int]? = nil) async throws -> HijackedStream {
        var start = ExecStartRequest()
        start.tty = tty
        start.consoleSize = consoleSize
        return try await hijack(
            Request(.post, ["exec", id, "start"], body: try .encoding(start), deadlines: .transfer))
    }

    /// Starts it and leaves it alone.
    public func startExecDetached(_ id: String, tty: Bool) async throws {
        var start = ExecStartRequest()
        start.detach = true
        start.tty = tty
        try await perform(Request(.post, ["exec", id, "start"], body: .encoding(start), deadlines: .transfer))
    }

    public func inspectExec(_ id: String) async throws -> ExecInspect {
        try await value(Request(.get, ["exec", id, "json"]))
    }

    public func resizeExec(_ id: String, rows: Int, columns: Int) async throws {
        try await perform(Request(.post, ["exec", id, "resize"], query: [("h", "\(rows)"), ("w", "\(columns)")]))
    }

    /// Events: past ones from `since` on, then those to come, until `until` or without end.
    public func events(
        since: String?, until: String?, filters: Filters = [:], _ body: (EventMessage) async throws -> Void
    ) async throws {
        try await lines(
            Request(
                .get, ["events"],
                query: .init(["since": since, "until": until, "filters": try filters.encoded()]),
                deadlines: .streaming), body)
    }
}

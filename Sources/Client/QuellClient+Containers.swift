public import APITypes

extension QuellClient {
    /// Containers, newest first. Stopped ones only with `all` or `limit`.
    public func listContainers(
        all: Bool = false, limit: Int? = nil, size: Bool = false, filters: Filters = [:]
    ) async throws -> [ContainerSummary] {
        let request = Request(
            .get, ["containers", "json"],
            query: .init([
                "all": all.ifTrue, "limit": limit.map(String.init), "size": size.ifTrue,
                "filters": try filters.encoded(),
            ]))
        return try read([ContainerSummary].self, from: try await bytes(request), call: request.name)
    }

    /// The answer of an inspection as the daemon wrote it.
    public func inspectContainerJSON(_ container: String, size: Bool = false) async throws -> [UInt8] {
        try await bytes(Request(.get, ["containers", container, "json"], query: .init(["size": size.ifTrue])))
    }

    public func inspectContainer(_ container: String) async throws -> ContainerInspect {
        try decode(
            ContainerInspect.self, from: try await inspectContainerJSON(container),
            call: "GET /containers/\(container)/json")
    }

    /// - Parameter unhandled: `kill` or `wait`: what a stop does when nothing can react to its signal, unless the request
    ///   or the image has the label `quell.stop.unhandled`; nil: as the daemon is configured.
    public func createContainer(
        _ container: ContainerCreateRequest, name: String?, unhandled: String? = nil
    ) async throws -> ContainerCreateResponse {
        try await value(
            Request(
                .post, ["containers", "create"], query: .init(["name": name, "unhandled": unhandled]),
                body: .encoding(container),
                deadlines: .transfer))
    }

    /// Returns once the main process runs. One that runs already is no error.
    public func startContainer(_ container: String) async throws {
        try await perform(Request(.post, ["containers", container, "start"], deadlines: .transfer))
    }

    /// Sends a signal to the main process, and that is all: not a stop.
    public func signalContainer(_ container: String, _ signal: String) async throws {
        try await perform(Request(.post, ["containers", container, "kill"], query: [("signal", signal)]))
    }

    /// Stops and starts. Lasts as long as the grace period lets it.
    public func restartContainer(_ container: String, timeout: Int?, signal: String?) async throws {
        try await perform(
            Request(
                .post, ["containers", container, "restart"],
                query: .init(["t": timeout.map(String.init), "signal": signal]), deadlines: .streaming))
    }

    public func pauseContainer(_ container: String) async throws {
        try await perform(Request(.post, ["containers", container, "pause"]))
    }

    public func unpauseContainer(_ container: String) async throws {
        try await perform(Request(.post, ["containers", container, "unpause"]))
    }

    public func renameContainer(_ container: String, to name: String) async throws {
        try await perform(Request(.post, ["containers", container, "rename"], query: [("name", name)]))
    }

    public func updateContainer(
        _ container: String, _ update: ContainerUpdateRequest
    ) async throws -> ContainerUpdateResponse {
        try await value(Request(.post, ["containers", container, "update"], body: .encoding(update)))
    }

    /// Removes a container; `force` kills it before, and `volumes` takes its anonymous volumes too.
    public func removeContainer(_ container: String, force: Bool = false, volumes: Bool = false) async throws {
        try await perform(
            Request(
                .delete, ["containers", container], query: .init(["force": force.ifTrue, "v": volumes.ifTrue]),
                deadlines: .transfer))
    }

    public enum WaitCondition: String, Sendable { case notRunning = "not-running", nextExit = "next-exit", removed }

    /// Waits until the condition holds.
    /// - Parameter limit: how long the whole call may take; nil: without a bound of its own.
    /// - Parameter registered: called when the daemon has begun to watch: an exit from then on is not missed.
    public func waitContainer(
        _ container: String, _ condition: WaitCondition = .notRunning, within limit: Duration? = nil,
        registered: () async throws -> Void = {}
    ) async throws -> WaitResponse {
        var request = Request(
            .post, ["containers", container, "wait"], query: [("condition", condition.rawValue)], deadlines: .streaming)
        request.deadlines.total = limit
        return try await exchange(request) { response in
            let response = try await response.checked()
            try await registered()
            let bytes = try await response.body.collect(limit: QuellClient.bodyLimit, call: request.name)
            guard !bytes.isEmpty else {
                throw ClientError.connection(call: request.name, reason: "it ended before the container did")
            }
            return try decode(WaitResponse.self, from: bytes, call: request.name)
        }
    }

    /// Waits until the container does not run, also over a restart of the daemon.
    /// - Parameter patience: how long it may take to find a daemon again.
    public func waitForEnd(_ container: String, patience: Duration = .seconds(10)) async throws -> WaitResponse {
        try await rejoining(patience, "the container goes on") { answered in
            try await waitContainer(container) { answered() }
        }
    }

    /// Processes of a running container, as ps(1) with these arguments shows them.
    public func topContainer(_ container: String, psArguments: String?) async throws -> TopResponse {
        try await value(Request(.get, ["containers", container, "top"], query: .init(["ps_args": psArguments])))
    }

    /// One sample after two looks, or with `stream` one a second until the container ends.
    public func containerStats(
        _ container: String, stream: Bool, _ body: (ContainerStats) async throws -> Void
    ) async throws {
        try await lines(
            Request(
                .get, ["containers", container, "stats"], query: [("stream", stream ? "1" : "0")],
                deadlines: stream ? .streaming : .short), body)
    }

    /// Differences from the image.
    public func containerChanges(_ container: String) async throws -> [ChangeItem]? {
        try await value(Request(.get, ["containers", container, "changes"], deadlines: .transfer))
    }

    /// Makes an image of the container's file system.
    public func commitContainer(
        _ container: String, repository: String?, tag: String?, comment: String?, author: String?, pause: Bool,
        changes: [String]
    ) async throws -> IDResponse {
        let parameters: KeyValuePairs<String, String?> = [
            "container": container, "repo": repository, "tag": tag, "comment": comment, "author": author,
            "pause": pause ? "1" : "0",
        ]
        return try await value(
            Request(
                .post, ["commit"], query: .init(parameters) + changes.map { (name: "changes", value: $0) },
                body: .json(Array("{}".utf8)), deadlines: .transfer))
    }

    public func pruneContainers(filters: Filters = [:]) async throws -> PruneReport {
        try await value(
            Request(
                .post, ["containers", "prune"], query: .init(["filters": try filters.encoded()]), deadlines: .transfer))
    }
}

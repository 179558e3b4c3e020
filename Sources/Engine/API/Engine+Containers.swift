public import APITypes
public import Lifecycle
import Logging

/// Filters of Docker's lists: a key with its alternatives, as the `filters` parameter has them.
public typealias Filters = [String: [String]]

extension Engine {
    public func createContainer(_ request: ContainerCreateRequest, name: String?) async throws(EngineError)
        -> ContainerCreateResponse
    { try await Creation(core).create(request, name: name) }

    /// Goes on although the caller leaves. `.notModified` when it runs already.
    public func startContainer(_ reference: String) async throws(EngineError) {
        try await core.container(reference).start()
    }

    /// `.notModified` is never thrown: a container that does not run gives the verdict `.already`.
    public func stopContainer(_ reference: String, _ options: StopOptions = StopOptions()) async throws(EngineError)
        -> StopJob
    { try await core.container(reference).stop(options) }

    /// KILL as a stop job. `.notRunning` when it does not run.
    public func killContainer(_ reference: String, killDeadline: Duration? = nil) async throws(EngineError) -> StopJob {
        try await core.container(reference).kill(deadline: killDeadline)
    }

    /// A signal that is not KILL: sent to the main process, and that is all.
    public func signalContainer(_ reference: String, _ signal: Signal) async throws(EngineError) {
        let container = try core.container(reference)
        if signal == .kill {
            _ = try await container.kill(deadline: nil).result()
        } else {
            try await container.signal(signal)
        }
    }

    /// Stop, then start. `.stuck` when it did not end.
    public func restartContainer(_ reference: String, _ options: StopOptions = StopOptions()) async throws(EngineError)
    {
        try await core.container(reference).restart(options)
    }

    public func pauseContainer(_ reference: String) async throws(EngineError) {
        try await core.container(reference).pause()
    }

    public func unpauseContainer(_ reference: String) async throws(EngineError) {
        try await core.container(reference).unpause()
    }

    /// On return it is gone. `.conflict` when it runs and `force` is false, `.stuck` when it could not be killed.
    public func removeContainer(_ reference: String, force: Bool = false, volumes: Bool = false)
        async throws(EngineError)
    { try await core.container(reference).remove(force: force, volumes: volumes) }

    public func renameContainer(_ reference: String, to name: String) async throws(EngineError) {
        try await core.container(reference).rename(to: try ContainerName.check(name))
    }

    /// Limits and restart policy; members that are nil or 0 stay as they are.
    public func updateContainer(_ reference: String, _ update: ContainerUpdateRequest) async throws(EngineError)
        -> ContainerUpdateResponse
    { try await core.container(reference).update(update) }

    public func waitContainer(_ reference: String, _ condition: WaitCondition = .notRunning) async throws(EngineError)
        -> ExitWait
    {
        let container = try core.container(reference)
        let promise = await container.wait(condition)
        return ExitWait {
            let response = await promise.value(orWhenCancelled: WaitResponse(unknown: "the wait was cancelled"))
            if promise.current == nil { await container.forget(promise) }
            return response
        }
    }

    public func resizeContainer(_ reference: String, rows: Int, columns: Int) async throws(EngineError) {
        try await core.container(reference).resize(.main, rows: rows, columns: columns)
    }

    /// Before `startContainer`, output from the first byte is delivered.
    public func attachContainer(_ reference: String, _ options: AttachOptions) async throws(EngineError) -> Attachment {
        let container = try core.container(reference)
        return try await Attaching(container, options).attachment()
    }

    public func pruneContainers(_ filters: Filters) async throws(EngineError) -> PruneReport {
        let filter = try PruneFilter(filters)
        var report = PruneReport()
        report.containersDeleted = []
        for container in core.registry.all {
            let snapshot = container.snapshot
            guard !snapshot.isActive, snapshot.live != .restarting,
                filter.matches(created: snapshot.document.created, labels: snapshot.document.config.labels ?? [:])
            else { continue }
            let size = await core.writtenBytes(container.paths)
            do throws(EngineError) { try await container.remove(force: false, volumes: false) } catch {
                core.logger.info("\(error)")
                continue
            }
            report.containersDeleted?.append(container.id)
            report.spaceReclaimed = report.spaceReclaimed.saturatingSum(size)
        }
        core.notePrune("container", report.spaceReclaimed)
        return report
    }

    // MARK: exec

    public func createExec(_ reference: String, _ request: ExecCreateRequest) async throws(EngineError) -> String {
        try await core.container(reference).createExec(request)
    }

    /// nil when detached. The terminal is what was asked for at creation.
    public func startExec(_ id: String, _ request: ExecStartRequest) async throws(EngineError) -> Attachment? {
        let container = try core.containerOf(exec: id)
        let isTerminal = try await container.inspectExec(id).processConfig.tty
        let stream = try await container.startExec(id, detached: request.detach, consoleSize: request.consoleSize)
        return stream?.attachment(isTerminal: isTerminal).whenDetachedByKeys {
            await container.post("exec_detach", ["execID": id])
        }
    }

    /// Throws what speaks against its start now.
    public func checkExecStart(_ id: String) async throws(EngineError) {
        _ = try await core.containerOf(exec: id).readyToStart(exec: id)
    }

    public func inspectExec(_ id: String) async throws(EngineError) -> ExecInspect {
        try await core.containerOf(exec: id).inspectExec(id)
    }

    public func resizeExec(_ id: String, rows: Int, columns: Int) async throws(EngineError) {
        try await core.containerOf(exec: id).resize(.exec(id), rows: rows, columns: columns)
    }
}

/// Which exit a wait waits for.
public enum WaitCondition: String, Sendable { case notRunning = "not-running", nextExit = "next-exit", removed }

/// A wait that is registered: an exit from now on is not missed.
public struct ExitWait: Sendable {
    let outcome: @Sendable () async -> WaitResponse

    /// Where the status was not observed, `error` says so and the code means nothing. A cancelled task gets such an
    /// answer at once.
    public func result() async -> WaitResponse { await Job.wait(on: .container) { await outcome() } }
}

extension WaitResponse {
    /// No status is known: never the number of a success.
    init(unknown why: String) {
        self.init()
        (statusCode, error) = (255, WaitError())
        error?.message = why
    }
}

/// Filters of prune: `until`, `label`, `label!`.
struct PruneFilter {
    private let until: Timestamp?
    private let labels: [String]
    private let excluded: [String]

    init(_ filters: Filters) throws(EngineError) {
        for key in filters.keys where !["until", "label", "label!", "all", "dangling"].contains(key) {
            throw .invalid("invalid filter '\(key)'")
        }
        let now = Timestamp.now
        if let text = filters["until"]?.first {
            guard let stamp = Timestamp(query: text, now: now) else { throw .invalid("invalid filter 'until=\(text)'") }
            until = stamp
        } else {
            until = nil
        }
        (labels, excluded) = (filters["label"] ?? [], filters["label!"] ?? [])
    }

    func matches(created: Int64, labels own: [String: String]) -> Bool {
        if let until, created > until.nanosecondsSince1970 { return false }
        return labels.allSatisfy { Labels.match(own, $0) } && !excluded.contains { Labels.match(own, $0) }
    }
}

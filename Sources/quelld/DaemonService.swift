import DockerAPI
import Engine
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Serves until a graceful shutdown: stops containers where that is wanted, and lets calls end, for the grace period and
/// not longer. A second TERM or INT waits for nothing any more; stops that are under way are carried on by the shims.
struct DaemonService: Service {
    let endpoints: [DockerServer.Endpoint]
    let engine: Engine
    let grace: Duration
    /// Asked once, when the daemon ends.
    let stopsContainers: @Sendable () -> Bool
    /// Called when signals are heard.
    let ready: @Sendable () -> Void
    /// Set when calls were left that had not ended.
    let isAbandoned: Latch
    let logger: Logger

    private enum Part: Sendable { case endpoint, containers, secondSignal, graceOver }

    /// What calls may take to end after their connections were broken off.
    private static let slack = Duration.seconds(2)

    /// Its tasks are not waited for: a call may be in the kernel, and never come back.
    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let (parts, feed) = AsyncThrowingStream<Part, any Error>.makeStream()
        for endpoint in endpoints {
            Task {
                do { feed.yield(try await serve(endpoint)) } catch { feed.finish(throwing: error) }
            }
        }
        let containers = Task { feed.yield(await stopContainersAtShutdown()) }
        let hurry = Task { feed.yield(await second(of: signals)) }
        defer {
            containers.cancel()
            hurry.cancel()
        }
        ServiceManager().notify("READY=1")
        ready()
        try await wait(for: parts, feed)
    }

    /// Until all have ended, or there is no more waiting.
    private func wait(
        for parts: AsyncThrowingStream<Part, any Error>, _ feed: AsyncThrowingStream<Part, any Error>.Continuation
    ) async throws {
        var left = endpoints.count + 1
        for try await part in parts {
            switch part {
            case .endpoint: left -= 1
            case .containers:
                left -= 1
                Task {
                    try await Task.sleep(for: grace + DaemonService.slack)
                    feed.yield(.graceOver)
                }
            case .secondSignal: return abandon("second signal: waiting for nothing any more")
            case .graceOver: return abandon("calls under way do not end: not waiting for them")
            }
            if left == 0 { return }
        }
    }

    private func abandon(_ why: Logger.Message) {
        logger.notice(why)
        for endpoint in endpoints { endpoint.abort() }
        isAbandoned.set()
    }

    private func serve(_ endpoint: DockerServer.Endpoint) async throws -> Part {
        try await withGracefulShutdownHandler {
            try await endpoint.run()
        } onGracefulShutdown: {
            endpoint.stop(grace: grace)
        }
        return .endpoint
    }

    private func stopContainersAtShutdown() async -> Part {
        do {
            try await gracefulShutdown()
        } catch {
            return .containers
        }
        ServiceManager().notify("STOPPING=1")
        let stopsContainers = stopsContainers()
        logger.info("ending", metadata: ["containers": stopsContainers ? "stopped" : "left running"])
        guard stopsContainers else { return .containers }
        // A task of its own: a second signal ends the wait, but not the stops.
        let (stops, stopped) = AsyncStream<[StopOutcome]>.makeStream()
        Task {
            stopped.yield(await engine.stopAll())
            stopped.finish()
        }
        for await outcomes in stops {
            for outcome in outcomes where !outcome.hasEnded {
                logger.error("container did not end", metadata: ["container": "\(outcome.name)"])
            }
        }
        return .containers
    }

    private func second(of signals: UnixSignalsSequence) async -> Part {
        var count = 0
        for await _ in signals {
            count += 1
            if count == 2 { break }
        }
        return .secondSignal
    }
}

/// False until it is set.
final class Latch: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

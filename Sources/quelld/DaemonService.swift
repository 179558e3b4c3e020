import DockerAPI
import Engine
import Logging
import ServiceLifecycle
import UnixSignals

/// Serves until a graceful shutdown: lets calls end, stops containers where that is wanted. A second TERM or INT waits for
/// nothing any more; stops that are under way are carried on by the shims.
struct DaemonService: Service {
    let endpoints: [DockerServer.Endpoint]
    let engine: Engine
    let grace: Duration
    /// Asked once, when the daemon ends.
    let stopsContainers: @Sendable () -> Bool
    /// Called when signals are heard.
    let ready: @Sendable () -> Void
    let logger: Logger

    private enum Part { case endpoint, containers, secondSignal }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await withThrowingTaskGroup(of: Part.self) { group in
            for endpoint in endpoints { group.addTask { try await serve(endpoint) } }
            group.addTask { await stopContainersAtShutdown() }
            group.addTask { await second(of: signals) }
            ServiceManager().notify("READY=1")
            ready()
            var left = endpoints.count + 1
            while left > 0, let part = try await group.next() {
                guard part != .secondSignal else {
                    logger.notice("second signal: waiting for nothing any more")
                    for endpoint in endpoints { endpoint.abort() }
                    break
                }
                left -= 1
            }
            group.cancelAll()
        }
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
        // Not waited for by this group: a second signal ends the loop, but not the stops.
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

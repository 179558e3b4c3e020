import APITypes
import Engine
import Linux
import Logging
import NIOCore
import NIOHTTP1

/// The Docker Engine API, and Quell's own beside it, over one engine.
struct API: Sendable {
    let engine: Engine
    let logger: Logger
    let version: String
    let metrics: APIMetrics

    /// Headers that go with every answer.
    static func commonHeaders(version: String) -> HTTPHeaders {
        [
            "Api-Version": APIVersion.newest.description,
            "Docker-Experimental": "false",
            "Ostype": "linux",
            "Server": "Quell/\(version) (linux)",
        ]
    }

    var routes: RouteTable {
        RouteTable(
            systemRoutes + containerRoutes + containerStreamRoutes + archiveRoutes + execRoutes + imageRoutes
                + imageArchiveRoutes + registryRoutes + volumeRoutes + networkRoutes + quellRoutes + jobsRoutes
                + metricsRoutes
                + whyRoutes + quarantineRoutes + doctorRoutes + releaseRoutes + missingRoutes)
    }
}

/// Finds the route of a request, runs it, and reports what it throws.
struct Dispatcher: Sendable {
    let engine: Engine
    let metrics: APIMetrics
    let routes: RouteTable
    let logger: Logger

    func handle(_ exchange: Exchange) async {
        let since = ContinuousClock.now
        do {
            let (route, call) = try find(exchange)
            observe(exchange, route.name, since)
            switch route.place {
            case .loop: await run(route, call)
            case .pool: await withTaskExecutorPreference(globalConcurrentExecutor) { await run(route, call) }
            }
            if exchange.status == nil { metrics.record(route.name, nil, after: since.duration(to: .now)) }
        } catch {
            observe(exchange, "other", since)
            await report(error, to: exchange)
        }
    }

    /// What lasts is counted as soon as it is answered.
    private func observe(_ exchange: Exchange, _ route: String, _ since: ContinuousClock.Instant) {
        exchange.onAnswer { [metrics] status in metrics.record(route, status, after: since.duration(to: .now)) }
    }

    private func find(_ exchange: Exchange) throws -> (Route, Call) {
        let target = try RequestTarget(exchange.head.uri)
        guard let (route, parameters) = routes.find(exchange.head.method, target.segments) else {
            throw APIFailure(.notFound, "page not found")
        }
        let call = Call(
            exchange: exchange, version: target.version ?? .newest, parameters: parameters, query: target.query,
            span: route.span)
        return (route, call)
    }

    /// Noted in the register of calls until it is answered.
    private func run(_ route: Route, _ call: Call) async {
        let expectations = engine.configuration.expectations
        let expectation =
            switch call.span {
            case .short: expectations.call
            case .transfer: expectations.transfer
            }
        let asker = call.exchange.connection.peer.map { Job.Asker.client(pid: $0.pid, uid: $0.uid) } ?? .unknown
        await engine.jobs.track(.call, subject(route, call), call: route.name, asker: asker, within: expectation) { _ in
            do { try await route.action(call) } catch { await report(error, to: call.exchange, call.span) }
        }
    }

    /// The container it is about, where there is one of that name.
    private func subject(_ route: Route, _ call: Call) -> String? {
        guard let id = call.parameters["id"] else { return nil }
        return switch route.subject {
        case .container: engine.containerID(of: id)
        case .exec: engine.containerID(ofExec: id)
        case .other: nil
        }
    }

    private func report(_ error: any Error, to exchange: Exchange, _ span: CallSpan = .short) async {
        let request = "\(exchange.head.method) \(exchange.head.uri)"
        guard exchange.isOpen, let failure = APIFailure(error) ?? APIFailure(unexpected: error) else {
            logger.debug("answer broken off", metadata: ["request": "\(request)", "error": "\(error)"])
            return
        }
        if failure.status.code >= 500, failure.status != .notImplemented {
            logger.error("request failed", metadata: ["request": "\(request)", "error": "\(failure.message)"])
        }
        do {
            // A client in the midst of an archive would see its connection break, and not why.
            if span == .transfer { try await exchange.skipBody(upTo: 256 << 10) }
            let body = ByteBuffer(bytes: try DockerJSON.line(ErrorMessage(failure.message)))
            try await exchange.answer(failure.status, headers: ["Content-Type": "application/json"], body: body)
        } catch {
            logger.debug("client left", metadata: ["request": "\(request)", "error": "\(error)"])
        }
    }
}

extension APIFailure {
    /// An error that no table names, unless it only says that the client is gone.
    init?(unexpected error: any Error) {
        guard !(error is ChannelError), !(error is IOError), !(error is CancellationError) else { return nil }
        self.init(.internalServerError, "\(error)")
    }
}

extension ErrorMessage {
    init(_ message: String) {
        self.init()
        self.message = message
    }
}

import APITypes
import Engine
import Logging
import NIOCore
import NIOHTTP1

/// The Docker Engine API, and Quell's own beside it, over one engine.
struct API: Sendable {
    let engine: Engine
    let logger: Logger
    let version: String

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
                + imageArchiveRoutes + volumeRoutes + networkRoutes + quellRoutes + missingRoutes)
    }
}

/// Finds the route of a request, runs it, and reports what it throws.
struct Dispatcher: Sendable {
    let routes: RouteTable
    let logger: Logger

    func handle(_ exchange: Exchange) async {
        do {
            try await run(exchange)
        } catch {
            await report(error, to: exchange)
        }
    }

    private func run(_ exchange: Exchange) async throws {
        let target = try RequestTarget(exchange.head.uri)
        guard let (action, parameters) = routes.find(exchange.head.method, target.segments) else {
            throw APIFailure(.notFound, "page not found")
        }
        let call = Call(
            exchange: exchange, version: target.version ?? .newest, parameters: parameters, query: target.query)
        try await action(call)
    }

    private func report(_ error: any Error, to exchange: Exchange) async {
        let request = "\(exchange.head.method) \(exchange.head.uri)"
        guard exchange.isOpen, let failure = APIFailure(error) ?? APIFailure(unexpected: error) else {
            logger.debug("answer broken off", metadata: ["request": "\(request)", "error": "\(error)"])
            return
        }
        if failure.status.code >= 500, failure.status != .notImplemented {
            logger.error("request failed", metadata: ["request": "\(request)", "error": "\(failure.message)"])
        }
        do {
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

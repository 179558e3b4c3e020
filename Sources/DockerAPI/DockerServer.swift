public import Engine
import Lifecycle
public import Linux
public import Logging
import NIOCore
import NIOPosix

/// The HTTP side of a daemon: the Docker Engine API over one engine, on one or more listening sockets.
public final class DockerServer: Sendable {
    private let dispatcher: Dispatcher
    private let version: String
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let mostConnections: Int

    /// - Parameters:
    ///   - threads: event loops; two carry thousands of connections, since nothing blocks on them.
    ///   - descriptors: the limit of this process. A connection may hold three: its own, a log or an archive, a shim's.
    public init(engine: Engine, version: String, threads: Int = 2, descriptors: Int = .max, logger: Logger) {
        mostConnections = max(16, (descriptors - min(descriptors / 4, 1024)) / 3)
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let metrics = APIMetrics(group: group)
        let api = API(engine: engine, logger: logger, version: version, metrics: metrics)
        dispatcher = Dispatcher(engine: engine, metrics: metrics, routes: api.routes, logger: logger)
        (self.version, self.logger) = (version, logger)
    }

    /// Takes over a socket that listens already. Connections are accepted once the result runs.
    public func open(_ socket: consuming OwnedDescriptor, tls: TLSIdentity? = nil) async throws -> Endpoint {
        let dispatcher = dispatcher
        let server = try await HTTPServer(
            listeningSocket: socket.release(), tls: tls, group: group, common: API.commonHeaders(version: version),
            mostConnections: mostConnections, logger: logger
        ) { exchange in await dispatcher.handle(exchange) }
        return Endpoint(server: server)
    }

    /// Ends the threads, when no endpoint runs any more.
    public func shutDown() async throws { try await group.shutdownGracefully() }

    /// One listening socket.
    public struct Endpoint: Sendable {
        let server: HTTPServer

        /// Accepts and answers until `stop`; returns when the last connection is closed.
        public func run() async throws { try await server.run() }

        /// Accepts no more; ends what only watches (logs, events, wait, attach); lets other requests end, for `grace`
        /// at most.
        public func stop(grace: Duration) { server.stop(grace: .nanoseconds(grace.wholeNanoseconds)) }

        /// Breaks off every connection.
        public func abort() { server.abortAll() }
    }
}

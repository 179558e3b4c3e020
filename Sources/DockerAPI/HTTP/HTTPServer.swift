import APITypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Serves HTTP/1.1 on a listening socket.
final class HTTPServer: Sendable {
    typealias Handler = @Sendable (Exchange) async -> Void

    private let listener: NIOAsyncChannel<HTTPConnection, Never>
    private let handler: Handler
    private let common: HTTPHeaders
    private let logger: Logger
    private let mostConnections: Int
    private let open: OpenConnections

    /// Takes over a socket that listens already. `common` headers go with every answer. Connections above the number are
    /// answered 503.
    init(
        listeningSocket: Int32, tls: TLSIdentity? = nil, group: any EventLoopGroup, common: HTTPHeaders,
        mostConnections: Int = .max, logger: Logger, handler: @escaping Handler
    ) async throws {
        let open = OpenConnections()
        self.open = open
        listener = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(listeningSocket) { channel in
                open.arrived(channel)
                return HTTPConnection.setUp(channel, tls: tls)
            }
        (self.common, self.logger, self.handler) = (common, logger, handler)
        self.mostConnections = mostConnections
    }

    /// Accepts and serves until `stop`; returns when the last connection is closed.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                for try await connection in connections {
                    switch open.enter(connection, atMost: mostConnections) {
                    case .entered:
                        group.addTask(executorPreference: connection.executor) {
                            await self.serve(connection)
                            self.open.leave(connection)
                        }
                    case .isStopping: connection.abort()
                    case .isFull: group.addTask { await self.turnAway(connection) }
                    }
                }
            }
        }
    }

    /// Accepts no more, lets requests under way end, ends everything that only watches; what is left after `grace` is
    /// broken off.
    func stop(grace: TimeAmount) {
        let left = open.stop()
        listener.channel.close(promise: nil)
        for connection in left.serving { connection.stop() }
        for channel in left.arriving { channel.close(promise: nil) }
        listener.channel.eventLoop.scheduleTask(in: grace) { self.abortAll() }
    }

    /// Breaks off every connection.
    func abortAll() {
        for connection in open.serving { connection.abort() }
    }

    private func serve(_ connection: HTTPConnection) async {
        let idle = IdleClose(connection)
        do {
            while let head = try await idle.nextHead() {
                let exchange = Exchange(head: head, connection: connection, common: common, logger: logger)
                await handler(exchange)
                guard try await exchange.conclude() else { break }
            }
            connection.finish()
        } catch let error as HTTPParserError {
            logger.debug("malformed request", metadata: ["error": "\(error)"])
            let isLong = error == .headerOverflow
            await answerWithoutRequest(
                connection, isLong ? .requestHeaderFieldsTooLarge : .badRequest, APIFailure(malformed: error).message)
        } catch is RequestTooSlow {
            await answerWithoutRequest(connection, .requestTimeout)
        } catch {
            logger.trace("connection ended", metadata: ["error": "\(error)"])
            connection.abort()
        }
    }

    /// Each connection may hold some descriptors, and the engine needs some for its own work.
    private func turnAway(_ connection: HTTPConnection) async {
        logger.warning("connection turned away", metadata: ["connections": "\(mostConnections)"])
        await answerWithoutRequest(
            connection, .serviceUnavailable,
            "too many connections: \(mostConnections) are open, which is what the limit of descriptors allows")
    }

    private func answerWithoutRequest(
        _ connection: HTTPConnection, _ status: HTTPResponseStatus, _ message: String? = nil
    ) async {
        do {
            let body = ByteBuffer(bytes: try message.map { [UInt8](try DockerJSON.line(ErrorMessage($0))) } ?? [])
            var headers: HTTPHeaders = ["Connection": "close", "Content-Length": "\(body.readableBytes)"]
            if message != nil { headers.add(name: "Content-Type", value: "application/json") }
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            try await connection.send([.head(head), .body(.byteBuffer(body)), .end(nil)])
        } catch {
            logger.trace("connection ended", metadata: ["error": "\(error)"])
        }
        connection.finish()
    }
}

/// Waits for requests; when the server stops, a connection without one ends.
private struct IdleClose {
    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) { self.connection = connection }

    func nextHead() async throws -> HTTPRequestHead? {
        let token = connection.onDisconnect { [connection] in connection.stopReading() }
        defer { connection.forget(token) }
        guard let part = try await connection.next(), !connection.isStopping else { return nil }
        guard case .head(let head) = part else { throw HTTPParserError.invalidConstant }
        return head
    }
}

/// The connections that are served, and those that are on their way. NIO hands over a connection when it is set up, and drops
/// it, open, where the listener has closed meanwhile: its client would wait for ever.
private final class OpenConnections: Sendable {
    enum Entry { case entered, isStopping, isFull }

    private struct State {
        var isStopping = false
        var arriving: [ObjectIdentifier: any Channel] = [:]
        var serving: [ObjectIdentifier: HTTPConnection] = [:]
    }

    private let state = Mutex(State())

    var serving: [HTTPConnection] { state.withLock { Array($0.serving.values) } }

    /// It was accepted. Closed at once where the server stops.
    func arrived(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        let isLate = state.withLock { state in
            if !state.isStopping { state.arriving[key] = channel }
            return state.isStopping
        }
        if isLate { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in self.state.withLock { $0.arriving[key] = nil } }
    }

    func enter(_ connection: HTTPConnection, atMost most: Int) -> Entry {
        state.withLock { state in
            state.arriving[ObjectIdentifier(connection.channel)] = nil
            guard !state.isStopping else { return .isStopping }
            guard state.serving.count < most else { return .isFull }
            state.serving[ObjectIdentifier(connection)] = connection
            return .entered
        }
    }

    func leave(_ connection: HTTPConnection) {
        state.withLock { _ = $0.serving.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// None enters from now on.
    func stop() -> (serving: [HTTPConnection], arriving: [any Channel]) {
        state.withLock { state in
            state.isStopping = true
            defer { state.arriving = [:] }
            return (Array(state.serving.values), Array(state.arriving.values))
        }
    }
}

import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Serves HTTP/1.1 on a listening socket.
final class HTTPServer: Sendable {
    typealias Handler = @Sendable (Exchange) async -> Void

    private struct State {
        var isStopping = false
        var connections: [ObjectIdentifier: HTTPConnection] = [:]
    }

    private let listener: NIOAsyncChannel<HTTPConnection, Never>
    private let handler: Handler
    private let common: HTTPHeaders
    private let logger: Logger
    private let state = Mutex(State())

    /// Takes over a socket that listens already. `common` headers go with every answer.
    init(
        listeningSocket: Int32, group: any EventLoopGroup, common: HTTPHeaders, logger: Logger,
        handler: @escaping Handler
    ) async throws {
        listener = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(listeningSocket) { HTTPConnection.setUp($0) }
        (self.common, self.logger, self.handler) = (common, logger, handler)
    }

    /// Accepts and serves until `stop`; returns when the last connection is closed.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                for try await connection in connections {
                    guard enter(connection) else {
                        connection.abort()
                        continue
                    }
                    group.addTask {
                        await self.serve(connection)
                        self.leave(connection)
                    }
                }
            }
        }
    }

    /// Accepts no more, lets requests under way end, ends everything that only watches; what is left after `grace` is
    /// broken off.
    func stop(grace: TimeAmount) {
        let connections = state.withLock { state in
            state.isStopping = true
            return Array(state.connections.values)
        }
        listener.channel.close(promise: nil)
        for connection in connections { connection.stop() }
        listener.channel.eventLoop.scheduleTask(in: grace) { self.abortAll() }
    }

    /// Breaks off every connection.
    func abortAll() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.abort() }
    }

    private func enter(_ connection: HTTPConnection) -> Bool {
        state.withLock { state in
            guard !state.isStopping else { return false }
            state.connections[ObjectIdentifier(connection)] = connection
            return true
        }
    }

    private func leave(_ connection: HTTPConnection) {
        state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
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
            await refuse(connection)
        } catch {
            logger.trace("connection ended", metadata: ["error": "\(error)"])
            connection.abort()
        }
    }

    private func refuse(_ connection: HTTPConnection) async {
        let headers: HTTPHeaders = ["Connection": "close", "Content-Length": "0"]
        do {
            let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
            try await connection.send([.head(head), .end(nil)])
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

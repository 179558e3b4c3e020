import Linux
import NIOCore
import NIOHTTP1
import Synchronization

/// A client's connection, for tasks. Reads are pulled one part at a time and writes wait while the client does not
/// read, so that a connection holds a bounded number of bytes either way.
final class HTTPConnection: Sendable {
    private struct Action {
        let run: @Sendable () -> Void
        let alsoWhenStopping: Bool
    }

    private struct Watchers {
        var isGone = false
        var isStopping = false
        var next = 0
        var actions: [Int: Action] = [:]
    }

    let channel: any Channel
    /// Runs this connection's own task where its handlers run.
    let executor: LoopExecutor
    /// The process at the other end; nil where it is not known.
    let peer: PeerCredentials?
    private let handler: NIOLoopBound<ConnectionHandler>
    private let watchers = Mutex(Watchers())

    private init(channel: any Channel, handler: NIOLoopBound<ConnectionHandler>) {
        (self.channel, self.handler, peer) = (channel, handler, HTTPConnection.peer(of: channel))
        executor = LoopExecutor(channel.eventLoop)
    }

    /// Sets up the pipeline of an accepted channel, on its event loop.
    static func setUp(_ channel: any Channel, tls: TLSIdentity?) -> EventLoopFuture<HTTPConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(tls.handler()) }
            switch channel.localAddress?.protocol {
            case .inet?, .inet6?:
                // A host that is gone says nothing; a follower would be kept for ever.
                try channel.syncOptions?.setOption(.socketOption(.so_keepalive), value: 1)
                try pipeline.addHandler(FirstBytesDeadline())
            default: break
            }
            let handler = NIOLoopBound(try ConnectionHandler.install(in: channel), eventLoop: channel.eventLoop)
            let connection = HTTPConnection(channel: channel, handler: handler)
            channel.closeFuture.whenComplete { [weak connection] _ in connection?.disconnected() }
            return connection
        }
    }

    /// On its event loop.
    private static func peer(of channel: any Channel) -> PeerCredentials? {
        // It is for people who look at what goes on: who cannot be named is served all the same.
        try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            try UnixSocket.peer(ofRaw: $0)
        }
    }

    /// The next part of the client's input; nil when the client sends no more.
    func next() async throws -> InboundPart? {
        let (handler, loop) = (handler, channel.eventLoop)
        guard loop.inEventLoop else {
            return try await loop.flatSubmit { handler.value.next() ?? loop.makeSucceededFuture(nil) }.get()
        }
        if let part = handler.value.takeWaiting() { return part }
        return try await handler.value.next()?.get()
    }

    /// A part of the client's input that is there already; nil: none is, or somebody waits for it.
    func takeWaiting() async throws -> InboundPart? {
        let (handler, loop) = (handler, channel.eventLoop)
        guard loop.inEventLoop else { return try await loop.submit { handler.value.takeWaiting() }.get() }
        return handler.value.takeWaiting()
    }

    /// Sends, and waits while the client is behind. Fails when the connection is gone.
    func send(_ parts: [HTTPServerResponsePart]) async throws {
        let (handler, loop) = (handler, channel.eventLoop)
        guard loop.inEventLoop else {
            return try await loop.flatSubmit {
                handler.value.send(parts) ?? loop.makeFailedFuture(ChannelError.ioOnClosedChannel)
            }.get()
        }
        guard let sent = handler.value.send(parts) else { throw ChannelError.ioOnClosedChannel }
        try await sent.get()
    }

    /// From now on nothing is framed as HTTP.
    func leaveHTTP() async throws {
        let handler = handler
        try await channel.eventLoop.submit { try handler.value.leaveHTTPOutput() }.get()
    }

    /// Nothing more is sent; the client may go on sending.
    func closeOutput() { onLoop { $0.closeOutput() } }

    /// Ends a `next` that waits, and every later one.
    func stopReading() { onLoop { $0.stopReading() } }

    /// What the client sent and still sends is thrown away.
    func discardInput() { onLoop { $0.discardInput() } }

    /// Whether the client has closed its side, or is gone.
    var clientHasClosed: Bool {
        get async throws {
            let handler = handler
            return try await channel.eventLoop.submit { handler.value.clientHasClosed }.get()
        }
    }

    /// Closes; what was sent arrives.
    func finish() { onLoop { $0.finish() } }

    /// Closes at once; the client sees an answer that was under way break off.
    func abort() { channel.close(mode: .all, promise: nil) }

    private func onLoop(_ act: @escaping @Sendable (ConnectionHandler) -> Void) {
        let handler = handler
        channel.eventLoop.execute { act(handler.value) }
    }

    // MARK: the end of a connection

    /// Runs the action when the client is gone or, unless told otherwise, the server stops; at once where it is so
    /// already. The result takes it back.
    func onDisconnect(alsoWhenStopping: Bool = true, _ action: @escaping @Sendable () -> Void) -> Int? {
        let token = watchers.withLock { watchers -> Int? in
            guard !watchers.isGone, !(watchers.isStopping && alsoWhenStopping) else { return nil }
            watchers.next += 1
            watchers.actions[watchers.next] = Action(run: action, alsoWhenStopping: alsoWhenStopping)
            return watchers.next
        }
        if token == nil { action() }
        return token
    }

    func forget(_ token: Int?) {
        guard let token else { return }
        watchers.withLock { _ = $0.actions.removeValue(forKey: token) }
    }

    /// The server stops: ends what waits on behalf of this client, and takes no further request from it.
    func stop() {
        let due = watchers.withLock { watchers in
            watchers.isStopping = true
            let due = watchers.actions.filter(\.value.alsoWhenStopping)
            for token in due.keys { watchers.actions.removeValue(forKey: token) }
            return due
        }
        for action in due.values { action.run() }
    }

    var isStopping: Bool { watchers.withLock { $0.isStopping } }

    private func disconnected() {
        let due = watchers.withLock { watchers in
            watchers.isGone = true
            defer { watchers.actions = [:] }
            return watchers.actions
        }
        for action in due.values { action.run() }
    }
}

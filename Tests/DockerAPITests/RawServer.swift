import Linux
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

@testable import DockerAPI

/// Runs `body` against a server on a socket of its own; everything is gone afterwards.
func withServer(
    mostConnections: Int = .max, _ handler: @escaping HTTPServer.Handler,
    _ body: (_ path: String, _ server: HTTPServer) async throws -> Void
) async throws {
    let directory = "/tmp/quell-api-\(ProcessSelf.pid)-\(UInt32.random(in: 0...UInt32.max))"
    try File.makeDirectory(directory)
    let path = directory + "/sock"
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = try await HTTPServer(
        listeningSocket: try UnixSocket.listen(at: path).release(), group: group, common: ["Api-Version": "1.51"],
        mostConnections: mostConnections, logger: logger, handler: handler)
    var failure: (any Error)?
    do {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            do {
                try await body(path, server)
            } catch {
                failure = error
            }
            server.stop(grace: .milliseconds(100))
            try await tasks.waitForAll()
        }
    } catch {
        failure = failure ?? error
    }
    try File.removeTree(directory)
    try await group.shutdownGracefully()
    if let failure { throw failure }
}

/// A client that sends bytes as they are and reads what comes.
actor RawClient {
    private let channel: any Channel
    private let pieces: AsyncStream<ByteBuffer>
    private var received = ByteBuffer()
    private var isClosed = false

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<ByteBuffer>.Continuation
        init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(Self.unwrapInboundIn(data))
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent { continuation.finish() }
        }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { continuation.finish() }
    }

    init(_ path: String) async throws {
        let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
        pieces = stream
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(continuation))
                }
            }
            .connect(unixDomainSocketPath: path).get()
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func send(bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// The next bytes; nil when the server closes before.
    func read(count: Int) async -> [UInt8]? {
        while received.readableBytes < count {
            guard await more() else { return nil }
        }
        return received.readBytes(length: count)
    }

    /// The payloads of a web socket's short messages, until there are so many bytes.
    func readMessages(count: Int) async -> [UInt8]? {
        var payload: [UInt8] = []
        while payload.count < count {
            guard let head = await read(count: 2), head[1] < 126, let more = await read(count: Int(head[1])) else {
                return nil
            }
            payload += more
        }
        return payload
    }

    func closeOutput() async throws { try await channel.close(mode: .output) }

    func close() async throws { try await channel.close() }

    /// Everything up to and with `mark`; what was read stays read. Nil when the server closes before.
    func read(through mark: String) async -> String? {
        while true {
            let text = String(buffer: received)
            if let range = text.firstRange(of: mark) {
                let taken = String(text[..<range.upperBound])
                received.moveReaderIndex(forwardBy: taken.utf8.count)
                return taken
            }
            guard await more() else { return nil }
        }
    }

    /// Everything to the end of the connection's output.
    func readAll() async -> String {
        while await more() {}
        return received.readString(length: received.readableBytes) ?? ""
    }

    private func more() async -> Bool {
        for await var piece in pieces {
            received.writeBuffer(&piece)
            return true
        }
        return false
    }
}

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers as a test wants, also as no honest server would.
final class RegistryServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// Without the query.
        var path: String
        var query: String
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    struct Reply: Sendable {
        enum Ending: Sendable {
            case whole
            /// The connection breaks off behind so many bytes of the body.
            case broken(after: Int)
            /// Nothing follows so many bytes of the body, and the connection stays.
            case stalled(after: Int)
            /// Nothing follows the head.
            case silent
            /// The body has no end.
            case endless
        }
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        var ending = Ending.whole
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let box: AnswerBox
    private let channel: any Channel

    init(_ answer: @escaping @Sendable (Request) -> Reply) async throws {
        let box = AnswerBox(answer)
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(AnsweringHandler(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.box = box
    }

    var host: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    /// What was asked so far.
    var requests: [Request] { box.seen.withLock { $0 } }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }
}

final class AnswerBox: Sendable {
    let answer: @Sendable (RegistryServer.Request) -> RegistryServer.Reply
    let seen = Mutex<[RegistryServer.Request]>([])

    init(_ answer: @escaping @Sendable (RegistryServer.Request) -> RegistryServer.Reply) { self.answer = answer }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let box: AnswerBox
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ box: AnswerBox) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            let parts = head.uri.split(separator: "?", maxSplits: 1).map(String.init)
            let request = RegistryServer.Request(
                method: head.method.rawValue, path: parts[0], query: parts.count > 1 ? parts[1] : "",
                headers: head.headers, body: body)
            box.seen.withLock { $0.append(request) }
            send(box.answer(request), context, isHead: head.method == .HEAD)
        }
    }

    private func send(_ reply: RegistryServer.Reply, _ context: ChannelHandlerContext, isHead: Bool) {
        var headers = HTTPHeaders(reply.headers)
        if case .endless = reply.ending {
            headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        } else if !headers.contains(name: "content-length") {
            headers.add(name: "content-length", value: "\(reply.body.count)")
        }
        let status = HTTPResponseStatus(statusCode: reply.status)
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        guard !isHead else { return end(context) }
        switch reply.ending {
        case .whole:
            write(reply.body[...], context)
            end(context)
        case .broken(let count):
            write(reply.body.prefix(count), context)
            context.flush()
            context.close(promise: nil)
        case .stalled(let count):
            write(reply.body.prefix(count), context)
            context.flush()
        case .silent: context.flush()
        case .endless: pour(context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func write(_ bytes: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    /// Until the client has had enough.
    private func pour(_ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(repeating: UInt8(ascii: " "), count: 65536)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer)))).whenSuccess {
            let (handler, context) = bound.value
            handler.pour(context)
        }
    }
}

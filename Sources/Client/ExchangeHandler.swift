internal import NIOCore
internal import NIOHTTP1

/// What the daemon answers: the head, and the body as it comes (or, after a switch of protocols, the raw stream).
struct Answer: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: ByteStream
}

/// What one exchange needs from its connection.
struct Order: Sendable {
    let call: String
    let deadlines: Deadlines
    let wantsUpgrade: Bool
    let answer: EventLoopPromise<Answer>
    /// Called when request and answer are complete and the connection may carry another exchange.
    let reusable: @Sendable () -> Void
}

/// One HTTP exchange after the other on one connection, each with its deadlines. Confined to the event loop.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case awaitingHead(Order)
        case receiving(Order, StreamSource, keepsAlive: Bool)
        /// 101 was seen; the end of that message is due.
        case switching(Order, HTTPResponseHead)
        /// Raw bytes; the gate has them.
        case raw
        case closed
    }

    private let loop: any EventLoop
    let gate: RawGate
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var requestComplete = false
    private var heldRead = false
    /// Head or idle deadline, whichever is being waited for.
    private var waiting: Scheduled<Void>?
    private var total: Scheduled<Void>?

    init(on loop: any EventLoop, behind gate: RawGate) { (self.loop, self.gate) = (loop, gate) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: the request

    func begin(_ order: Order, _ head: HTTPRequestHead) {
        guard case .idle = state, let context else {
            order.answer.fail(ClientError.connection(call: order.call, reason: "it was closed"))
            return
        }
        state = .awaitingHead(order)
        requestComplete = false
        if order.wantsUpgrade { gate.expectUpgrade() }
        arm(order.deadlines.head)
        if let limit = order.deadlines.total { total = schedule(limit) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    func send(_ bytes: [UInt8]) -> EventLoopFuture<Void> {
        write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    func endRequest() {
        write(.end(nil)).assumeIsolated().whenSuccess { self.requestComplete = true }
    }

    /// The request cannot be completed: `error` becomes the answer.
    func abort(_ error: any Error) {
        fail { _ in error }
        context?.close(promise: nil)
    }

    private func write(_ part: HTTPClientRequestPart) -> EventLoopFuture<Void> {
        guard let context else { return loop.makeFailedFuture(ChannelError.alreadyClosed) }
        let written = loop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(part), promise: written)
        written.futureResult.assumeIsolated().whenSuccess {
            if case .awaitingHead(let order) = self.state { self.arm(order.deadlines.head) }
        }
        return written.futureResult
    }

    // MARK: the answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): received(head)
        case .body(let buffer): received(Array(buffer.readableBytesView))
        case .end: receivedEnd()
        }
    }

    private func received(_ head: HTTPResponseHead) {
        guard case .awaitingHead(let order) = state else {
            return fail { ClientError.malformed(call: $0, reason: "an answer nobody asked for") }
        }
        if head.status == .switchingProtocols, order.wantsUpgrade {
            state = .switching(order, head)
            return
        }
        if (100...199).contains(head.status.code) { return }
        disarm()
        let (source, stream) = makeStream()
        state = .receiving(order, source, keepsAlive: head.isKeepAlive)
        order.answer.succeed(Answer(head, stream))
    }

    private func received(_ bytes: [UInt8]) {
        guard case .receiving(let order, var source, let keepsAlive) = state else { return }
        source.yield(bytes)
        state = .receiving(order, source, keepsAlive: keepsAlive)
    }

    private func receivedEnd() {
        switch state {
        case .receiving(let order, let source, let keepsAlive):
            disarm()
            total?.cancel()
            finishExchange(order, source, keepsAlive: keepsAlive)
        case .switching(let order, let head): switchProtocols(order, head)
        case .idle, .awaitingHead, .raw, .closed: break
        }
    }

    /// An exchange is over when both directions are; a server that answered before it read the whole request has lost it.
    /// The connection is given back before the reader learns of the end, so that its next call finds it.
    private func finishExchange(_ order: Order, _ source: StreamSource, keepsAlive: Bool) {
        guard requestComplete, keepsAlive else {
            state = .closed
            source.finish()
            context?.close(promise: nil)
            return
        }
        state = .idle
        order.reusable()
        source.finish()
        if heldRead {
            heldRead = false
            context?.read()
        }
    }

    private func makeStream() -> (StreamSource, ByteStream) {
        StreamSource.make(on: loop, more: readerWantsMore, ended: readerLeft)
    }

    private func readerWantsMore() {
        guard case .receiving(let order, var source, let keepsAlive) = state else { return }
        source.resume()
        state = .receiving(order, source, keepsAlive: keepsAlive)
        guard heldRead, let context else { return }
        heldRead = false
        read(context: context)
    }

    private func readerLeft() {
        guard case .receiving = state else { return }
        state = .closed
        disarm()
        total?.cancel()
        context?.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        switch state {
        case .receiving(_, let source, _) where !source.wantsMore:
            heldRead = true
            disarm()
        case .receiving(let order, _, _):
            arm(order.deadlines.idle)
            context.read()
        case .idle, .awaitingHead, .switching, .raw, .closed: context.read()
        }
    }

    // MARK: the switch to a raw stream

    private func switchProtocols(_ order: Order, _ head: HTTPResponseHead) {
        disarm()
        total?.cancel()
        state = .raw
        guard let stream = gate.takeStream() else {
            order.answer.fail(ClientError.malformed(call: order.call, reason: "101 without a stream"))
            context?.close(promise: nil)
            return
        }
        order.answer.succeed(Answer(head, stream))
    }

    // MARK: the end of the connection

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .raw = state { return context.fireUserInboundEventTriggered(event) }
        // The server has closed its side: no further answer can come, so this side goes too.
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail { ClientError.connection(call: $0, reason: "quelld closed it") }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .raw = state { return context.fireErrorCaught(error) }
        fail { call in
            switch error as? HTTPParserError {
            case .invalidEOFState: ClientError.connection(call: call, reason: "it ended in mid-answer")
            case let error?: ClientError.malformed(call: call, reason: "\(error)")
            case nil: ClientError.connection(call: call, reason: "\(error)")
            }
        }
        context.close(promise: nil)
    }

    private func fail(_ error: (String) -> any Error) {
        disarm()
        total?.cancel()
        switch state {
        case .awaitingHead(let order), .switching(let order, _): order.answer.fail(error(order.call))
        case .receiving(let order, let source, _): source.fail(error(order.call))
        case .raw: return
        case .idle, .closed: break
        }
        state = .closed
    }

    // MARK: deadlines

    private func arm(_ limit: Duration?) {
        disarm()
        if let limit { waiting = schedule(limit) }
    }

    private func disarm() {
        waiting?.cancel()
        waiting = nil
    }

    private func schedule(_ limit: Duration) -> Scheduled<Void> {
        loop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.fail { ClientError.deadline(call: $0, after: limit) }
            self.context?.close(promise: nil)
        }
    }
}

extension Answer {
    init(_ head: HTTPResponseHead, _ body: ByteStream) {
        self.init(
            status: Int(head.status.code), headers: head.headers.map { (name: $0.name, value: $0.value) }, body: body)
    }
}

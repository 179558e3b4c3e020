import NIOCore
import NIOHTTP1

/// What a client sends: messages of a head, body pieces and an end; after a message that may be hijacked, raw bytes.
enum InboundPart: Sendable {
    case head(HTTPRequestHead)
    case body(ByteBuffer)
    case end
    case raw(ByteBuffer)
}

/// Two tasks cannot read one connection.
struct ReadUnderWay: Error {}

/// The last handler of a connection's pipeline: hands parts out one by one as they are asked for, stops reading from
/// the socket while too many wait, and tells a writer when it may go on.
///
/// Lives on its event loop; `HTTPConnection` is its face to tasks.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Mode {
        /// Messages; `mayBeHijacked` belongs to the one being read.
        case http(mayBeHijacked: Bool)
        /// Input is raw; a response may still be HTTP.
        case rawInput
        /// The encoder is gone too.
        case raw
    }

    private static let mostWaiting = 8

    private let encoder: HTTPResponseEncoder
    private let gate: HijackGate
    private var context: ChannelHandlerContext?
    private var mode = Mode.http(mayBeHijacked: false)
    private var waitingParts = CircularBuffer<InboundPart>(initialCapacity: 4)
    private var reader: EventLoopPromise<InboundPart?>?
    private var writers: [EventLoopPromise<Void>] = []
    private var inputEnded = false
    /// The client has closed its side, or is gone.
    private(set) var clientHasClosed = false
    private var discardsInput = false
    private var closesWithInput = false
    private var heldRead = false
    private var failure: (any Error)?

    init(encoder: HTTPResponseEncoder, gate: HijackGate) { (self.encoder, self.gate) = (encoder, gate) }

    /// Adds the handlers of one connection.
    static func install(in channel: any Channel) throws -> ConnectionHandler {
        let gate = HijackGate()
        let encoder = HTTPResponseEncoder()
        let handler = ConnectionHandler(encoder: encoder, gate: gate)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(gate)
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(encoder)
        try pipeline.addHandler(handler)
        return handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        gate.receive = { [weak self] bytes in self?.receiveRaw(bytes) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endInput(nil)
        self.context = nil
    }

    // MARK: input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .http(let mayBeHijacked) = mode, !discardsInput else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            let isPossible = Hijack.isPossible(method: head.method.rawValue, uri: head.uri)
            mode = .http(mayBeHijacked: isPossible || head.headers.contains(name: "upgrade"))
            deliver(.head(head))
        case .body(let bytes): deliver(.body(bytes))
        case .end:
            if mayBeHijacked {
                mode = .rawInput
                gate.becomeRaw()
            } else {
                gate.messageEnded()
            }
            deliver(.end)
        }
    }

    private func receiveRaw(_ bytes: ByteBuffer) {
        if !discardsInput { deliver(.raw(bytes)) }
    }

    func read(context: ChannelHandlerContext) {
        if waitingParts.count >= ConnectionHandler.mostWaiting, !discardsInput {
            heldRead = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            clientHasClosed = true
            endInput(nil)
            if closesWithInput { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientHasClosed = true
        endInput(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What the decoder thinks of the end of a hijacked connection is of no interest.
        if case .http = mode { return endInput(error) }
        if !(error is HTTPParserError) { endInput(error) }
    }

    /// The next part; nil at the end of the client's side. Fails with `ReadUnderWay` where somebody waits already.
    func next() -> EventLoopFuture<InboundPart?>? {
        guard let context else { return nil }
        guard reader == nil else { return context.eventLoop.makeFailedFuture(ReadUnderWay()) }
        if let part = takeWaiting() { return context.eventLoop.makeSucceededFuture(part) }
        if let failure { return context.eventLoop.makeFailedFuture(failure) }
        if inputEnded { return context.eventLoop.makeSucceededFuture(nil) }
        let promise = context.eventLoop.makePromise(of: InboundPart?.self)
        reader = promise
        return promise.futureResult
    }

    /// A part that is there already; nil: ask `next`.
    func takeWaiting() -> InboundPart? {
        guard let context, reader == nil, let part = waitingParts.popFirst() else { return nil }
        if heldRead, waitingParts.count < ConnectionHandler.mostWaiting / 2 {
            heldRead = false
            context.read()
        }
        return part
    }

    private func deliver(_ part: InboundPart) {
        if let reader {
            self.reader = nil
            reader.succeed(part)
        } else {
            waitingParts.append(part)
        }
    }

    private func endInput(_ error: (any Error)?) {
        inputEnded = true
        if failure == nil { failure = error }
        if let reader {
            self.reader = nil
            if let error { reader.fail(error) } else { reader.succeed(nil) }
        }
        guard context?.channel.isActive != true else { return }
        for writer in writers { writer.fail(ChannelError.ioOnClosedChannel) }
        writers = []
    }

    // MARK: output

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            let ready = writers
            writers = []
            for writer in ready { writer.succeed() }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Writes and flushes; succeeds when there is room for more, fails when the connection is gone.
    func send(_ parts: [HTTPServerResponsePart]) -> EventLoopFuture<Void>? {
        guard let context, context.channel.isActive else { return nil }
        for part in parts { context.write(Self.wrapOutboundOut(part), promise: nil) }
        context.flush()
        guard context.channel.isActive else { return nil }
        if context.channel.isWritable { return context.eventLoop.makeSucceededVoidFuture() }
        let promise = context.eventLoop.makePromise(of: Void.self)
        writers.append(promise)
        return promise.futureResult
    }

    /// What is sent from now on goes out without HTTP framing. Only after a message that may be hijacked.
    func leaveHTTPOutput() throws {
        guard case .rawInput = mode, let context else { throw ChannelError.operationUnsupported }
        mode = .raw
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(encoder, promise: nil)
        try pipeline.addHandler(RawEncoder(), position: .before(self))
    }

    /// Tells the client that nothing more comes; it may still send.
    func closeOutput() { context?.close(mode: .output, promise: nil) }

    /// Ends a `next` that waits, and every later one. What the client still sends is thrown away.
    func stopReading() {
        discardInput()
        endInput(nil)
    }

    /// What the client sent and still sends is thrown away.
    func discardInput() {
        discardsInput = true
        waitingParts.removeAll()
        guard heldRead else { return }
        heldRead = false
        context?.read()
    }

    /// Closes without losing what was written: the client sees the end of the output first, and has five seconds to
    /// close its side (a close with unread input would reset the connection and could take the last output along).
    func finish() {
        guard let context else { return }
        stopReading()
        guard !clientHasClosed else {
            context.close(promise: nil)
            return
        }
        closesWithInput = true
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        let closing = context.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in closing.cancel() }
    }
}

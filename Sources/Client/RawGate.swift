internal import NIOCore

/// The first handler of a connection: after a switch of protocols it takes the bytes, so that the HTTP codec behind it
/// never sees them.
///
/// A daemon may send output right behind the head of its 101, and close at once. NIO's decoder would have to be removed
/// to let such bytes through, which takes a turn of the event loop, and drops them when the end comes meanwhile. So the
/// codec gets exactly the head.
final class RawGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case http
        /// The head of the answer that may switch; these are its first bytes.
        case head(ByteBuffer)
        case raw(StreamSource)
        case ended
    }

    private let loop: any EventLoop
    private var state = State.http
    private var stream: ByteStream?
    private var context: ChannelHandlerContext?
    private var heldRead = false

    init(on loop: any EventLoop) { self.loop = loop }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// The next answer may be a 101.
    func expectUpgrade() { state = .head(ByteBuffer()) }

    /// The raw stream, once, after the 101 was seen.
    func takeStream() -> ByteStream? {
        defer { stream = nil }
        return stream
    }

    /// Past the codec.
    func write(_ bytes: [UInt8]) -> EventLoopFuture<Void> {
        guard let context else { return loop.makeFailedFuture(ChannelError.alreadyClosed) }
        let written = loop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: written)
        return written.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch state {
        case .http: context.fireChannelRead(data)
        case .head(var held):
            held.writeBuffer(&bytes)
            receive(held, context)
        case .raw: yield(bytes)
        case .ended: break
        }
    }

    private func receive(_ held: ByteBuffer, _ context: ChannelHandlerContext) {
        var held = held
        let view = held.readableBytesView
        guard let end = view.firstRange(of: "\r\n\r\n".utf8) else {
            // Longer than any head: the codec will say so.
            guard held.readableBytes > 1 << 17 else { return state = .head(held) }
            state = .http
            return context.fireChannelRead(wrapInboundOut(held))
        }
        guard view.starts(with: "HTTP/1.1 101".utf8),
            let head = held.readSlice(length: end.upperBound - view.startIndex)
        else {
            state = .http
            return context.fireChannelRead(wrapInboundOut(held))
        }
        let (source, stream) = StreamSource.make(on: loop, more: readerWantsMore, ended: readerLeft)
        state = .raw(source)
        self.stream = stream
        context.fireChannelRead(wrapInboundOut(head))
        if held.readableBytes > 0 { yield(held) }
    }

    private func yield(_ bytes: ByteBuffer) {
        guard case .raw(var source) = state else { return }
        source.yield(Array(bytes.readableBytesView))
        state = .raw(source)
    }

    func read(context: ChannelHandlerContext) {
        if case .raw(let source) = state, !source.wantsMore {
            heldRead = true
        } else {
            context.read()
        }
    }

    private func readerWantsMore() {
        guard case .raw(var source) = state else { return }
        source.resume()
        state = .raw(source)
        guard heldRead else { return }
        heldRead = false
        context?.read()
    }

    private func readerLeft() {
        state = .ended
        context?.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { finish(nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .raw = state else { return context.fireErrorCaught(error) }
        finish(ClientError.connection(call: "stream", reason: "\(error)"))
        context.close(promise: nil)
    }

    private func finish(_ error: (any Error)?) {
        switch state {
        case .raw(let source):
            state = .ended
            if let error { source.fail(error) } else { source.finish() }
        case .head(let held):
            // The codec tells what is wrong with half a head.
            state = .http
            context?.fireChannelRead(wrapInboundOut(held))
        case .http, .ended: break
        }
    }
}

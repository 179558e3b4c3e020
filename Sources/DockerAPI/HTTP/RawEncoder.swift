import NIOCore
import NIOHTTP1

/// Takes the HTTP encoder's place in a hijacked connection: a head without framing, then bytes as they are.
final class RawEncoder: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = IOData

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let head): context.write(Self.wrapOutboundOut(.byteBuffer(bytes(of: head))), promise: promise)
        case .body(let bytes): context.write(Self.wrapOutboundOut(bytes), promise: promise)
        case .end: promise?.succeed()
        }
    }

    private func bytes(of head: HTTPResponseHead) -> ByteBuffer {
        var text = "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
        for (name, value) in head.headers { text += "\(name): \(value)\r\n" }
        return ByteBuffer(string: text + "\r\n")
    }
}

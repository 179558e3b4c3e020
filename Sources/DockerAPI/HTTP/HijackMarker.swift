import NIOCore

/// Requests whose connection becomes a raw two-way stream.
enum Hijack {
    /// The protocol a marked request asks to change to; see `HijackMarker`.
    static let silentProtocol = "quell-raw"

    /// Whether a call to this path may be hijacked: attach, and the start of an exec.
    static func isPossible(method: some StringProtocol, uri: some StringProtocol) -> Bool {
        guard method == "POST" else { return false }
        let parts = uri.prefix { $0 != "?" }.split(separator: "/")
        guard parts.count >= 3 else { return false }
        let noun = parts[parts.count - 3]
        let verb = parts[parts.count - 1]
        return (noun == "containers" && verb == "attach") || (noun == "exec" && verb == "start")
    }
}

/// Makes every request that may be hijacked announce it.
///
/// Clients that predate upgrades send their standard input right behind such a request, and the HTTP decoder would
/// take it for the next request. With an `Upgrade` header the decoder stops behind the request and gives back what it
/// has not used, so this handler adds one where the client sent none. It looks at a request only where it begins a
/// message; bytes are held until the head is complete, or too long to be one.
final class HijackMarker: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let longestHead = 80 * 1024
    private var held: ByteBuffer?
    private var atBoundary = true

    /// The next byte begins a message.
    func messageEnded() { atBoundary = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        guard atBoundary else {
            context.fireChannelRead(data)
            return
        }
        if var earlier = held {
            earlier.writeBuffer(&bytes)
            bytes = earlier
        }
        let end = HijackMarker.endOfHead(in: bytes)
        guard end != nil || bytes.readableBytes > HijackMarker.longestHead else {
            held = bytes
            return
        }
        held = nil
        atBoundary = false
        context.fireChannelRead(Self.wrapInboundOut(end.map { HijackMarker.mark(bytes, endOfHead: $0) } ?? bytes))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        releaseHeld(context)
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        releaseHeld(context)
        context.fireChannelInactive()
    }

    private func releaseHeld(_ context: ChannelHandlerContext) {
        guard let bytes = held else { return }
        held = nil
        atBoundary = false
        context.fireChannelRead(Self.wrapInboundOut(bytes))
    }

    /// The number of bytes up to and with the empty line; nil where there is none yet.
    private static func endOfHead(in bytes: ByteBuffer) -> Int? {
        let view = bytes.readableBytesView
        var newlines = 0
        for (offset, byte) in view.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"): newlines += 1
            case UInt8(ascii: "\r"): break
            default: newlines = 0
            }
            if newlines == 2 { return offset + 1 }
        }
        return nil
    }

    private static func mark(_ bytes: ByteBuffer, endOfHead: Int) -> ByteBuffer {
        let head = String(buffer: bytes.getSlice(at: bytes.readerIndex, length: endOfHead) ?? bytes)
        let lines = head.split(whereSeparator: \.isNewline)
        guard let words = lines.first?.split(separator: " "), words.count == 3,
            Hijack.isPossible(method: words[0], uri: words[1])
        else { return bytes }
        let names = Set(lines.dropFirst().map { $0.prefix { $0 != ":" }.lowercased() })
        guard !names.contains("upgrade") else { return bytes }
        let kept = lines.filter { !$0.lowercased().hasPrefix("connection:") }
        let marks = ["Connection: Upgrade", "Upgrade: \(Hijack.silentProtocol)", "", ""]
        var marked = ByteBuffer(string: (kept + marks.map { $0[...] }).joined(separator: "\r\n"))
        var rest = bytes
        rest.moveReaderIndex(forwardBy: endOfHead)
        marked.writeBuffer(&rest)
        return marked
    }
}

import NIOCore

/// Requests whose connection becomes a raw two-way stream.
enum Hijack {
    /// Whether a call to this path may be hijacked: attach, attach over a web socket, and the start of an exec.
    static func isPossible(method: some StringProtocol, uri: some StringProtocol) -> Bool {
        guard method == "POST" || method == "GET", mayEndIn(Substring(uri).utf8, method == "POST") else { return false }
        var parts = uri.prefix { $0 != "?" }.split(separator: "/")
        if method == "GET" { guard parts.popLast() == "ws", parts.last == "attach" else { return false } }
        guard parts.count >= 3 else { return false }
        let noun = parts[parts.count - 3]
        let verb = parts[parts.count - 1]
        return (noun == "containers" && verb == "attach") || (noun == "exec" && verb == "start")
    }

    /// A look at every request, before its path is taken apart: most have another last word.
    private static func mayEndIn(_ uri: Substring.UTF8View, _ isPost: Bool) -> Bool {
        let slash = UInt8(ascii: "/")
        var path = uri.prefix { $0 != UInt8(ascii: "?") }
        while path.last == slash { path.removeLast() }
        let word = path.lastIndex(of: slash).map { path[path.index(after: $0)...] } ?? path[...]
        return isPost
            ? word.elementsEqual("attach".utf8) || word.elementsEqual("start".utf8) : word.elementsEqual("ws".utf8)
    }
}

/// A client does not come to the end of its request.
struct RequestTooSlow: Error {}

/// The first handler of a connection: keeps the bytes behind a request that may be hijacked away from the HTTP decoder.
///
/// A client may send its standard input right behind such a request, and the decoder would take it for the next one: it
/// reads on to the end of what it is given. So this handler looks at each request where it begins, holds its bytes until
/// the head is complete, and where the path may be hijacked gives the decoder exactly the request. What follows goes to
/// `receive` as it is. Messages that begin within another's last bytes are not looked at: who pipelines does not hijack.
final class HijackGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        /// The next byte begins a message; these are its first.
        case boundary(ByteBuffer)
        /// Within a message that cannot be hijacked.
        case passing
        /// So many bytes of a request that may be hijacked are still to come.
        case request(left: Int)
        case raw
    }

    private static let longestHead = 80 * 1024
    /// What a head may take from its first byte to its last.
    static let headLimit = TimeAmount.seconds(60)
    private var state = State.boundary(ByteBuffer())
    /// Set while a head is incomplete: most come in one piece and need none.
    private var deadline: Scheduled<Void>?
    /// Takes bytes that are not HTTP.
    var receive: ((ByteBuffer) -> Void)?

    /// The next byte begins a message.
    func messageEnded() {
        if case .passing = state { state = .boundary(ByteBuffer()) }
    }

    /// All bytes from here on are not HTTP.
    func becomeRaw() { state = .raw }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        switch state {
        case .passing: context.fireChannelRead(data)
        case .raw: receive?(bytes)
        case .request(let left): pass(&bytes, length: left, context)
        case .boundary(var held):
            held.writeBuffer(&bytes)
            begin(held, context)
            watchHead(context)
        }
    }

    private func watchHead(_ context: ChannelHandlerContext) {
        guard case .boundary(let held) = state, held.readableBytes > 0 else {
            deadline?.cancel()
            return deadline = nil
        }
        guard deadline == nil else { return }
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: HijackGate.headLimit) {
            context.value.fireErrorCaught(RequestTooSlow())
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        release(context)
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        release(context)
        context.fireChannelInactive()
    }

    private func begin(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let end = HijackGate.endOfHead(in: bytes) else {
            state = .boundary(bytes)
            if bytes.readableBytes > HijackGate.longestHead { release(context) }
            return
        }
        guard let length = HijackGate.lengthOfHijackable(bytes, endOfHead: end) else {
            state = .passing
            context.fireChannelRead(Self.wrapInboundOut(bytes))
            return
        }
        var bytes = bytes
        pass(&bytes, length: length, context)
    }

    /// Gives the decoder up to `length` bytes; what is behind them is raw once the decoder has seen the request's end.
    private func pass(_ bytes: inout ByteBuffer, length: Int, _ context: ChannelHandlerContext) {
        guard let part = bytes.readSlice(length: min(length, bytes.readableBytes)) else { return }
        state = .request(left: length - part.readableBytes)
        context.fireChannelRead(Self.wrapInboundOut(part))
        if case .raw = state, bytes.readableBytes > 0 { receive?(bytes) }
    }

    /// The decoder gets an incomplete head too, so that it can say what is wrong.
    private func release(_ context: ChannelHandlerContext) {
        guard case .boundary(let held) = state, held.readableBytes > 0 else { return }
        state = .passing
        context.fireChannelRead(Self.wrapInboundOut(held))
    }

    /// The number of bytes up to and with the empty line; nil where there is none yet.
    private static func endOfHead(in bytes: ByteBuffer) -> Int? {
        var newlines = 0
        for (offset, byte) in bytes.readableBytesView.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"): newlines += 1
            case UInt8(ascii: "\r"): break
            default: newlines = 0
            }
            if newlines == 2 { return offset + 1 }
        }
        return nil
    }

    /// The length of the whole request where it may be hijacked; nil for others, and where no length is given.
    private static func lengthOfHijackable(_ bytes: ByteBuffer, endOfHead: Int) -> Int? {
        let head = bytes.readableBytesView.prefix(endOfHead)
        let first = String(
            decoding: head.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        let words = first.split(separator: " ")
        guard words.count == 3, Hijack.isPossible(method: words[0], uri: words[1]) else { return nil }
        let lines = String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
        var length = endOfHead
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            switch halves[0].lowercased() {
            case "transfer-encoding": return nil
            case "content-length":
                // A larger body is refused in any case, so there is nothing to hijack.
                guard let body = Int(halves[1].filter { $0 != " " && $0 != "\t" }),
                    (0...Call.jsonLimit).contains(body)
                else { return nil }
                length = endOfHead + body
            default: break
            }
        }
        return length
    }
}

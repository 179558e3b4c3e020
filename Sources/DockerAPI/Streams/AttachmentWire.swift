import Engine
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// How the bytes of an attachment travel on a connection that is HTTP no longer.
protocol AttachmentWire: Sendable {
    /// Input that nobody wants must be read all the same: the protocol has signals among it.
    var hasSignals: Bool { get }

    /// The client's next input; nil when it sends no more.
    func read() async throws -> ByteBuffer?

    /// Waits while the client is behind.
    func write(_ chunk: OutputChunk) async throws

    /// The client can take no more output either, though its connection is there.
    var isClosed: Bool { get }

    /// Says that nothing more comes.
    func close() async
}

/// Docker's hijacked connection: bytes as they are, output of two streams multiplexed.
struct RawWire: AttachmentWire {
    let exchange: Exchange
    let isMultiplexed: Bool

    var hasSignals: Bool { false }
    var isClosed: Bool { false }

    func read() async throws -> ByteBuffer? { try await exchange.readRaw() }

    func write(_ chunk: OutputChunk) async throws {
        try await exchange.write(chunk.framed(multiplexed: isMultiplexed))
    }

    /// The end of the connection's output says it.
    func close() async {}
}

/// A web socket: a message for each piece of output, of whatever stream; never multiplexed, as in Docker.
final class WebSocketWire: AttachmentWire {
    private struct State {
        var decoder = WebSocketDecoder()
        /// The client has sent its close frame, or broken the protocol: what it is answered.
        var closing: (code: WebSocketErrorCode, reason: String)?
    }

    private let exchange: Exchange
    private let isText: Bool
    private let state = Mutex(State())

    /// - Parameter isText: as clients before API 1.28 expect it.
    init(exchange: Exchange, isText: Bool) { (self.exchange, self.isText) = (exchange, isText) }

    var hasSignals: Bool { true }
    var isClosed: Bool { state.withLock { $0.closing != nil } }

    func read() async throws -> ByteBuffer? {
        while true {
            switch next() {
            case .data(let bytes): return bytes
            case .ping(let payload): try await exchange.write(WebSocketFrame.pong(payload))
            case .pong: continue
            case .close: return nil
            case nil:
                guard let bytes = try await exchange.readRaw() else { return nil }
                state.withLock { $0.decoder.add(bytes) }
            }
        }
    }

    private func next() -> WebSocketElement? {
        state.withLock { state in
            if state.closing != nil { return .close(nil) }
            do throws(WebSocketFault) {
                let element = try state.decoder.next()
                if case .close(let code) = element {
                    state.closing = (code.map { WebSocketErrorCode(codeNumber: Int($0)) } ?? .normalClosure, "")
                }
                return element
            } catch {
                state.closing = (.protocolError, error.reason)
                return .close(nil)
            }
        }
    }

    func write(_ chunk: OutputChunk) async throws {
        try await exchange.write(WebSocketFrame.message(ByteBuffer(bytes: chunk.bytes), isText: isText))
    }

    func close() async {
        let isStopping = exchange.connection.isStopping
        let closing = state.withLock { $0.closing } ?? (isStopping ? (.goingAway, "quelld ends") : (.normalClosure, ""))
        do { try await exchange.write(WebSocketFrame.close(closing.code, closing.reason)) } catch {
            exchange.logger.debug("web socket not closed", metadata: ["error": "\(error)"])
        }
    }
}

/// The opening handshake, RFC 6455 section 4.2.
enum WebSocketHandshake {
    /// The headers that complete it. Throws 400 for a request that asks for no web socket, 426 for another version.
    static func headers(for exchange: Exchange) async throws -> HTTPHeaders {
        let (head, channel) = (exchange.head, exchange.connection.channel)
        let asked = head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
        let upgrades = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
        guard asked, upgrades, head.headers.contains(name: "sec-websocket-key") else {
            throw APIFailure.invalid("attach/ws: the request asks for no web socket (Upgrade: websocket is missing)")
        }
        guard head.headers["sec-websocket-version"] == ["13"] else {
            throw APIFailure(.upgradeRequired, "attach/ws: only version 13 of the web socket protocol is spoken")
        }
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        var answer = try await upgrader.buildUpgradeResponse(
            channel: channel, upgradeRequest: head, initialResponseHeaders: [:]
        ).get()
        // A client that offers one protocol expects to see it again; which it is does not matter to a byte stream.
        let protocols = head.headers[canonicalForm: "sec-websocket-protocol"]
        if let only = protocols.first, protocols.count == 1 {
            answer.replaceOrAdd(name: "Sec-WebSocket-Protocol", value: String(only))
        }
        return answer
    }
}

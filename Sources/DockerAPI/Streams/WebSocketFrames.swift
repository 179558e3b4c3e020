import NIOCore
import NIOWebSocket

// Frames of RFC 6455, without a connection. NIO's own decoder gives whole frames, whose length is the client's to choose;
// here data comes in the pieces in which it was received, so that a frame of any length takes no memory.

/// What a client's frames bring.
enum WebSocketElement: Equatable, Sendable {
    /// A piece of a message; where messages begin and end is of no interest to a byte stream.
    case data(ByteBuffer)
    case ping(ByteBuffer)
    case pong
    /// Nil: the client gave no code.
    case close(UInt16?)
}

/// A client that breaks the protocol.
struct WebSocketFault: Error, Equatable {
    let reason: String
}

/// Reads a client's frames.
struct WebSocketDecoder: Sendable {
    private struct Header {
        var opcode: UInt8
        var key: WebSocketMaskingKey
        var left: UInt64
        /// Bytes of the payload that were passed on.
        var passed = 0
    }

    private enum State {
        case header
        case data(Header)
        case control(Header)
        /// Nothing that follows a close is looked at.
        case closed
    }

    private static let longestControl = 125
    private var held = ByteBuffer()
    private var state = State.header
    private var isWithinMessage = false

    /// Takes what was received. Ask `next` until it gives nil.
    mutating func add(_ bytes: ByteBuffer) {
        guard held.readableBytes > 0 else { return held = bytes }
        held.writeImmutableBuffer(bytes)
    }

    mutating func next() throws(WebSocketFault) -> WebSocketElement? {
        while true {
            switch state {
            case .header:
                guard let header = try readHeader() else { return nil }
                state = header.opcode < 8 ? .data(header) : .control(header)
            case .data(var header):
                guard header.left > 0 else {
                    state = .header
                    continue
                }
                guard let piece = readPiece(&header) else { return nil }
                state = header.left == 0 ? .header : .data(header)
                return .data(piece)
            case .control(var header):
                guard held.readableBytes >= Int(header.left) else { return nil }
                let opcode = header.opcode
                let payload = readPiece(&header) ?? ByteBuffer()
                state = opcode == 8 ? .closed : .header
                return try WebSocketDecoder.control(opcode, payload)
            case .closed: return nil
            }
        }
    }

    private mutating func readPiece(_ header: inout Header) -> ByteBuffer? {
        let length = Int(min(header.left, UInt64(held.readableBytes)))
        guard length > 0, var piece = held.readSlice(length: length) else { return nil }
        piece.webSocketUnmask(header.key, indexOffset: header.passed % 4)
        header.passed = (header.passed + length) % 4
        header.left -= UInt64(length)
        return piece
    }

    private static func control(_ opcode: UInt8, _ payload: ByteBuffer) throws(WebSocketFault) -> WebSocketElement {
        switch opcode {
        case 9: return .ping(payload)
        case 10: return .pong
        case 8:
            guard payload.readableBytes != 1 else { throw WebSocketFault(reason: "half a close code") }
            return .close(payload.getInteger(at: payload.readerIndex))
        default: throw WebSocketFault(reason: "unknown opcode \(opcode)")
        }
    }

    /// Nil while it is not whole.
    private mutating func readHeader() throws(WebSocketFault) -> Header? {
        var bytes = held
        guard let first: UInt8 = bytes.readInteger(), let second: UInt8 = bytes.readInteger() else { return nil }
        guard second & 0x80 != 0 else { throw WebSocketFault(reason: "a client's frame must be masked") }
        guard let length = WebSocketDecoder.readLength(second & 0x7f, &bytes) else { return nil }
        guard let mask = bytes.readBytes(length: 4), let key = WebSocketMaskingKey(mask) else { return nil }
        try check(first, length)
        held = bytes
        return Header(opcode: first & 0x0f, key: key, left: length)
    }

    private static func readLength(_ short: UInt8, _ bytes: inout ByteBuffer) -> UInt64? {
        switch short {
        case 126: bytes.readInteger(as: UInt16.self).map(UInt64.init)
        case 127: bytes.readInteger(as: UInt64.self)
        default: UInt64(short)
        }
    }

    /// Section 5.2, and where in a message the frame comes (5.4).
    private mutating func check(_ first: UInt8, _ length: UInt64) throws(WebSocketFault) {
        let (isLast, opcode) = (first & 0x80 != 0, first & 0x0f)
        guard first & 0x70 == 0 else { throw WebSocketFault(reason: "reserved bits are set") }
        guard length < 1 << 63 else { throw WebSocketFault(reason: "a length of more than 63 bits") }
        switch opcode {
        case 0:
            guard isWithinMessage else { throw WebSocketFault(reason: "a continuation of no message") }
            isWithinMessage = !isLast
        case 1, 2:
            guard !isWithinMessage else { throw WebSocketFault(reason: "a message within another") }
            isWithinMessage = !isLast
        case 8, 9, 10:
            guard isLast, length <= UInt64(WebSocketDecoder.longestControl) else {
                throw WebSocketFault(reason: "a control frame in pieces, or too long")
            }
        default: throw WebSocketFault(reason: "unknown opcode \(opcode)")
        }
    }
}

/// Frames as a server sends them: whole messages, not masked.
enum WebSocketFrame {
    static func message(_ payload: ByteBuffer, isText: Bool) -> ByteBuffer { frame(isText ? 1 : 2, payload) }

    static func pong(_ payload: ByteBuffer) -> ByteBuffer { frame(10, payload) }

    static func close(_ code: WebSocketErrorCode, _ reason: String = "") -> ByteBuffer {
        var payload = ByteBuffer()
        payload.write(webSocketErrorCode: code)
        // A control frame holds 125 bytes.
        payload.writeString(String(reason.prefix(100)))
        return frame(8, payload)
    }

    private static func frame(_ opcode: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer()
        let length = payload.readableBytes
        frame.reserveCapacity(length + 10)
        frame.writeInteger(0x80 | opcode)
        switch length {
        case ...125: frame.writeInteger(UInt8(length))
        case ...0xffff:
            frame.writeInteger(126 as UInt8)
            frame.writeInteger(UInt16(length))
        default:
            frame.writeInteger(127 as UInt8)
            frame.writeInteger(UInt64(length))
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }
}

internal import Lifecycle
internal import Linux

/// One client of the shim.
final class Connection {
    let id: Int
    let socket: OwnedDescriptor
    private var frames = FrameReader()
    private(set) var outgoing = ByteQueue()
    /// Said hello: receives every event.
    var isSubscriber = false
    var attachment: AttachRequest?
    /// Nothing more will be sent; goes away once `outgoing` is empty.
    var isEnding = false
    /// The peer is gone, or broke the protocol.
    private(set) var isClosed = false

    /// A client that reads nothing holds the output of its container back above this, and is given up above the second.
    static let highWater = 1 << 20
    static let limit = 16 << 20

    init(id: Int, socket: consuming OwnedDescriptor) {
        self.id = id
        self.socket = socket
    }

    var isBehind: Bool { outgoing.count > Connection.highWater }
    var isDone: Bool { isClosed || (isEnding && outgoing.isEmpty) }

    func send(_ message: ShimMessage) {
        guard !isClosed && !isEnding else { return }
        outgoing.append(message.frame)
        if outgoing.count > Connection.limit { isClosed = true }
        flush()
    }

    /// Writes what the socket takes now.
    func flush() {
        while !outgoing.isEmpty && !isClosed {
            do throws(SystemError) {
                switch try socket.write(outgoing.bytes, from: outgoing.start) {
                case .written(let count): outgoing.drop(count)
                case .wouldBlock: return
                }
            } catch {
                isClosed = true
            }
        }
    }

    /// Reads once, and returns the requests that are whole. At the end of the stream, or at bytes that are no request, the
    /// connection is closed.
    func receive(into buffer: inout [UInt8]) -> [ShimRequest] {
        var requests: [ShimRequest] = []
        do {
            switch try socket.read(into: &buffer) {
            case .bytes(let count): frames.append(buffer[..<count])
            case .endOfFile: isClosed = true
            case .wouldBlock: break
            }
            while let frame = try frames.next() { requests.append(try ShimRequest(wireBytes: frame)) }
        } catch {
            isClosed = true
        }
        return requests
    }
}

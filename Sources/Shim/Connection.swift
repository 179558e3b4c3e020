internal import Lifecycle
internal import Linux

/// One client of the shim.
final class Connection {
    let id: Int
    let socket: OwnedDescriptor
    private var frames = FrameReader()
    private(set) var outgoing = ByteQueue()
    /// What follows a reply that is still to come.
    private var held: ByteQueue?
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

    private var backlog: Int { outgoing.count + (held?.count ?? 0) }
    var isBehind: Bool { backlog > Connection.highWater }
    var isDone: Bool { isClosed || (isEnding && outgoing.isEmpty && held == nil) }

    func send(_ message: ShimMessage) {
        guard !isClosed && !isEnding else { return }
        if held != nil {
            held?.append(message.frame)
        } else {
            outgoing.append(message.frame)
        }
        if backlog > Connection.limit { isClosed = true }
        flush()
    }

    /// What is sent from now on waits for `release`.
    func hold() { held = ByteQueue() }

    /// Sends the reply, and after it what waits; without `rest` that is dropped.
    func release(_ reply: ShimMessage, withRest: Bool = true) {
        guard let rest = held.take() else { return }
        outgoing.append(reply.frame)
        if withRest { outgoing.append(rest.bytes[rest.start...]) }
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

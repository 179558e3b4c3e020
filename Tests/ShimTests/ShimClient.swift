import Lifecycle
import Linux

/// A blocking client of a shim; every wait has a deadline.
final class ShimClient {
    private var socket: OwnedDescriptor?
    private var frames = FrameReader()
    private var nextID: UInt32 = 1
    /// Events that came while a reply was awaited.
    private var events: [ShimEvent] = []

    init(_ path: String) throws { socket = try UnixSocket.connect(to: path) }

    func close() { socket = nil }

    func send(_ call: ShimCall) throws -> UInt32 {
        defer { nextID += 1 }
        try socket?.writeAll(ShimRequest(id: nextID, call: call).frame)
        return nextID
    }

    /// Sends, and waits for the reply.
    func call(_ call: ShimCall) throws -> ShimReply { try reply(to: send(call)) }

    func reply(to id: UInt32) throws -> ShimReply {
        while true {
            switch try message() {
            case .reply(id, let reply): return reply
            case .reply: throw HarnessError("a reply to another request")
            case .event(let event): events.append(event)
            }
        }
    }

    func event() throws -> ShimEvent {
        if !events.isEmpty { return events.removeFirst() }
        while true {
            if case .event(let event) = try message() { return event }
        }
    }

    /// The first event the body makes something of; the others are passed over.
    func first<Value>(_ body: (ShimEvent) -> Value?) throws -> Value {
        while true {
            if let value = body(try event()) { return value }
        }
    }

    /// The next verdict of a stop: `ended` or `stuck`.
    func verdict() throws -> StopUpdate {
        try first { event in
            switch event {
            case .stop(_, .ended(let report)): .ended(report)
            case .stop(_, .stuck(let finding)): .stuck(finding)
            default: nil
            }
        }
    }

    func exited() throws -> ExitRecord {
        try first { if case .exited(let record) = $0 { record } else { nil } }
    }

    func attach(_ target: StreamTarget = .main, input: Bool = false) throws {
        guard case .done = try call(.attach(AttachRequest(target: target, input: input, output: true, error: true)))
        else {
            throw HarnessError("not attached")
        }
    }

    /// All output of an attached connection to its end.
    func output() throws -> String {
        var bytes: [UInt8] = []
        while true {
            switch try event() {
            case .output(_, let more): bytes += more
            case .outputEnd: return String(decoding: bytes, as: UTF8.self)
            default: continue
            }
        }
    }

    /// Output until it holds the text.
    func output(until text: String) throws {
        var all = ""
        while !all.containsText(text) {
            if case .output(_, let more) = try event() { all += String(decoding: more, as: UTF8.self) }
        }
    }

    private func message() throws -> ShimMessage {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let frame = try frames.next() { return try ShimMessage(wireBytes: frame) }
            guard let raw = socket?.raw else { throw HarnessError("closed") }
            var set = PollSet()
            set.add(raw, .readable)
            guard try set.wait(until: .soon) > 0 else { throw HarnessError("the shim does not answer") }
            switch try socket?.read(into: &buffer) {
            case .bytes(let count): frames.append(buffer[..<count])
            case .endOfFile, nil: throw HarnessError("the shim hung up")
            case .wouldBlock: continue
            }
        }
    }
}

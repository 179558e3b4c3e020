import Lifecycle
import Linux
import Logging
import Synchronization

/// A connection to one shim. Non-blocking: the reactor's thread reads and writes, callers wait as tasks, each with a
/// deadline.
final class ShimConnection: Sendable {
    private struct State: ~Copyable {
        var socket: OwnedDescriptor?
        var token: Reactor.Token?
        var frames = FrameReader()
        var outgoing: [UInt8] = []
        var sent = 0
        var pending: [UInt32: Promise<Result<ShimReply, EngineError>>] = [:]
        var drained: [Promise<Void>] = []
        var nextID: UInt32 = 1
        var reads = true
    }

    private let state: Mutex<State>
    /// The shim; nil when the kernel did not say.
    private let peer: Int32?
    private let reactor: Reactor
    private let onEvent: @Sendable (ShimEvent) -> Void
    private let onClose: @Sendable (String?) -> Void

    /// Bytes that may wait to be sent before `send` makes its caller wait.
    private static let highWater = 256 << 10
    /// Given to a shim that does as told at once.
    static let callDeadline = Duration.seconds(10)

    /// - Parameters:
    ///   - onEvent: called on the reactor's thread, in the order of arrival.
    ///   - onClose: called once, with the reason; nil when it was `close()`.
    init(
        to path: String, reactor: Reactor, onEvent: @escaping @Sendable (ShimEvent) -> Void,
        onClose: @escaping @Sendable (String?) -> Void
    ) throws(SystemError) {
        let socket = try UnixSocket.connectNonBlocking(to: path)
        let raw = socket.raw
        (self.reactor, self.onEvent, self.onClose) = (reactor, onEvent, onClose)
        peer = try UnixSocket.peer(of: socket).pid
        state = Mutex(State(socket: socket))
        // Under the lock, so that a handler that runs at once finds the token.
        state.withLock { $0.token = reactor.register(raw, .readable) { [weak self] found in self?.ready(found) } }
    }

    deinit { close() }

    /// The shim was killed, though its sockets are open yet: a thread of it hangs in the kernel. It will answer nothing.
    func isToADeadShim() -> Bool { peer.map(ShimProcess.state) == .dead }

    // MARK: calls

    /// The reply, by the deadline; `.timedOut` after it, `.system` when the connection ends first.
    func call(_ call: ShimCall, within limit: Duration = callDeadline) async throws(EngineError) -> ShimReply {
        let promise = Promise<Result<ShimReply, EngineError>>()
        let id: UInt32? = state.withLock { state in
            guard state.socket != nil else { return nil }
            let id = state.nextID
            state.nextID &+= 1
            state.pending[id] = promise
            state.outgoing += ShimRequest(id: id, call: call).frame
            return id
        }
        guard let id else { throw .system("the shim's connection is closed") }
        pump()
        let timer = reactor.after(limit) { [weak self] in
            self?.state.withLock { $0.pending[id] = nil }
            promise.resolve(.failure(.timedOut("the shim did not answer within \(limit.shortText)")))
        }
        let watch = peer.map { peer in
            ShimWatch(peer, reactor) { [weak self] fault in
                self?.state.withLock { $0.pending[id] = nil }
                promise.resolve(.failure(fault))
            }
        }
        let result = await Job.wait(on: call.hop) { await promise.value() }
        reactor.cancel(timer)
        watch?.end()
        return try result.get()
    }

    /// Sends without a reply to wait for; waits while much is still unsent.
    func send(_ call: ShimCall) async throws(EngineError) {
        let drained: Promise<Void>? = try state.withLock { (state) throws(EngineError) in
            guard state.socket != nil else { throw .system("the shim's connection is closed") }
            state.outgoing += ShimRequest(id: 0, call: call).frame
            guard state.outgoing.count - state.sent > ShimConnection.highWater else { return nil }
            let promise = Promise<Void>()
            state.drained.append(promise)
            return promise
        }
        pump()
        await drained?.value()
    }

    /// Stops or resumes taking bytes from the shim, which in turn holds back the sender.
    func setReading(_ on: Bool) {
        state.withLock { state in
            state.reads = on
            updateInterest(state)
        }
    }

    func close() { end("closed", tell: false) }

    // MARK: on the reactor's thread

    /// Under the lock, so that the last change is the one that counts.
    private func updateInterest(_ state: borrowing State) {
        guard let token = state.token else { return }
        var events: PollEvents = state.reads ? .readable : []
        if state.sent < state.outgoing.count { events.insert(.writable) }
        reactor.update(token, events)
    }

    private func ready(_ found: PollEvents) {
        if found.contains(.writable) { pump() }
        if found.isDisjoint(with: [.readable, .hangUp, .error]) { return }
        do throws(SystemError) {
            guard let messages = try receive() else { return }
            for message in messages { deliver(message) }
        } catch { end(error.description, tell: true) }
    }

    /// Everything that is there; nil when the connection has ended.
    private func receive() throws(SystemError) -> [ShimMessage]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var fault: String?
        let messages = try state.withLock { state throws(SystemError) -> [ShimMessage] in
            var messages: [ShimMessage] = []
            guard let raw = state.socket?.raw else { return [] }
            switch try Descriptor.read(raw, into: &buffer) {
            case .bytes(let count): state.frames.append(buffer[..<count])
            case .endOfFile: fault = "the shim has closed the connection"
            case .wouldBlock: break
            }
            do throws(WireError) {
                while let frame = try state.frames.next() {
                    if let message = try ShimMessage.known(in: frame) { messages.append(message) }
                }
            } catch { fault = "the shim sent what cannot be read: \(error)" }
            return messages
        }
        guard let fault else { return messages }
        for message in messages { deliver(message) }
        end(fault, tell: true)
        return nil
    }

    private func deliver(_ message: ShimMessage) {
        switch message {
        case .event(let event): onEvent(event)
        case .reply(let id, let reply):
            state.withLock { $0.pending.removeValue(forKey: id) }?.resolve(.success(reply))
        }
    }

    /// Writes what can be written now and asks to be called for the rest.
    private func pump() {
        var failure: SystemError?
        let drained = state.withLock { state -> [Promise<Void>] in
            do throws(SystemError) { try ShimConnection.write(&state) } catch { failure = error }
            var drained: [Promise<Void>] = []
            if state.outgoing.count - state.sent <= ShimConnection.highWater { swap(&drained, &state.drained) }
            updateInterest(state)
            return drained
        }
        for promise in drained { promise.resolve(()) }
        if let failure { end(failure.description, tell: true) }
    }

    private static func write(_ state: inout State) throws(SystemError) {
        while state.sent < state.outgoing.count {
            let (bytes, start) = (state.outgoing, state.sent)
            let result = try state.socket.borrow { (socket) throws(SystemError) in
                try UnixSocket.send(bytes, from: start, to: socket)
            }
            guard case .written(let count) = result else { return }
            state.sent += count
        }
        state.outgoing.removeAll(keepingCapacity: state.outgoing.capacity < 65536)
        state.sent = 0
    }

    private func end(_ why: String, tell: Bool) {
        let ended = state.withLock { state -> ([Promise<Result<ShimReply, EngineError>>], [Promise<Void>])? in
            guard state.socket != nil else { return nil }
            if let token = state.token { reactor.unregister(token) }
            state.socket = nil
            let result = (Array(state.pending.values), state.drained)
            (state.pending, state.drained, state.outgoing, state.sent) = ([:], [], [], 0)
            return result
        }
        guard let (pending, drained) = ended else { return }
        for promise in pending { promise.resolve(.failure(.system(why))) }
        for promise in drained { promise.resolve(()) }
        onClose(tell ? why : nil)
    }
}

extension ShimCall {
    /// Whom the answer depends on.
    fileprivate var hop: Hop {
        switch self {
        case .start, .exec: .runtime
        case .hello, .stop, .signal, .pause, .resume, .attach, .attachMarked, .resize, .input, .inputClosed: .shim
        }
    }
}

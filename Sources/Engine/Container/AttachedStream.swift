import Lifecycle
import Linux
import Synchronization

/// A client's streams of a process: made before or after the process, connected to the shim when there is one.
final class AttachedStream: Sendable {
    private struct State {
        var ended = false
        /// By the client.
        var detached = false
        var error: EngineError?
        var connection: ShimConnection?
    }

    let request: AttachRequest
    private let state = Mutex(State())
    private let output = OutputQueue()
    /// True once there is a connection, false when there will be none.
    private let connected = Promise<Bool>()
    private static let inputPiece = 32 << 10

    init(_ request: AttachRequest) { self.request = request }

    /// The client has left, or the process has ended.
    var hasEnded: Bool { state.withLock { $0.ended } }

    /// Output from the first byte comes when this returns before the process is started. A client who leaves meanwhile is no
    /// error: there is nobody to tell.
    func connect(to socket: String, _ reactor: Reactor) async throws(EngineError) {
        if hasEnded { return }
        let connection = try await open(socket, reactor)
        let isWanted = state.withLock { state in
            if !state.ended { state.connection = connection }
            return !state.ended
        }
        guard isWanted else { return connection.close() }
        output.hold { connection.setReading($0) }
        do throws(EngineError) {
            guard case .done = try await connection.call(.attach(request)) else {
                throw .system("the shim refused to attach")
            }
        } catch {
            // What the shim closes ends the stream as well; that is a fault.
            if state.withLock({ $0.detached }) { return }
            throw error
        }
        connected.resolve(true)
    }

    /// Many may come at once, and a shim takes them one after another: while its queue is full they wait. unix(7) has no
    /// event for room in it.
    private func open(_ socket: String, _ reactor: Reactor) async throws(EngineError) -> ShimConnection {
        let deadline = MonotonicClock.now() + ShimConnection.callDeadline
        while true {
            do throws(SystemError) {
                return try ShimConnection(
                    to: socket, reactor: reactor, onEvent: { [weak self] in self?.heard($0) },
                    onClose: { [weak self] _ in self?.end() })
            } catch {
                guard error.errno == AttachedStream.queueIsFull, MonotonicClock.now() < deadline else {
                    throw EngineError("attach", error)
                }
            }
            _ = await Job.wait(on: .shim) { await reactor.pause(.milliseconds(5)) }
        }
    }

    /// EAGAIN.
    private static let queueIsFull: Int32 = 11

    func fail(_ error: EngineError) {
        state.withLock { $0.error = error }
        end()
    }

    /// Lets go; the process goes on.
    func detach() {
        state.withLock { $0.detached = true }
        end()
    }

    private func heard(_ event: ShimEvent) {
        switch event {
        case .output(let stream, let bytes): output.put(OutputChunk(stream: stream, bytes: bytes))
        case .outputEnd: end()
        case .started, .exited, .execStarted, .execExited, .stop, .paused, .resumed, .oomKilled, .killed: break
        }
    }

    private func end() {
        let connection = state.withLock { state in
            state.ended = true
            return state.connection.take()
        }
        connected.resolve(false)
        output.end()
        connection?.close()
    }

    // MARK: the client's side

    func next() async throws(EngineError) -> OutputChunk? {
        if let chunk = await output.next() { return chunk }
        if let error = state.withLock({ $0.error }) { throw error }
        return nil
    }

    func write(_ bytes: [UInt8]) async throws(EngineError) {
        guard await connected.value(), let connection = state.withLock({ $0.connection }) else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            try await connection.send(.input(Array(rest.prefix(AttachedStream.inputPiece))))
            rest = rest.dropFirst(AttachedStream.inputPiece)
        }
    }

    func closeInput() async throws(EngineError) {
        guard await connected.value(), let connection = state.withLock({ $0.connection }) else { return }
        // Whether the process's own input ends with this client's is the shim's to know (StdinOnce). A stream that has
        // ended meanwhile has no input to close.
        do throws(EngineError) { try await connection.send(.inputClosed) } catch {
            if state.withLock({ !$0.ended }) { throw error }
        }
    }

    func attachment(isTerminal: Bool) -> Attachment {
        Attachment(
            isTerminal: isTerminal,
            output: OutputReader { () throws(EngineError) in
                try await self.next()
            } cancel: {
                self.detach()
            },
            send: { (bytes) throws(EngineError) in try await self.write(bytes) },
            endInput: { () throws(EngineError) in try await self.closeInput() })
    }
}

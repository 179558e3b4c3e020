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
        var join: Join?
    }

    /// Where this stream's output begins in the container's log.
    enum Join: Sendable {
        /// After all that the log has.
        case end
        case at(LogPosition)
    }

    let request: AttachRequest
    let joinsLog: Bool
    private let state = Mutex(State())
    private let output = OutputQueue()
    /// True once there is a connection, false when there will be none.
    private let connected = Promise<Bool>()
    private static let inputPiece = 32 << 10

    /// - Parameter joinsLog: the client is shown the log first; `join` is known once this is connected.
    init(_ request: AttachRequest, joinsLog: Bool = false) { (self.request, self.joinsLog) = (request, joinsLog) }

    /// Nil: not connected yet, so that no output of this stream has been printed.
    var join: Join? { state.withLock { $0.join } }

    /// The client has left, or the process has ended.
    var hasEnded: Bool { state.withLock { $0.ended } }

    /// Output from the first byte comes when this returns before the process is started. A client who leaves meanwhile is no
    /// error: there is nobody to tell.
    ///
    /// - Parameter mayHaveEnded: the process runs as far as the engine has heard. A shim that is gone by now has seen its end:
    ///   then there is no output to come, and that is no fault.
    func connect(to socket: String, _ reactor: Reactor, mayHaveEnded: Bool = false) async throws(EngineError) {
        if hasEnded { return }
        guard let connection = try await open(socket, reactor, mayHaveEnded) else {
            state.withLock { $0.join = .end }
            return end()
        }
        let isWanted = state.withLock { state in
            if !state.ended { state.connection = connection }
            return !state.ended
        }
        guard isWanted else { return connection.close() }
        output.hold { connection.setReading($0) }
        do throws(EngineError) {
            switch try await connection.call(joinsLog ? .attachMarked(request) : .attach(request)) {
            case .done: break
            case .marked(let position): state.withLock { $0.join = position.map { .at($0) } ?? .end }
            case .failed(_, let why): throw .system("the shim refused to attach: \(why)")
            case .snapshot, .started, .accepted: throw .system("the shim answered attach wrongly")
            }
        } catch {
            // What the shim closes ends the stream as well; that is a fault.
            if state.withLock({ $0.detached }) { return }
            if mayHaveEnded, hasEnded { return state.withLock { $0.join = .end } }
            throw error
        }
        connected.resolve(true)
    }

    /// Many may come at once, and a shim takes them one after another: while its queue is full they wait. unix(7) has no
    /// event for room in it.
    private func open(
        _ socket: String, _ reactor: Reactor, _ mayHaveEnded: Bool
    ) async throws(EngineError) -> ShimConnection? {
        let deadline = MonotonicClock.now() + ShimConnection.callDeadline
        while true {
            do throws(SystemError) {
                return try ShimConnection(
                    to: socket, reactor: reactor, onEvent: { [weak self] in self?.heard($0) },
                    onClose: { [weak self] _ in self?.end() })
            } catch {
                if mayHaveEnded, error.errno == AttachedStream.nobodyListens { return nil }
                guard error.errno == AttachedStream.queueIsFull, MonotonicClock.now() < deadline else {
                    throw EngineError("attach", error)
                }
            }
            _ = await Job.wait(on: .shim) { await reactor.pause(.milliseconds(5)) }
        }
    }

    /// EAGAIN.
    private static let queueIsFull: Int32 = 11
    /// ECONNREFUSED.
    private static let nobodyListens: Int32 = 111

    func fail(_ error: EngineError) {
        state.withLock { $0.error = error }
        end()
    }

    /// The container has ended: what its shim still has for a client that reads slowly is taken from it, so that it can end.
    /// That is a megabyte and what was in the pipes, at most.
    func takeRest() { output.letFlow() }

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

import Lifecycle
import Linux
import Synchronization

/// A client's streams of a process: made before or after the process, connected to the shim when there is one.
final class AttachedStream: Sendable {
    private struct State {
        var chunks: [OutputChunk] = []
        var bytes = 0
        var waiter: Promise<Void>?
        var ended = false
        var error: EngineError?
        var connection: ShimConnection?
    }

    let request: AttachRequest
    private let state = Mutex(State())
    /// True once there is a connection, false when there will be none.
    private let connected = Promise<Bool>()
    private static let highWater = 256 << 10
    private static let inputPiece = 32 << 10

    init(_ request: AttachRequest) { self.request = request }

    /// Output from the first byte comes when this returns before the process is started.
    func connect(to socket: String, _ reactor: Reactor) async throws(EngineError) {
        let connection = try attempt("attach") { () throws(SystemError) in
            try ShimConnection(
                to: socket, reactor: reactor, onEvent: { [weak self] in self?.heard($0) },
                onClose: { [weak self] _ in self?.end() })
        }
        let unwanted = state.withLock { state in
            if !state.ended { state.connection = connection }
            return state.ended
        }
        if unwanted { return connection.close() }
        guard case .done = try await connection.call(.attach(request)) else {
            throw .system("the shim refused to attach")
        }
        connected.resolve(true)
    }

    func fail(_ error: EngineError) {
        state.withLock { $0.error = error }
        end()
    }

    /// Lets go; the process goes on.
    func detach() { end() }

    private func heard(_ event: ShimEvent) {
        switch event {
        case .output(let stream, let bytes): put(OutputChunk(stream: stream, bytes: bytes))
        case .outputEnd: end()
        case .started, .exited, .execStarted, .execExited, .stop, .paused, .resumed, .oomKilled: break
        }
    }

    private func put(_ chunk: OutputChunk) {
        let (waiter, full) = state.withLock { state -> (Promise<Void>?, ShimConnection?) in
            guard !state.ended else { return (nil, nil) }
            state.chunks.append(chunk)
            state.bytes += chunk.bytes.count
            return (state.waiter.take(), state.bytes > AttachedStream.highWater ? state.connection : nil)
        }
        waiter?.resolve(())
        full?.setReading(false)
    }

    private func end() {
        let (waiter, connection) = state.withLock { state -> (Promise<Void>?, ShimConnection?) in
            state.ended = true
            return (state.waiter.take(), state.connection.take())
        }
        connected.resolve(false)
        waiter?.resolve(())
        connection?.close()
    }

    // MARK: the client's side

    func next() async throws(EngineError) -> OutputChunk? {
        while true {
            let (chunk, waiter, room) = state.withLock { state -> (OutputChunk?, Promise<Void>?, ShimConnection?) in
                if !state.chunks.isEmpty {
                    let chunk = state.chunks.removeFirst()
                    let wasFull = state.bytes > AttachedStream.highWater
                    state.bytes -= chunk.bytes.count
                    let isRoom = wasFull && state.bytes <= AttachedStream.highWater
                    return (chunk, nil, isRoom ? state.connection : nil)
                }
                if state.ended { return (nil, nil, nil) }
                let waiter = state.waiter ?? Promise<Void>()
                state.waiter = waiter
                return (nil, waiter, nil)
            }
            room?.setReading(true)
            if let chunk { return chunk }
            guard let waiter else {
                if let error = state.withLock({ $0.error }) { throw error }
                return nil
            }
            await waiter.value()
        }
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

import Lifecycle
import Synchronization

/// Output on its way from a shim to a client who pulls it. Where much is waiting, its source is held back.
final class OutputQueue: Sendable {
    private struct State {
        var chunks: [OutputChunk] = []
        var bytes = 0
        var waiter: Promise<Void>?
        var ended = false
        var isHeldBack = false
        var flows = false
        var setReading: (@Sendable (Bool) -> Void)?
    }

    private let state = Mutex(State())
    static let highWater = 256 << 10

    /// Tells the source to stop and to go on.
    ///
    /// Called under the lock, so that the last word said is the one that is true: told outside it, a `true` could overtake
    /// the `false` before it, and the stream would stand still for ever.
    func hold(with setReading: @escaping @Sendable (Bool) -> Void) {
        state.withLock { if !$0.ended, !$0.flows { $0.setReading = setReading } }
    }

    /// Holds nothing back any more.
    func letFlow() {
        state.withLock { state in
            if state.isHeldBack { state.setReading?(true) }
            (state.flows, state.isHeldBack, state.setReading) = (true, false, nil)
        }
    }

    func put(_ chunk: OutputChunk) {
        let waiter = state.withLock { state -> Promise<Void>? in
            guard !state.ended else { return nil }
            state.chunks.append(chunk)
            state.bytes += chunk.bytes.count
            OutputQueue.holdBack(&state)
            return state.waiter.take()
        }
        waiter?.resolve(())
    }

    /// What is in it can still be taken.
    func end() {
        let waiter = state.withLock { state in
            (state.ended, state.setReading) = (true, nil)
            return state.waiter.take()
        }
        waiter?.resolve(())
    }

    private static func holdBack(_ state: inout State) {
        let isFull = state.bytes > highWater
        guard isFull != state.isHeldBack, let setReading = state.setReading else { return }
        state.isHeldBack = isFull
        setReading(!isFull)
    }

    private enum Step: Sendable { case chunk(OutputChunk), end, wait(Promise<Void>) }

    /// Nil at the end.
    func next() async -> OutputChunk? {
        while true {
            let step = state.withLock { state -> Step in
                if !state.chunks.isEmpty {
                    let chunk = state.chunks.removeFirst()
                    state.bytes -= chunk.bytes.count
                    OutputQueue.holdBack(&state)
                    return .chunk(chunk)
                }
                if state.ended { return .end }
                let waiter = state.waiter ?? Promise<Void>()
                state.waiter = waiter
                return .wait(waiter)
            }
            switch step {
            case .chunk(let chunk): return chunk
            case .end: return nil
            case .wait(let waiter): await waiter.value()
            }
        }
    }
}

import Lifecycle
import Linux
import Synchronization

/// Signals sent to this process, read by the main thread and handed to whoever asked for them. One that nobody asked for
/// has its usual effect, after the terminal was restored.
final class SignalHub: Sendable {
    static let shared = SignalHub()
    /// Blocked in every thread from the start, so that only the main thread takes them.
    static let caught: [Signal] = [.hup, .int, .quit, .usr1, .usr2, .term, .winch, .alrm]

    private struct Subscriber: Sendable {
        let signals: Set<Signal>
        let continuation: AsyncStream<Signal>.Continuation
    }
    private let subscribers = Mutex<(next: Int, all: [Int: Subscriber])>((0, [:]))

    /// The signals of this kind that arrive from now on. Ends its claim on them when the stream is dropped.
    func subscribe(_ signals: Set<Signal>) -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(16))
        let number = subscribers.withLock { state in
            state.next += 1
            state.all[state.next] = Subscriber(signals: signals, continuation: continuation)
            return state.next
        }
        continuation.onTermination = { _ in self.subscribers.withLock { _ = $0.all.removeValue(forKey: number) } }
        return stream
    }

    /// False when nobody asked for it.
    func deliver(_ signal: Signal) -> Bool {
        let interested = subscribers.withLock { $0.all.values.filter { $0.signals.contains(signal) } }
        for subscriber in interested { subscriber.continuation.yield(signal) }
        return !interested.isEmpty
    }

    /// Takes signals for ever; returns only by throwing. Only for the main thread.
    func serve(_ descriptor: borrowing SignalDescriptor) throws(SystemError) {
        var set = PollSet()
        set.add(descriptor.descriptor.raw, .readable)
        while true {
            _ = try set.wait(until: nil)
            while let received = try descriptor.next() {
                if !deliver(received.signal) { try takeUsualEffect(received.signal) }
            }
        }
    }

    private func takeUsualEffect(_ signal: Signal) throws(SystemError) {
        guard signal.defaultAction == .terminate else { return }
        RawMode.leave()
        try SignalMask.restore(0)
        try BareProcess.send(signal, to: ProcessSelf.pid)
    }
}

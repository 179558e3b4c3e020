import Synchronization

/// A value that comes once and is then there for everybody who asks.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Value, Never>])
        case resolved(Value)
    }
    private let state = Mutex(State.waiting([]))

    /// The first value counts; true when it was this one.
    @discardableResult
    func resolve(_ value: Value) -> Bool {
        let waiters: [CheckedContinuation<Value, Never>]? = state.withLock {
            guard case .waiting(let waiters) = $0 else { return nil }
            $0 = .resolved(value)
            return waiters
        }
        for waiter in waiters ?? [] { waiter.resume(returning: value) }
        return waiters != nil
    }

    var current: Value? {
        state.withLock {
            if case .resolved(let value) = $0 { value } else { nil }
        }
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let value: Value? = state.withLock {
                switch $0 {
                case .resolved(let value): return value
                case .waiting(let waiters):
                    $0 = .waiting(waiters + [continuation])
                    return nil
                }
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}

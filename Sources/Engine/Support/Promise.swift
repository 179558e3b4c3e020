import Synchronization

/// A value that comes once and is then there for everybody who asks.
final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [UInt64: CheckedContinuation<Value, Never>] = [:]
        var next: UInt64 = 0
        /// Cancelled before they began to wait.
        var cancelled: Set<UInt64> = []

        mutating func number() -> UInt64 {
            next += 1
            return next
        }
    }
    private let state = Mutex(State())

    /// The first value counts; true when it was this one.
    @discardableResult
    func resolve(_ value: Value) -> Bool {
        let waiters: [CheckedContinuation<Value, Never>]? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters ?? [] { waiter.resume(returning: value) }
        return waiters != nil
    }

    var current: Value? { state.withLock { $0.value } }

    func value() async -> Value { await wait(state.withLock { $0.number() }, nil) }

    /// As `value`; when the waiting task is cancelled, the fallback.
    func value(orWhenCancelled fallback: Value) async -> Value {
        let number = state.withLock { $0.number() }
        return await withTaskCancellationHandler {
            await wait(number, fallback)
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: number)
                if waiter == nil, state.value == nil { state.cancelled.insert(number) }
                return waiter
            }
            waiter?.resume(returning: fallback)
        }
    }

    private func wait(_ number: UInt64, _ fallback: Value?) async -> Value {
        await withCheckedContinuation { continuation in
            let value: Value? = state.withLock { state in
                if let value = state.value { return value }
                if state.cancelled.remove(number) != nil, let fallback { return fallback }
                state.waiters[number] = continuation
                return nil
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}

import Synchronization

/// Says that something is new; one task at a time waits for it.
final class NewsSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: Promise<Void>?
    }
    private let state = Mutex(State())

    func raise() {
        let waiter = state.withLock { state in
            state.isRaised = true
            return state.waiter.take()
        }
        waiter?.resolve(())
    }

    func lower() { state.withLock { $0.isRaised = false } }

    /// At once when it was raised since the last `lower`; at the latest after this time.
    func raised(within limit: Duration, on reactor: Reactor) async {
        let timer = reactor.after(limit) { [weak self] in self?.raise() }
        await raised()
        reactor.cancel(timer)
    }

    private func raised() async {
        let waiter = state.withLock { state -> Promise<Void>? in
            if state.isRaised { return nil }
            let waiter = state.waiter ?? Promise<Void>()
            state.waiter = waiter
            return waiter
        }
        await waiter?.value()
    }
}

import Lifecycle
import Linux
import Synchronization

/// A child of the engine, reaped by the reactor when it ends, be that long after anybody waits for it.
final class ChildProcess: Sendable {
    let pid: Int32
    /// How it ended; nil when the kernel did not say.
    let ended = Promise<ExitStatus?>()
    private let pidfd: Mutex<Pidfd?>
    private let token = Mutex<Reactor.Token?>(nil)
    private let reactor: Reactor
    private let place: Gate.Place?

    /// Leaves its place when it has ended.
    init(_ spawned: consuming SpawnedProcess, _ reactor: Reactor, in place: Gate.Place? = nil) {
        pid = spawned.pid
        let held = spawned.takePidfd()
        let raw = held.descriptor.raw
        (self.reactor, self.place) = (reactor, place)
        pidfd = Mutex(consume held)
        // Under the lock, so that a handler that runs at once finds the token.
        token.withLock { $0 = reactor.register(raw, .readable) { [self] _ in reap() } }
    }

    private func reap() {
        let status: ExitStatus?? = pidfd.withLock { pidfd in
            do throws(SystemError) {
                guard let status = try pidfd.borrow({ (held) throws(SystemError) in try held.reap() }) ?? nil else {
                    return nil
                }
                return .some(status)
            } catch { return .some(nil) }
        }
        guard let status else { return }
        // Before it is closed: its number may be another's at once.
        if let token = token.withLock({ $0.take() }) { reactor.unregister(token) }
        pidfd.withLock { $0 = nil }
        place?.leave()
        ended.resolve(status)
    }

    func kill() {
        pidfd.withLock { pidfd in
            do throws(SystemError) {
                _ = try pidfd.borrow { (held) throws(SystemError) in try held.send(.kill) }
            } catch {
                // It has ended already: that is what was wanted.
            }
        }
    }
}

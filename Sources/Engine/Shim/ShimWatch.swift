import Lifecycle
import Linux
import Synchronization

extension ShimProcess {
    /// Whether a shim can answer at all, as /proc shows it.
    enum State: Hashable, Sendable {
        case able
        /// By SIGSTOP or the like: it answers when somebody continues it.
        case stopped
        /// It has ended, or was killed and a thread of it hangs in the kernel. It answers nothing any more.
        case dead
    }

    static func state(_ pid: Int32) -> State {
        do throws(SystemError) {
            guard let status = try Procfs.live.status(of: pid) else { return .dead }
            if status.state == "Z" || status.state == "X" || status.isPending(.kill) { return .dead }
            return status.state == "T" ? .stopped : .able
        } catch { return .able }
    }
}

/// Tells of a shim that cannot answer while an answer is awaited: nobody waits a deadline out for that. Its sockets and pipes
/// tell nothing as long as one thread of it hangs in the kernel, and no event does, so it is looked at.
final class ShimWatch: Sendable {
    private static let pause = Duration.milliseconds(250)
    /// For so long one may be stopped before that counts: whoever stopped it may be about to continue it.
    private static let patience = 3

    private struct Watch {
        var timer: Reactor.Token?
        var hasEnded = false
        var stops = 0
    }

    private let pid: Int32
    private let reactor: Reactor
    private let tell: @Sendable (EngineError) -> Void
    private let watch = Mutex(Watch())

    /// `tell` is called at most once, on the reactor's thread: `.system` for a dead shim, `.timedOut` for one that is stopped.
    init(_ pid: Int32, _ reactor: Reactor, tell: @escaping @Sendable (EngineError) -> Void) {
        (self.pid, self.reactor, self.tell) = (pid, reactor, tell)
        lookLater()
    }

    func end() {
        let timer = watch.withLock { watch in
            watch.hasEnded = true
            return watch.timer.take()
        }
        if let timer { reactor.cancel(timer) }
    }

    private func lookLater() {
        watch.withLock { watch in
            guard !watch.hasEnded else { return }
            watch.timer = reactor.after(ShimWatch.pause) { [weak self] in self?.look() }
        }
    }

    private func look() {
        switch ShimProcess.state(pid) {
        case .able: watch.withLock { $0.stops = 0 }
        case .stopped:
            let isLong = watch.withLock { watch in
                watch.stops += 1
                return watch.stops >= ShimWatch.patience
            }
            if isLong {
                return tell(
                    .timedOut("the shim (pid \(pid)) does not answer: it is stopped (kill -CONT \(pid) lets it go on)"))
            }
        case .dead: return tell(.system("the shim (pid \(pid)) does not answer: it was killed"))
        }
        lookLater()
    }
}

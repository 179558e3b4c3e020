import Linux
import Logging
import Synchronization

/// Tells readers when a log is written to or replaced: one queue of inotify for all of them, as a user has no more than
/// 128 (fs.inotify.max_user_instances), however many thousand follow.
final class LogWatches: Sendable {
    typealias Tell = @Sendable () -> Void

    private struct State: ~Copyable {
        /// Made for the first reader.
        var queue: Inotify?
        var listeners: [Inotify.Watch: [Int: Tell]] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let reactor: Reactor
    private let logger: Logger

    init(_ reactor: Reactor, _ logger: Logger) { (self.reactor, self.logger) = (reactor, logger) }

    /// One reader's interest in a log's directory.
    final class Interest: Sendable {
        fileprivate let watch: Inotify.Watch
        fileprivate let number: Int
        private let watches: LogWatches

        fileprivate init(_ watch: Inotify.Watch, _ number: Int, _ watches: LogWatches) {
            (self.watch, self.number, self.watches) = (watch, number, watches)
        }

        deinit { end() }

        /// Tells no more. Again: nothing happens.
        func end() { watches.forget(self) }
    }

    /// Watches the directory: the file may not be there yet, and is replaced when it is rotated. `tell` is called on the
    /// reactor's thread.
    func interest(in path: String, tell: @escaping Tell) throws(SystemError) -> Interest {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let (watch, number) = try state.withLock { state throws(SystemError) -> (Inotify.Watch, Int) in
            if state.queue == nil { state.queue = try open() }
            guard let watch = try state.queue.borrow({ (queue) throws(SystemError) in try queue.watch(directory) })
            else {
                throw SystemError("inotify_init1", errno: 24)
            }
            state.next += 1
            state.listeners[watch, default: [:]][state.next] = tell
            return (watch, state.next)
        }
        return Interest(watch, number, self)
    }

    private func open() throws(SystemError) -> Inotify {
        let queue = try Inotify()
        _ = reactor.register(queue.descriptor.raw, .readable) { [weak self] _ in self?.changed() }
        return queue
    }

    private func forget(_ interest: Interest) {
        state.withLock { state in
            state.listeners[interest.watch]?[interest.number] = nil
            guard state.listeners[interest.watch]?.isEmpty == true else { return }
            state.listeners[interest.watch] = nil
            do throws(SystemError) {
                try state.queue.borrow { (queue) throws(SystemError) in try queue.forget(interest.watch) }
            } catch { logger.warning("\(error)") }
        }
    }

    /// Everybody is told outside the lock.
    private func changed() {
        let due = state.withLock { state -> [Tell] in
            do throws(SystemError) {
                guard let news = try state.queue.borrow({ (queue) throws(SystemError) in try queue.read() }) else {
                    return []
                }
                if news.isIncomplete { return state.listeners.values.flatMap(\.values) }
                return news.changed.union(news.ended).flatMap { state.listeners[$0].map { Array($0.values) } ?? [] }
            } catch {
                // Readers look at the file from time to time without being told.
                logger.error("\(error)")
                return []
            }
        }
        for tell in due { tell() }
    }
}

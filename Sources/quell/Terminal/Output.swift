import Dispatch
import Lifecycle
import Linux

/// The reader of our output has gone: we end quietly, as a shell expects of a filter.
struct BrokenPipe: Error {}

/// Standard output or standard error.
final class Output: Sendable {
    let descriptor: Int32
    let isTerminal: Bool
    // A terminal that was stopped (Ctrl-S) blocks the write; that must not hold a thread of the concurrency pool.
    private let queue: DispatchQueue

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = Terminal.isTerminal(descriptor)
        queue = DispatchQueue(label: "output \(descriptor)")
    }

    /// Everything, in order.
    /// - Throws: `BrokenPipe`; `SystemError` for a full disk and the like.
    func write(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            do throws(SystemError) {
                switch try Descriptor.write(descriptor, bytes, from: start) {
                case .written(let count): start += count
                case .wouldBlock: try awaitRoom()
                }
            } catch {
                if error.errno == 32 { throw BrokenPipe() }
                throw error
            }
        }
    }

    /// What is said to a person: a terminal gets no control characters but new lines and tabs.
    func write(_ text: String) throws { try write(Array((isTerminal ? Printable.text(text) : text).utf8)) }

    /// As `write`, on a thread of its own.
    func send(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { try self.write(bytes) }) }
        }
    }

    // Another program may have made the descriptor, which is shared, non-blocking.
    private func awaitRoom() throws(SystemError) {
        var set = PollSet()
        set.add(descriptor, .writable)
        _ = try set.wait(until: nil)
    }

    /// Of the terminal; nil where it is none, or one that has hung up or does not know its size.
    var size: (rows: Int, columns: Int)? {
        // The only error of TIOCGWINSZ on a terminal is that it has hung up: tty_ioctl(4).
        guard isTerminal, let size = try? Terminal.windowSize(of: descriptor), size.rows > 0, size.columns > 0 else {
            return nil
        }
        return (Int(size.rows), Int(size.columns))
    }
}

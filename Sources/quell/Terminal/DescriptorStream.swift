import Dispatch
import Lifecycle
import Linux

/// The bytes of a descriptor, read on a thread of its own as they are asked for. Cancelling a task that waits for the
/// next piece ends the wait. The descriptor stays blocking: it may be shared with the shell.
struct DescriptorStream: AsyncSequence, Sendable {
    private let reader: DescriptorReader

    /// - Parameter progress: told the number of bytes read so far.
    init(_ descriptor: Int32, progress: @escaping @Sendable (Int) -> Void = { _ in }) throws(SystemError) {
        reader = try DescriptorReader(descriptor, progress)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let reader: DescriptorReader
        func next() async throws -> [UInt8]? { try await reader.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }
}

private final class DescriptorReader: Sendable {
    private let descriptor: Int32
    private let wakeup: Wakeup
    private let queue = DispatchQueue(label: "input")
    private let progress: @Sendable (Int) -> Void
    private static let piece = 256 << 10

    init(_ descriptor: Int32, _ progress: @escaping @Sendable (Int) -> Void) throws(SystemError) {
        self.descriptor = descriptor
        self.progress = progress
        wakeup = try Wakeup()
    }

    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[UInt8]?, any Error>) in
                queue.async { continuation.resume(with: Result { try self.read() }) }
            }
        } onCancel: {
            // It fails only when the counter is full, and then the reader wakes anyway.
            _ = try? wakeup.wake()
        }
    }

    private func read() throws -> [UInt8]? {
        var set = PollSet()
        let input = set.add(descriptor, .readable)
        let wake = set.add(wakeup.descriptor.raw, .readable)
        while true {
            _ = try set.wait(until: nil)
            if set.found(at: wake).contains(.readable) { throw CancellationError() }
            guard !set.found(at: input).isEmpty else { continue }
            var buffer = [UInt8](repeating: 0, count: DescriptorReader.piece)
            switch try Descriptor.read(descriptor, into: &buffer) {
            case .bytes(let count):
                progress(count)
                return Array(buffer[..<count])
            case .endOfFile: return nil
            case .wouldBlock: continue
            }
        }
    }
}

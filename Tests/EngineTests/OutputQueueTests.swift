import Dispatch
import Lifecycle
import Synchronization
import Testing

@testable import Engine

/// What holds back the source of a stream whose client is slow.
@Suite(.timeLimit(.minutes(1)))
struct OutputQueueTests {
    private let large = OutputChunk(stream: .output, bytes: [UInt8](repeating: 1, count: OutputQueue.highWater + 1))

    @Test func aFullQueueHoldsItsSourceBackUntilThereIsRoom() async {
        let (queue, said) = (OutputQueue(), Said())
        queue.hold { on in said.list.withLock { $0.append(on) } }
        queue.put(large)
        queue.put(large)
        #expect(said.all == [false])
        #expect(await queue.next() == large)
        #expect(said.all == [false])
        #expect(await queue.next() == large)
        #expect(said.all == [false, true])
        queue.put(OutputChunk(stream: .output, bytes: [2]))
        queue.end()
        #expect(await queue.next()?.bytes == [2])
        #expect(await queue.next() == nil)
    }

    /// The client takes the chunk while the queue is about to say that it is full: what is said last must be that there is
    /// room, or nothing ever comes again.
    @Test func theLastWordIsTheTrueOne() async {
        let (queue, said) = (OutputQueue(), Said())
        let (isFull, isDrained) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        queue.hold { on in
            if !on {
                isFull.signal()
                // Not called under the lock, the client would overtake it here.
                _ = isDrained.wait(timeout: .now() + .milliseconds(200))
            }
            said.list.withLock { $0.append(on) }
        }
        let chunk = large
        DispatchQueue(label: "shim").async { queue.put(chunk) }
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "client").async {
                isFull.wait()
                continuation.resume()
            }
        }
        #expect(await queue.next() == chunk)
        isDrained.signal()
        #expect(said.all == [false, true])
    }

    private final class Said: Sendable {
        let list = Mutex<[Bool]>([])
        var all: [Bool] { list.withLock { $0 } }
    }
}

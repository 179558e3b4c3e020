import APITypes
import Images
import Synchronization

/// Lines of progress on their way to one client. Of each layer only the newest waits, so that a client that reads slowly
/// holds back nobody and fills no memory.
final class ProgressFeed: Sendable {
    private struct State {
        var waiting: [ProgressLine] = []
        var isOver = false
    }
    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    init() { (bell, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func send(_ progress: ImageProgress) { send(ProgressLine(progress)) }

    func send(_ line: ProgressLine) {
        state.withLock { state in
            let older = line.id.flatMap { id in state.waiting.firstIndex { $0.id == id } }
            if let older { state.waiting[older] = line } else { state.waiting.append(line) }
        }
        ring.yield()
    }

    /// A line without id.
    func say(_ status: String) {
        var line = ProgressLine()
        line.status = status
        send(line)
    }

    func finish() {
        state.withLock { $0.isOver = true }
        ring.yield()
    }

    /// Calls `body` with what came, until the end.
    func forEach(_ body: ([ProgressLine]) async throws -> Void) async throws {
        for await _ in bell {
            let (lines, isOver) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isOver)
            }
            if !lines.isEmpty { try await body(lines) }
            if isOver { return }
        }
    }
}

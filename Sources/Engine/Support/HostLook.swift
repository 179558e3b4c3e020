import Lifecycle
import Linux
import Synchronization

/// Calls on paths that somebody named: made by a disposable child (`quell-shim look` and so on), as what lies there may
/// never answer.
final class HostLook: Sendable {
    /// Given to a look.
    static let deadline = Duration.seconds(10)

    /// Looks that were given up and whose child is still there.
    private let hanging = Mutex<[[String]: Int]>([:])

    var hangingCount: Int { hanging.withLock { $0.count } }

    /// Why it could not be done, as errno and text; nil: it was done. The text is what the child wrote.
    enum Outcome: Sendable {
        case done(String)
        case failed(errno: Int32, String)
    }

    /// `.timedOut` after ten seconds; at once, where the same look is still hanging from before.
    func run(_ words: [String], _ what: String, _ core: EngineCore) async throws(EngineError) -> Outcome {
        if let pid = hanging.withLock({ $0[words] }) {
            throw .timedOut("\(what): an earlier look at it has not come back (pid \(pid))")
        }
        let result = try await Job.wait(on: .hostLook) { () async throws(EngineError) in
            try await Child.run(
                core.configuration.shimPath, words, for: what, within: HostLook.deadline, limit: 1 << 20, core
            ) { [self] child in
                hanging.withLock { $0[words] = Int(child.pid) }
                core.metrics.count { $0.abandonedLooks += 1 }
                Task {
                    _ = await child.ended.value()
                    hanging.withLock { $0[words] = nil }
                }
            }
        }
        if result.status?.isSuccess == true { return .done(result.text) }
        let halves = result.text.split(separator: " ", maxSplits: 1)
        guard halves.count == 2, let errno = Int32(halves[0]) else {
            throw .system("\(what): the helper process ended with \(result.status.map { "\($0)" } ?? "no status")")
        }
        return .failed(errno: errno, String(halves[1]).trimmingWhitespace)
    }
}

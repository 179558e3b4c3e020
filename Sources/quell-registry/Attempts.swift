/// Tries again what may go better another time, with growing pauses.
struct Attempts {
    let limit: Int
    private(set) var failed = 0
    /// Told of a failure that is not the last, and of the pause.
    var onRetry: (Fault, Duration) -> Void = { _, _ in }

    init(limit: Int) { self.limit = limit }

    private static let longestPause = Duration.seconds(60)

    /// Something went well: counted from the beginning.
    mutating func forget() { failed = 0 }

    /// Waits for the next attempt.
    /// - Throws: the fault, if it is no use, or tried often enough.
    mutating func pause(after fault: Fault) async throws(Fault) {
        failed += 1
        guard fault.mayPass, failed < (fault.isUnreachable ? min(limit, 2) : limit) else { throw fault }
        let doubled = Duration.milliseconds(400) * (1 << min(failed - 1, 6))
        let spread = doubled * Double.random(in: 0.75...1.25)
        let pause = min(max(fault.retryAfter ?? .zero, spread), Attempts.longestPause)
        onRetry(fault, pause)
        do { try await Task.sleep(for: pause) } catch { throw fault }
    }

    mutating func run<Value>(_ body: () async throws(Fault) -> Value) async throws(Fault) -> Value {
        while true {
            do throws(Fault) { return try await body() } catch { try await pause(after: error) }
        }
    }
}

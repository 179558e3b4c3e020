internal import Dispatch
internal import Lifecycle
internal import Linux
internal import Synchronization

/// Why a test cannot go on.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Runs what may block on a thread of its own. At the deadline `cleanup` is called (it should make `body` return) and the
/// call throws; the thread is left to itself.
public func within<Value: Sendable>(
    _ limit: Duration, _ what: String, cleanup: @escaping @Sendable () -> Void = {},
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    let once = Once<Value>()
    return try await withCheckedThrowingContinuation { continuation in
        once.set(continuation)
        DispatchQueue(label: "within \(what)").async {
            once.finish(Result { try body() })
        }
        let nanoseconds = Int(clamping: limit.wholeNanoseconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) {
            if once.finish(.failure(TestFailure("\(what): not done after \(limit.shortText)"))) { cleanup() }
        }
    }
}

/// A continuation that is resumed once, by whoever comes first.
private final class Once<Value: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<Value, any Error>?>(nil)

    func set(_ new: CheckedContinuation<Value, any Error>) { continuation.withLock { $0 = new } }

    @discardableResult
    func finish(_ result: Result<Value, any Error>) -> Bool {
        let taken = continuation.withLock { held in
            let continuation = held
            held = nil
            return continuation
        }
        taken?.resume(with: result)
        return taken != nil
    }
}

/// How long a test waits for what is bound to come, if nobody said otherwise. An emulated machine (scripts/machine.sh) is slower by
/// far.
public let usualPatience = Duration.seconds(20) * (BuiltProduct.isEmulated ? 3 : 1)

/// Looks again and again, 5 ms apart, where the kernel has no event to wait for. Throws at the deadline.
public func eventually(
    _ what: String, within limit: Duration = usualPatience, _ condition: () throws -> Bool
) throws {
    let deadline = MonotonicClock.now() + limit
    while try !condition() {
        guard MonotonicClock.now() < deadline else {
            throw TestFailure("\(what): still not so after \(limit.shortText)")
        }
        var pause = PollSet()
        _ = try pause.wait(until: MonotonicClock.now() + .milliseconds(5))
    }
}

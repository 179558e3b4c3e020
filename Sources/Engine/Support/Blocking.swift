import Dispatch
import Lifecycle
import Linux

/// System calls that block run here, on threads of their own, never on the threads that serve everybody.
enum Blocking {
    /// Each call gets a thread at once (a serial queue's worker), so that one that hangs delays nobody.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "quell.blocking").async { continuation.resume(returning: capture(body)) }
        }
        return try result.get()
    }

    /// As `run`; `.timedOut` when it has not come back by then. The thread is left to itself.
    static func run<Value: Sendable>(
        _ what: String, within limit: Duration, on reactor: Reactor,
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let promise = Promise<Result<Value, EngineError>>()
        let timer = reactor.after(limit) {
            promise.resolve(.failure(.timedOut("\(what) took longer than \(limit.shortText)")))
        }
        DispatchQueue(label: "quell.blocking").async { promise.resolve(capture(body)) }
        let result = await promise.value()
        reactor.cancel(timer)
        return try result.get()
    }

    private static func capture<Value>(_ body: () throws(EngineError) -> Value) -> Result<Value, EngineError> {
        do throws(EngineError) { return .success(try body()) } catch { return .failure(error) }
    }
}

extension EngineError {
    init(_ error: SystemError) { self = .system(error.description) }

    init(_ what: String, _ error: SystemError) { self = .system("\(what): \(error)") }
}

/// Runs kernel-layer calls and says what for when they fail.
func attempt<Value: ~Copyable>(
    _ what: String = "", _ body: () throws(SystemError) -> Value
) throws(EngineError) -> Value {
    do throws(SystemError) { return try body() } catch {
        throw what.isEmpty ? EngineError(error) : EngineError(what, error)
    }
}

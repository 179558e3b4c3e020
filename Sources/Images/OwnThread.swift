import Glibc
import Linux
import Synchronization

/// Tells work on another thread that nobody waits for it any more.
final class Cancellation: Sendable {
    /// Readable for good once cancelled; for poll sets.
    let wakeup: Wakeup
    private let flag = Atomic<Bool>(false)

    init() throws(ImageError) { wakeup = try mapping("make an eventfd") { () throws(SystemError) in try Wakeup() } }

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() {
        flag.store(true, ordering: .releasing)
        // An eventfd's counter cannot overflow here, and nothing else can fail; the flag is set in any case.
        do throws(SystemError) { try wakeup.wake() } catch {}
    }

    func check() throws(ImageError) { if isCancelled { throw .cancelled } }
}

/// Runs blocking work on a thread made for it, and never on the cooperative pool. All signals are blocked there, so
/// that a pipe without a reader is an error (EPIPE) and not a SIGPIPE.
func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable (Cancellation) throws(ImageError) -> Value
) async throws(ImageError) -> Value {
    let cancellation = try Cancellation()
    let result: Result<Value, ImageError> = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            let failure = startThread {
                let result: Result<Value, ImageError> = Result { () throws(ImageError) in
                    try cancellation.check()
                    return try body(cancellation)
                }
                continuation.resume(returning: result)
            }
            if let failure { continuation.resume(returning: .failure(failure)) }
        }
    } onCancel: {
        cancellation.cancel()
    }
    return try result.get()
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// - Returns: why no thread could be started; nil: it runs.
func startThread(_ run: @escaping @Sendable () -> Void) -> ImageError? {
    let body = unsafe Unmanaged.passRetained(ThreadBody(run))
    var thread = pthread_t()
    // SAFETY: the new thread takes over the reference that passRetained made.
    let result = unsafe pthread_create(
        &thread, nil,
        { pointer in
            blockAllSignals()
            guard let pointer = unsafe pointer else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, body.toOpaque())
    guard result == 0 else {
        unsafe body.release()
        return .system(operation: "start a thread", subject: "for the image store", errno: result)
    }
    pthread_detach(thread)
    return nil
}

private func blockAllSignals() {
    var all = sigset_t()
    // SAFETY: a set on the stack. Neither call can fail with these arguments.
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
}

internal import CLinux

/// A copy of this process (fork(2)), for work that may hang in the kernel and must not hang its parent.
///
/// For programs whose other threads hold no lock, as pumps do; never for a daemon.
public enum ProcessCopy {
    /// Returns the pid of the copy, which is a child to be reaped. In the copy `body` runs, on the calling thread alone, with
    /// this socket and descriptors 0 to 2, and the same signal mask; it must not return. EAGAIN, ENOMEM.
    public static func start(
        _ name: String, with socket: consuming OwnedDescriptor, _ body: (consuming OwnedDescriptor) -> Never
    ) throws(SystemError) -> Int32 {
        // SAFETY: the string lives through the call.
        let pid = try check(unsafe clinux_fork(socket.raw, name), "fork")
        if pid > 0 { return pid }
        // Under its own number it was closed, or is the same.
        _ = socket.release()
        body(OwnedDescriptor(adopting: 3))
    }
}

/// Numbers that a process and its copies share; each only grows.
// SAFETY: the memory is mapped by init and unmapped by deinit; a copy has a mapping of its own. Access is atomic, and the
// index is within the page.
@safe public final class SharedCounters {
    private let counters: UnsafeMutablePointer<UInt64>

    /// All zero. ENOMEM.
    public init() throws(SystemError) {
        guard let counters = unsafe clinux_shared_counters() else {
            throw SystemError("map", "memory to share with a child", errno: CLinux.ENOMEM)
        }
        unsafe self.counters = unsafe counters
    }

    deinit { unsafe clinux_free_shared_counters(counters) }

    public subscript(index: Int) -> UInt64 {
        precondition((0..<8).contains(index), "there are eight")
        return unsafe clinux_counter(counters, Int32(index))
    }

    public func add(_ more: UInt64, to index: Int) {
        precondition((0..<8).contains(index), "there are eight")
        unsafe clinux_count(counters, Int32(index), more)
    }
}

internal import CLinux
public import Lifecycle

/// A signal that was sent to this process.
public struct ReceivedSignal: Hashable, Sendable {
    public let signal: Signal
    /// Zero when the kernel sent it.
    public let sender: Int32
    public let senderUser: UInt32
}

/// Signals as events of a poll loop (signalfd(2)).
public struct SignalDescriptor: ~Copyable, Sendable {
    public let descriptor: OwnedDescriptor

    /// Blocks the signals in the calling thread, and so in threads it starts later. Call it before any thread is started.
    public init(_ signals: [Signal]) throws(SystemError) {
        let mask = SignalMask.bits(signals)
        try check(clinux_block_signals(mask, nil), "sigprocmask")
        descriptor = OwnedDescriptor(adopting: try check(clinux_signalfd(-1, mask), "signalfd"))
    }

    /// The next one, nil when none is pending.
    public borrowing func next() throws(SystemError) -> ReceivedSignal? {
        while true {
            var info = clinux_signal_info()
            let raw = descriptor.raw
            // SAFETY: a structure on the stack, filled before the call returns.
            let count = try checkRetrying("read", "signalfd") { unsafe clinux_signalfd_read(raw, &info) }
            guard count == 1 else { return nil }
            guard let signal = Signal(number: Int32(info.signal)) else { continue }
            return ReceivedSignal(signal: signal, sender: Int32(bitPattern: info.pid), senderUser: info.uid)
        }
    }
}

/// The signal mask of the calling thread.
public enum SignalMask {
    /// Blocks them; returns what was blocked before, for `restore`.
    public static func block(_ signals: [Signal]) throws(SystemError) -> UInt64 {
        var previous: UInt64 = 0
        // SAFETY: an integer on the stack, written before the call returns.
        try check(unsafe clinux_block_signals(bits(signals), &previous), "sigprocmask")
        return previous
    }

    public static func restore(_ mask: UInt64) throws(SystemError) {
        try check(clinux_set_signal_mask(mask), "sigprocmask")
    }

    static func bits(_ signals: [Signal]) -> UInt64 {
        signals.reduce(0) { $0 | UInt64(1) << UInt64($1.number - 1) }
    }
}

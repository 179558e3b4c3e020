/// A moment on CLOCK_MONOTONIC of this host. Meaningless on another host or after a restart.
public struct Instant: Hashable, Sendable, Comparable {
    public var sinceBoot: Duration

    public init(sinceBoot: Duration) { self.sinceBoot = sinceBoot }

    public static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }
    public static func + (instant: Instant, span: Duration) -> Instant {
        Instant(sinceBoot: instant.sinceBoot + span)
    }
    public static func - (later: Instant, earlier: Instant) -> Duration { later.sinceBoot - earlier.sinceBoot }
}

extension Duration {
    /// Whole milliseconds, towards zero; saturates as `wholeNanoseconds` does.
    public var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }

    /// Nanoseconds; saturates at the ends of `Int64` (292 years).
    public var wholeNanoseconds: Int64 {
        // `components` traps beyond `Int64` seconds, so what is too long is sorted out before it is asked.
        if self >= .nanoseconds(Int64.max) { return .max }
        if self <= .nanoseconds(Int64.min) { return .min }
        return components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

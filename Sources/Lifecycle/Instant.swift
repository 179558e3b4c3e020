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
    /// Whole milliseconds, rounded down.
    public var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// Nanoseconds; saturates at the ends of `Int64` (292 years).
    public var wholeNanoseconds: Int64 {
        let (high, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return components.seconds < 0 ? .min : .max }
        let (sum, tooMuch) = high.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        return tooMuch ? (high < 0 ? .min : .max) : sum
    }
}

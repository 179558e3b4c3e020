internal import CLinux
public import Lifecycle

/// CLOCK_MONOTONIC: what deadlines are measured on.
public enum MonotonicClock {
    public static func now() -> Instant { Instant(sinceBoot: .nanoseconds(clinux_monotonic_nanoseconds())) }
}

/// CLOCK_REALTIME, for log lines and records only.
public struct WallTime: Hashable, Sendable, Comparable {
    public var seconds: Int64
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32) { (self.seconds, self.nanoseconds) = (seconds, nanoseconds) }

    public static func now() -> WallTime {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        // SAFETY: two integers, written before the call returns.
        unsafe clinux_wall_clock(&seconds, &nanoseconds)
        return WallTime(seconds: seconds, nanoseconds: Int32(nanoseconds))
    }

    public static func < (left: WallTime, right: WallTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// RFC 3339 in UTC with nine digits of fraction, as Docker's json-file log writes it: `2026-11-24T15:08:02.000000001Z`.
    public var rfc3339: String { String(decoding: rfc3339Bytes, as: UTF8.self) }

    /// As `rfc3339`, without building a string. Years 0 to 9999.
    public var rfc3339Bytes: [UInt8] {
        let day = Int64((Double(seconds) / 86400).rounded(.down))
        let time = seconds - day * 86400
        let (year, month, date) = WallTime.civil(day)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        func put(_ value: Int64, _ width: Int, _ after: Character) {
            var scale: Int64 = 1
            for _ in 1..<width { scale *= 10 }
            while scale > 0 {
                bytes.append(UInt8(48 + value / scale % 10))
                scale /= 10
            }
            bytes.append(after.asciiValue ?? 32)
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(date, 2, "T")
        put(time / 3600, 2, ":")
        put(time / 60 % 60, 2, ":")
        put(time % 60, 2, ".")
        put(Int64(nanoseconds), 9, "Z")
        return bytes
    }

    /// Days since 1970-01-01 to year, month, date (H. Hinnant, days to civil).
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, date: Int64) {
        let shifted = day + 719468
        let era = (shifted >= 0 ? shifted : shifted - 146096) / 146097
        let ofEra = shifted - era * 146097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

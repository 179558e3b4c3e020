import Lifecycle
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct DurationTests {
    @Test(arguments: [
        ("10s", Duration.seconds(10)), ("10", .seconds(10)), ("0", .zero), ("0s", .zero), ("500ms", .milliseconds(500)),
        ("1m30s", .seconds(90)), ("2m", .seconds(120)), ("1.5h", .seconds(5400)), ("1h", .seconds(3600)),
        ("1.5", .milliseconds(1500)), (".5s", .milliseconds(500)), ("5.s", .seconds(5)), ("250us", .microseconds(250)),
        ("250µs", .microseconds(250)), ("250μs", .microseconds(250)), ("7ns", .nanoseconds(7)),
        ("0.000000001s", .nanoseconds(1)), ("0.0000000019s", .nanoseconds(1)), ("1h2m3s4ms", .milliseconds(3_723_004)),
        ("87600h", .seconds(10 * 365 * 86400)), ("00010s", .seconds(10)),
    ])
    func parses(text: String, duration: Duration) {
        #expect(Duration(parsing: text) == duration)
    }

    @Test(arguments: [
        "", "s", "ms", ".", ".s", "-1", "-5s", "+5s", "1.2.3s", "10 s", " 10s", "10s ", "10x", "10S", "1m30", "1e3s",
        "0x10s",
        "inf", "nan", "87601h", "9223372036854775807", "9223372036854775808ns", "99999999999999999999999999h", "1d",
        "٣s",
        "½s", "5\u{301}s", "10\u{0}s", "1,5s", "10s,",
    ])
    func refuses(text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test func aHostilyLongTextIsRefused() {
        #expect(Duration(parsing: String(repeating: "9", count: 100_000) + "s") == nil)
        #expect(Duration(parsing: "0." + String(repeating: "1", count: 100_000) + "s") == .nanoseconds(111_111_111))
        #expect(Duration(parsing: String(repeating: "87600h", count: 1000)) == nil)
    }

    @Test(arguments: [
        (Duration.seconds(10), "10s"), (.zero, "0s"), (.seconds(90), "90s"), (.milliseconds(500), "500ms"),
        (.milliseconds(1500), "1500ms"), (.microseconds(7), "7us"), (.nanoseconds(1_000_000_001), "1000000001ns"),
    ])
    func prints(duration: Duration, text: String) {
        #expect(duration.shortText == text)
    }

    @Test func printedDurationsAreReadBackExactly() {
        var random = Seed.generator(for: "durations")
        for _ in 0..<500 {
            let duration = Duration.nanoseconds(
                Int64.random(in: 0...315_360_000_000_000_000, using: &random)
                    >> Int64.random(in: 0...58, using: &random))
            #expect(Duration(parsing: duration.shortText) == duration)
        }
    }

    @Test(arguments: ["inf", "infinite", "-1"])
    func unboundedGraces(text: String) {
        #expect(Grace(parsing: text) == .unbounded)
    }

    @Test(arguments: ["-2", "INF", "-1s", "", "forever", "-"])
    func noGraces(text: String) {
        #expect(Grace(parsing: text) == nil)
    }

    @Test func gracesPrintAsTheyAreRead() {
        #expect(Grace.unbounded.description == "inf")
        #expect(Grace.bounded(.seconds(5)).description == "5s")
        #expect(Grace(parsing: "5s") == .bounded(.seconds(5)))
    }

    @Test func wholeUnitsSaturate() {
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.nanoseconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.nanoseconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
        #expect(Duration.microseconds(1999).wholeMilliseconds == 1)
    }
}

/// Numbers from outside are added up and printed: nothing of it may trap.
@Suite struct LongDurationTests {
    @Test(arguments: [Int.min, -1, 0, 1, 315_360_000, 315_360_001, Int.max])
    func gracesInSeconds(_ seconds: Int) {
        let grace = Grace(seconds: seconds)
        if seconds < 0 {
            #expect(grace == .unbounded)
        } else {
            #expect(grace == (seconds <= 315_360_000 ? .bounded(.seconds(seconds)) : nil))
        }
    }

    @Test(arguments: [Int64.min, -9_223_372_037, 9_223_372_037, .max])
    func sumsBeyondTheRangeSaturate(_ seconds: Int64) {
        let sum = Duration.seconds(seconds) + .seconds(seconds)
        #expect(sum.wholeNanoseconds == (seconds < 0 ? .min : .max))
        #expect(sum.wholeMilliseconds == (seconds < 0 ? Int64.min : .max) / 1_000_000)
        #expect(!sum.shortText.isEmpty)
    }
}

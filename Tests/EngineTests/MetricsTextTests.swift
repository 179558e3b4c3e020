import Lifecycle
import Testing

@testable import Engine

@Suite struct MetricsTextTests {
    @Test func familiesAndSamples() {
        var text = MetricsText()
        text.family("quell_things", .gauge, "Things.")
        text.sample(3)
        text.sample(["state": "new", "kind": "x"], 0.5)
        #expect(
            text.text == """
                # HELP quell_things Things.
                # TYPE quell_things gauge
                quell_things 3
                quell_things{state="new",kind="x"} 0.5

                """)
    }

    @Test func labelsAndHelpAreEscaped() {
        var text = MetricsText()
        text.family("a", .counter, "one\\two\nthree \"four\"")
        text.sample(["l": "a\\b\"c\nd\r\ne"], 1)
        #expect(
            text.text == "# HELP a one\\\\two\\nthree \"four\"\n# TYPE a counter\n"
                + "a{l=\"a\\\\b\\\"c\\nd\r\\ne\"} 1\n")
    }

    @Test func histogramsAccumulate() {
        var histogram = Histogram(bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.record(value) }
        var text = MetricsText()
        text.family("t", .histogram, "T.")
        text.samples(["r": "x"], histogram)
        #expect(
            text.text.split(separator: "\n").dropFirst(2).map(String.init) == [
                "t_bucket{r=\"x\",le=\"0.1\"} 2", "t_bucket{r=\"x\",le=\"1\"} 3", "t_bucket{r=\"x\",le=\"+Inf\"} 4",
                "t_sum{r=\"x\"} 7.65", "t_count{r=\"x\"} 4",
            ])
    }

    @Test func numbers() {
        #expect(
            MetricsText.number(0) == "0" && MetricsText.number(-2) == "-2" && MetricsText.number(0.0025) == "0.0025")
        #expect(MetricsText.number(.infinity) == "+Inf" && MetricsText.number(-.infinity) == "-Inf")
        #expect(MetricsText.number(.nan) == "NaN" && MetricsText.number(1e300) == "1e+300")
    }

    /// A user's durations and the like must not make series of their own.
    @Test func rungsLoseTheirDurations() throws {
        let rung = try Ladder(parsing: "TERM@init:1234ms, KILL").rungs[0]
        let report = StopReport(status: .code(0), how: .handled, rung: rung, elapsed: .seconds(1))
        let key = EngineMetrics.StopKey(report)
        #expect(key == EngineMetrics.StopKey(verdict: "exited", how: "handled", rung: "TERM@init"))
        let killed = StopReport(
            status: .signal(.kill, coreDumped: false), how: .killed, rung: nil, elapsed: .seconds(1))
        #expect(EngineMetrics.StopKey(killed).rung == "KILL")
        #expect(EngineMetrics.StopKey(.unobserved(.supervisorGone)).verdict == "exited-unknown")
    }
}

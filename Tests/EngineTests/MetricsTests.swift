import APITypes
import Engine
import Lifecycle
import Linux
import TestKit
import Testing

/// What is counted of real stops.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct MetricsTests {
    private func page(_ fixture: Fixture) async -> Set<String> {
        var text = MetricsText()
        await fixture.engine.writeMetrics(to: &text)
        return Set(text.text.split(separator: "\n").map(String.init))
    }

    /// How it came about is told after the end: the count may come a moment later.
    private func expect(_ lines: [String], _ fixture: Fixture, _ location: SourceLocation = #_sourceLocation)
        async throws
    {
        let deadline = MonotonicClock.now() + .seconds(10)
        var seen: Set<String> = []
        while MonotonicClock.now() < deadline {
            seen = await page(fixture)
            if seen.isSuperset(of: lines) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        let missing = lines.filter { !seen.contains($0) }
        Issue.record("\(missing) missing in:\n\(seen.sorted().joined(separator: "\n"))", sourceLocation: location)
    }

    @Test func stopsAreCountedByVerdictAndRung() async throws {
        try await Fixture.with { fixture in
            let script = "trap 'exit 3' TERM; echo ready; while :; do sleep 1000 & wait $!; done"
            let polite = try await fixture.run(shell(script))
            try await fixture.waitForLog(polite, "ready")
            var options = StopOptions()
            options.timeout = .bounded(.seconds(20))
            #expect(try await fixture.engine.stopContainer(polite, options).result().hasEnded)
            let other = try await fixture.run(["sleep", "1000"])
            #expect(try await fixture.engine.killContainer(other).result().hasEnded)
            #expect(try await fixture.engine.stopContainer(other).result().hasEnded)
            let count = "quell_stop_duration_seconds_count"
            try await expect(
                [
                    "\(count){verdict=\"exited\",how=\"handled\",rung=\"TERM\"} 1",
                    "\(count){verdict=\"exited\",how=\"killed\",rung=\"KILL\"} 1",
                    "\(count){verdict=\"exited\",how=\"already\",rung=\"\"} 1",
                    "quell_containers{state=\"exited\"} 2", "quell_shims_lost_total 0", "quell_jobs{kind=\"stop\"} 0",
                    "quell_jobs{kind=\"kill\"} 0", "quell_jobs_overdue_total{kind=\"stop\"} 0",
                ], fixture)
        }
    }

    @Test func aLostShimAndTheKillByHandAreCounted() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let main = Int32(try await fixture.engine.inspectContainer(id).state.pid)
            // The runtime that started it may just be ending: then it gets the shim for its parent.
            var shim: Int32 = 0
            try eventually("its parent is the shim") {
                shim = try Procfs.live.stat(of: main)?.parent ?? 0
                return try Procfs.live.status(of: shim)?.name == "quell-shim"
            }
            try Pidfd(opening: shim).send(.kill)
            try await expect(["quell_shims_lost_total 1", "quell_containers_unsupervised 1"], fixture)
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
            let page = await page(fixture)
            let byHand = page.filter { $0.hasPrefix("quell_kills_total") && $0.contains("by=\"engine\"} 1") }
            #expect(byHand.count == 1, "\(page.sorted())")
            try await expect(["quell_containers_unsupervised 0", "quell_jobs{kind=\"kill\"} 0"], fixture)
        }
    }
}

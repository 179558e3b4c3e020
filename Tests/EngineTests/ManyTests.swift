import APITypes
import Engine
import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ManyTests {
    @Test func startedAndStoppedTogetherAndNothingIsLeft() async throws {
        try await Fixture.with { fixture in
            let count = 24
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<count { group.addTask { try await fixture.run(["sleep", "1000"]) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try await fixture.engine.listContainers().count == count)
            let before = MonotonicClock.now()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    group.addTask {
                        let outcome = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
                        #expect(outcome.hasEnded)
                    }
                }
                try await group.waitForAll()
            }
            // One after another they would take their ladders' ten seconds each.
            #expect(MonotonicClock.now() - before < .seconds(20))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids { group.addTask { try await fixture.engine.removeContainer(id) } }
                try await group.waitForAll()
            }
            #expect(try File.list(fixture.directory("run/c")).isEmpty)
            #expect(try File.list(fixture.directory("data/containers")).isEmpty)
        }
    }

    @Test func startStopAndKillAtOnceEndInOneState() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("trap '' TERM; while :; do sleep 1000 & wait; done"))
            for _ in 0..<5 {
                let start = Task {
                    do throws(EngineError) { try await fixture.engine.startContainer(id) } catch {
                        // Stopped while it was being started: that is one of the right ends.
                        guard case .conflict = error else { Issue.record("\(error)"); return }
                    }
                }
                let stop = Task {
                    try await fixture.engine.stopContainer(id, StopOptions(timeout: .bounded(.seconds(60)))).result()
                }
                await start.value
                do { _ = try await fixture.engine.killContainer(id).result() } catch EngineError.notRunning {
                    // The stop came while nothing ran yet, or the start was given up.
                }
                let outcome = try await stop.value
                #expect(outcome.hasEnded, "\(outcome)")
                let left = try await fixture.engine.inspectContainer(id).state
                if left.running { #expect(try await fixture.engine.killContainer(id).result().hasEnded) }
                let after = try await fixture.engine.inspectContainer(id).state
                #expect(!after.running)
            }
        }
    }
}

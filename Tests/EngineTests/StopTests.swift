import APITypes
import Engine
import Lifecycle
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct StopTests {
    @Test func aHandlerThatExitsEndsTheContainer() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap 'exit 3' TERM; echo ready; while :; do sleep 1000 & wait; done"))
            try await fixture.waitForLog(id, "ready")
            let outcome = try await fixture.engine.stopContainer(id).result()
            guard case .ended(let report) = outcome.verdict else {
                Issue.record("\(outcome)")
                return
            }
            #expect(report.status == .code(3))
            #expect(report.how == .handled)
            let view = try await fixture.engine.inspectContainer(id)
            #expect(view.state.status == "exited" && view.state.exitCode == 3)
        }
    }

    @Test func whereNobodyReactsTheWaitIsSkipped() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let outcome = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
            guard case .ended(let report) = outcome.verdict else {
                Issue.record("\(outcome)")
                return
            }
            #expect(report.status == .signal(.kill, coreDumped: false))
            #expect(outcome.elapsed < .seconds(5))
        }
    }

    @Test func aStoppedContainerIsSaidToHaveEndedAlready() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"])
            #expect(try await fixture.engine.stopContainer(id).result().verdict == .already(nil))
            _ = try await fixture.output(["true"])
        }
    }

    @Test func aKillOvertakesAStopThatWaits() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap '' TERM; echo ready; while :; do sleep 1000 & wait; done"))
            try await fixture.waitForLog(id, "ready")
            let slow = try await fixture.engine.stopContainer(id, StopOptions(timeout: .bounded(.seconds(100))))
            let killed = try await fixture.engine.killContainer(id).result()
            let joined = await slow.result()
            #expect(killed.hasEnded && joined.hasEnded)
            #expect(joined.elapsed < .seconds(20))
        }
    }

    @Test func aSignalThatIsHandledIsNoStop() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(
                shell("trap 'echo hup' HUP; echo ready; while :; do sleep 1000 & wait; done"))
            try await fixture.waitForLog(id, "ready")
            try await fixture.engine.signalContainer(id, .hup)
            try await fixture.waitForLog(id, "hup")
            #expect(try await fixture.engine.inspectContainer(id).state.running)
        }
    }
}

import APITypes
import Lifecycle
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct RestartTests {
    @Test func onFailureStartsAgainUntilItsLimit() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("echo run; exit 3")) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "on-failure"
                request.hostConfig?.restartPolicy?.maximumRetryCount = 2
            }
            try await poll("the limit is reached") {
                let view = try await fixture.engine.inspectContainer(id)
                return view.state.status == "exited" && view.restartCount == 2
            }
            #expect(try await fixture.log(id) == "run\nrun\nrun\n")
        }
    }

    @Test func whatWasStoppedIsNotStartedAgain() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "unless-stopped"
            }
            let outcome = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
            #expect(outcome.hasEnded)
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
        }
    }

    @Test func aKillFromInsideIsNoStop() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("echo run; sleep 0.2; exit 1")) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "always"
            }
            try await poll("it was started again") { try await fixture.engine.inspectContainer(id).restartCount >= 1 }
            // A stop between two runs keeps it down.
            let outcome = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
            #expect(outcome.hasEnded)
            try await Task.sleep(for: .milliseconds(400))
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
        }
    }

    @Test func restartStopsAndStarts() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let first = try await fixture.engine.inspectContainer(id).state.pid
            try await fixture.engine.restartContainer(id, StopOptions(unhandled: .kill))
            let second = try await fixture.engine.inspectContainer(id).state
            #expect(second.running && second.pid != first)
        }
    }

    private let willing = shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")

    @Test func restartDoesNotRemoveWhatIsRemovedAtItsEnd() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(willing) { request in
                request.hostConfig?.autoRemove = true
                request.config.volumes = ["/data": EmptyObject()]
            }
            try await fixture.waitForLog(id, "ready")
            for _ in 0..<2 {
                let first = try await fixture.engine.inspectContainer(id).state.pid
                try await fixture.engine.restartContainer(id, StopOptions(unhandled: .kill))
                let second = try await fixture.engine.inspectContainer(id).state
                #expect(second.running && second.pid != first)
            }
            #expect(try await fixture.engine.listVolumes([:]).volumes.count == 1)
            let gone = try await fixture.engine.waitContainer(id, .removed)
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
            #expect(await gone.result().statusCode == 137)
        }
    }

    @Test func aRestartWhoseEngineDiesIsCarriedOn() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(willing) { $0.hostConfig?.autoRemove = true }
            try await fixture.waitForLog(id, "ready")
            let first = try await fixture.engine.inspectContainer(id).state.pid
            await fixture.abandon()
            try await fixture.edit { ($0.isRestarting, $0.desired) = (true, .stopped) }
            try await fixture.reopen()
            try await poll("it runs again") {
                let state = try await fixture.engine.inspectContainer(id).state
                return state.running && state.pid != first && state.quellState == "running"
            }
        }
    }
}

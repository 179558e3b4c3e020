import APITypes
import Engine
import Lifecycle
import Testing

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
}

import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct HealthTests {
    @Test func aCheckThatTakesTooLongIsKilled() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"], checking(["sleep", "500"], retries: 2))
            try await poll("it is unhealthy") {
                try await fixture.engine.inspectContainer(id).state.health?.status == "unhealthy"
            }
            let cgroup = try fixture.engine.core.container(id).core.cgroup(id)
            try await poll("the checks are gone") {
                // The next one may just run.
                try cgroup.members().count <= 2
            }
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
        }
    }

    /// One that cannot even be killed is not joined by another every time.
    @Test func aCheckThatHangsIsNotGivenCompany() async throws {
        let hung = try HungFileSystem()
        try await Fixture.with({ $0.killDeadline = .seconds(1) }) { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { request in
                checking(["cat", "/hung/file"], retries: 3)(&request)
                request.hostConfig?.binds = ["\(hung.path):/hung"]
            }
            try await poll("it is unhealthy") {
                try await fixture.engine.inspectContainer(id).state.health?.status == "unhealthy"
            }
            let health = try await fixture.engine.inspectContainer(id).state.health
            #expect(health?.log.last?.output == "the last health check still runs")
            #expect(hung.waiting == 1)
            try hung.abort()
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
        }
    }

    private func checking(_ command: [String], retries: Int) -> (inout ContainerCreateRequest) -> Void {
        { request in
            request.config.healthcheck = HealthConfig()
            request.config.healthcheck?.test = ["CMD"] + command
            request.config.healthcheck?.interval = 100_000_000
            request.config.healthcheck?.timeout = 300_000_000
            request.config.healthcheck?.retries = retries
        }
    }
}

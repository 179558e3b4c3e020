import APITypes
import Engine
import Lifecycle
import TestKit
import Testing

/// A container that cannot die: a child of it reads from a file system whose server does not answer.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct StuckTests {
    @Test func theVerdictComesInTimeAndTheLateExitIsRecorded() async throws {
        let hung = try HungFileSystem()
        do {
            try await Fixture.with({ $0.killDeadline = .seconds(1) }) { fixture in
                let id = try await fixture.run(shell("cat /hung/file & wait")) { request in
                    request.hostConfig?.binds = ["\(hung.path):/hung"]
                }
                let bystander = try await fixture.run(["sleep", "1000"])
                try await within(usualPatience, "the reader is in the kernel") { try hung.waitUntilRead() }
                let outcome = try await fixture.engine.killContainer(id, killDeadline: .milliseconds(500)).result()
                guard case .stuck(let finding) = outcome.verdict else {
                    Issue.record("\(outcome)")
                    try hung.abort()
                    return
                }
                #expect(outcome.elapsed < .seconds(BuiltProduct.isEmulated ? 15 : 3))
                #expect(finding.tasks.contains { $0.comm == "cat" && $0.state == "D" && $0.killPending })
                // Nothing else is held up, and nothing says that it had ended.
                let view = try await fixture.engine.inspectContainer(id)
                #expect(view.state.status == "running" && view.state.quellState == "stuck")
                #expect(
                    try await fixture.engine.listContainers().contains {
                        $0.id == id && $0.status.contains("(stuck, stopping for ")
                    })
                let removal = await #expect(throws: EngineError.self) {
                    try await fixture.engine.removeContainer(id, force: true)
                }
                guard case .stuck = removal else {
                    Issue.record("\(String(describing: removal))")
                    return
                }
                #expect(try await fixture.engine.killContainer(bystander, killDeadline: .seconds(20)).result().hasEnded)
                let ended = try await fixture.engine.waitContainer(id, .notRunning)
                try hung.abort()
                #expect(await ended.result().statusCode == 137)
            }
        } catch {
            try hung.abort()
            throw error
        }
    }
}

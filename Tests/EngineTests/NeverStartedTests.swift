import APITypes
import Engine
import Testing

/// A container that was made and never started has no files of its own: found by `scripts/conformance --fuzz`.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct NeverStartedTests {
    @Test func itHasNoChangesAndCanBeCommitted() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], name: "fresh")
            #expect(try await fixture.engine.containerChanges(id) == [])
            var commit = CommitRequest()
            commit.reference = "child"
            let image = try await fixture.engine.commitContainer(id, commit).id
            let child = try await fixture.create(["true"], name: "child") { $0.config.image = image }
            try await fixture.engine.startContainer(child)
            #expect(try await fixture.engine.waitContainer(child).result().statusCode == 0)
            #expect(try await fixture.engine.containerChanges(id) == [])
        }
    }
}

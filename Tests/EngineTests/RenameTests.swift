import APITypes
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct RenameTests {
    /// Only the name it has in the end is taken, whichever of them that is.
    @Test func twoAtOnceLeaveOneName() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], name: "first")
            let names = (0..<8).map { "name\($0)" }
            await withTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask { [engine = fixture.engine] in
                        do throws(EngineError) { try await engine.renameContainer(id, to: name) } catch {
                            if case .conflict = error { return }
                            Issue.record("\(error)")
                        }
                    }
                }
            }
            let name = String(try await fixture.engine.inspectContainer(id).name.dropFirst())
            #expect(names.contains(name))
            for free in names + ["first"] where free != name {
                _ = try await fixture.create(["true"], name: free)
            }
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer(id).name == "/" + name)
        }
    }
}

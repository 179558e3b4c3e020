import Images
import Linux
import Testing

@Suite(.timeLimit(.minutes(1))) struct RemoveTests {
    private func use(_ image: Image, running: Bool) -> ImageUse {
        ImageUse(
            image: image.id, containerID: String(repeating: "c", count: 64), containerName: "box", isRunning: running)
    }

    @Test func untagsThenDeletes() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        try await fixture.store.tag("app", as: "app:2")
        #expect(try await fixture.store.remove("app:2", uses: []) == [.untagged("app:2")])
        let last = try await fixture.store.remove("app", uses: [])
        #expect(last == [.untagged("app:latest"), .deleted("\(image.id)"), .deleted("\(image.layers[0].chainID)")])
        #expect(try fixture.contents().isEmpty)
        #expect(try fixture.reopened().images().isEmpty)
        let error = try await failure { _ = try await fixture.store.remove("app", uses: []) }
        #expect(error == .notFound("app"))
    }

    @Test func idInSeveralRepositoriesNeedsForce() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "a")
        try await fixture.store.tag("a", as: "b")
        let error = try await failure { _ = try await fixture.store.remove(image.id.short, uses: []) }
        guard case .conflict(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message.contains("must be forced") && message.contains("multiple repositories"))
        let removals = try await fixture.store.remove(image.id.short, force: true, uses: [])
        #expect(removals.prefix(2) == [.untagged("a:latest"), .untagged("b:latest")])
        #expect(try fixture.store.images().isEmpty)
    }

    @Test func containersAreNamed() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        for (name, force, running) in [
            ("app", false, false), ("app", false, true), (image.id.short, true, true), (image.id.short, false, false),
        ] {
            let error = try await failure {
                _ = try await fixture.store.remove(name, force: force, uses: [self.use(image, running: running)])
            }
            guard case .conflict(let message) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(message.contains("container box"), "\(message)")
        }
        // Forced: the name goes, what the container needs stays.
        #expect(
            try await fixture.store.remove("app", force: true, uses: [use(image, running: true)]) == [
                .untagged("app:latest")
            ])
        #expect(try fixture.store.image(image.id.short).isDangling)
        #expect(try fixture.reopened().image(image.id.short).layers == image.layers)
        // With the container goes the reason.
        #expect(try await fixture.store.prune(uses: []).removals.first == .deleted("\(image.id)"))
    }

    @Test func prune() async throws {
        let fixture = try StoreFixture()
        let kept = try await fixture.importing(Tar.rootfs, as: "kept")
        let dangling = try await fixture.importing(Tar { $0.file("d", "12345") }.bytes, as: nil)
        let used = try await fixture.importing(Tar { $0.file("u", "1") }.bytes, as: nil)
        let pruned = try await fixture.store.prune(uses: [use(used, running: false)])
        #expect(pruned.removals.first == .deleted("\(dangling.id)"))
        #expect(pruned.reclaimed == 5 + 2048)
        #expect(try Set(fixture.store.images().map(\.id)) == [kept.id, used.id])
        let all = try await fixture.store.prune(all: true, uses: [])
        #expect(all.removals.contains(.untagged("kept:latest")))
        #expect(try fixture.contents().isEmpty)
    }

    @Test func pruneByLabel() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: nil, changes: ["LABEL stage=build"])
        try await fixture.importing(Tar.rootfs, as: nil, changes: ["LABEL stage=test"])
        var filters = ImageFilters()
        filters.labels = ["stage=build"]
        _ = try await fixture.store.prune(filters, uses: [])
        #expect(try fixture.store.images().map(\.labels) == [["stage": "test"]])
    }

    @Test func tagMoves() async throws {
        let fixture = try StoreFixture()
        let first = try await fixture.importing(Tar.rootfs, as: "app")
        let second = try await fixture.importing(Tar { $0.file("x", "y") }.bytes, as: "app")
        #expect(try fixture.store.image("app").id == second.id)
        #expect(try fixture.store.image(first.id.short).isDangling)
        let error = try await failure { try await fixture.store.tag("app", as: "UPPER") }
        #expect("\(error)".contains("lowercase"))
    }
}

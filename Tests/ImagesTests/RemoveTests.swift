import Images
import Linux
import TestKit
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

    /// As Docker: with an image goes what it was made of, where nothing else needs that; `noprune` keeps it.
    @Test func parentsGoAlong() async throws {
        let fixture = try StoreFixture()
        let base = try await fixture.importing(Tar.rootfs, as: "base")
        func commit(_ image: Image, _ file: String, as name: String?) async throws -> Image {
            let directory = fixture.directory("c-" + file)
            _ = try await fixture.store.rootfs(for: image.id, container: directory)
            try fixture.directory.write(file, to: "c-\(file)/upper/\(file)")
            var request = CommitRequest(
                image: image.id, containerDirectory: directory, containerID: "c", defaults: ContainerDefaults())
            request.reference = name
            return try await fixture.store.commit(request)
        }
        let middle = try await commit(base, "middle", as: nil)
        let (first, second) = (try await commit(middle, "a", as: "first"), try await commit(middle, "b", as: "second"))
        // An untagged image that others are made of is listed only among all.
        var filters = ImageFilters()
        filters.hidesParents = true
        #expect(try Set(fixture.store.images(filters).map(\.id)) == [base.id, first.id, second.id])
        #expect(try fixture.store.images().count == 4)
        #expect(try await fixture.store.prune(uses: []).removals == [])

        let kept = try await fixture.store.remove("first", uses: [])
        #expect(kept.contains(.deleted("\(first.id)")) && !kept.contains(.deleted("\(middle.id)")))
        _ = try await fixture.store.tag("second", as: "again")
        #expect(try await fixture.store.remove("second", uses: []) == [.untagged("second:latest")])
        let third = try await commit(middle, "c", as: "third")
        _ = try await fixture.store.remove("again", uses: [])
        #expect(try await fixture.store.remove("third", keepingParents: true, uses: []).count == 3)
        #expect(try fixture.store.image(middle.id.short).isDangling)
        #expect(third.parent == middle.id)
        let fourth = try await commit(middle, "d", as: "fourth")
        let gone = try await fixture.store.remove("fourth", uses: [])
        #expect(gone.filter { $0 == .deleted("\(fourth.id)") || $0 == .deleted("\(middle.id)") }.count == 2)
        #expect(try fixture.store.images().map(\.id) == [base.id])
    }

    /// What a pull that broke off has left is space to be had.
    @Test func pruneTakesTheRemainsOfPulls() async throws {
        let fixture = try StoreFixture()
        let hex = String(repeating: "ab", count: 32)
        let ingest = fixture.directory.path + "/images/ingest"
        try #require(try File.status(of: ingest) != nil)
        for name in [hex + ".part", hex] {
            try File.open(ingest + "/" + name, [.writeOnly, .create]).writeAll([UInt8](repeating: 1, count: 1000))
        }
        var filters = ImageFilters()
        filters.labels = ["a=b"]
        #expect(try await fixture.store.prune(filters, uses: []).reclaimed == 0)
        filters.labels = []
        filters.until = 1000
        #expect(try await fixture.store.prune(filters, uses: []).reclaimed == 0)
        #expect(try await fixture.store.prune(uses: []).reclaimed == 2000)
        #expect(try File.list(ingest).isEmpty)
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

import Images
import Testing

@Suite(.timeLimit(.minutes(1))) struct LookupTests {
    @Test func findsByEveryName() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "user/app:1")
        for name in [
            "user/app:1", "docker.io/user/app:1", image.id.description, image.id.hex, image.id.short,
            "sha256:" + image.id.hex.prefix(7), String(image.id.hex.prefix(1)), "user/app@\(image.manifest)",
        ] {
            #expect(try fixture.store.image(name).id == image.id, "\(name)")
        }
        for name in ["user/app", "app:1", "sha256:" + String(repeating: "0", count: 64), "other@\(image.manifest)"] {
            #expect(throws: ImageError.notFound(name)) { try fixture.store.image(name) }
        }
        #expect(throws: ImageError.self) { try fixture.store.image("sha256:xyz") }
        #expect(throws: ImageError.self) { try fixture.store.image("") }
    }

    @Test func tellsAmbiguousPrefixes() async throws {
        let fixture = try StoreFixture()
        // By the pigeon-hole principle two of 17 share the first digit.
        for index in 0..<17 { try await fixture.importing(Tar { $0.file("f", "\(index)") }.bytes, as: "i:\(index)") }
        let ids = try fixture.store.images().map(\.id)
        let shared = try #require(ids.first { id in ids.filter { $0.hex.prefix(1) == id.hex.prefix(1) }.count > 1 })
        let error = #expect(throws: ImageError.self) { try fixture.store.image(String(shared.hex.prefix(1))) }
        guard case .ambiguous(_, let candidates)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(candidates.count > 1 && candidates.contains(shared))
    }

    @Test func filters() async throws {
        let fixture = try StoreFixture()
        let old = try await fixture.store.load(
            from: .path(try fixture.file("a.tar", try DockerArchive(layers: [Tar.rootfs]).bytes(tags: ["old/app:1.2"])))
        )
        try await fixture.importing(Tar.rootfs, as: "new", changes: ["LABEL k=v"])
        try await fixture.importing(Tar { $0.file("x", "y") }.bytes, as: nil)
        func names(_ change: (inout ImageFilters) -> Void) throws -> [[String]] {
            var filters = ImageFilters()
            change(&filters)
            return try fixture.store.images(filters).map(\.repoTags)
        }
        #expect(try names { _ in }.last == ["old/app:1.2"])
        #expect(try names { $0.dangling = true } == [[]])
        #expect(try names { $0.references = ["new"] } == [["new:latest"]])
        #expect(try names { $0.references = ["*/app"] } == [["old/app:1.2"]])
        #expect(try names { $0.references = ["*/app:1.*"] } == [["old/app:1.2"]])
        #expect(try names { $0.references = ["old"] } == [])
        #expect(try names { $0.labels = ["k"] } == [["new:latest"]])
        #expect(try names { $0.labels = ["k=w"] } == [])
        #expect(try names { $0.before = "new" }.contains(["old/app:1.2"]))
        #expect(try names { $0.since = "old/app:1.2" }.count == 2)
        #expect(try names { $0.until = old[0].image.createdAt + 1 } == [["old/app:1.2"]])
        #expect(throws: ImageError.notFound("nope")) { try names { $0.before = "nope" } }
    }

    @Test func history() async throws {
        let fixture = try StoreFixture()
        var request = ImportRequest()
        request.reference = "app"
        request.message = "first"
        _ = try await fixture.store.importRootfs(from: .path(try fixture.file("r.tar", Tar.rootfs)), request)
        let history = try fixture.store.history(of: "app")
        #expect(history.count == 1)
        #expect(history[0].comment == "first" && history[0].size == 18 && history[0].tags == ["app:latest"])
    }
}

import Images
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct CrashTests {
    @Test func sweepRemovesWhatACrashLeft() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        let before = try fixture.contents()
        // Half-made: a layer being unpacked, a blob and a layer the index never came to name, a half-written index.
        for path in ["tmp/layer-1/diff/etc", "layers/" + String(repeating: "a", count: 64) + "/diff"] {
            _ = try fixture.directory.makeDirectory("images/" + path)
        }
        try fixture.directory.write("x", to: "images/tmp/blob-1")
        try fixture.directory.write("x", to: "images/blobs/sha256/" + String(repeating: "b", count: 64))
        try fixture.directory.write("{", to: "images/index.json.1.tmp")
        try File.makeLink(fixture.directory("images/links/12345678"), to: "../layers/none/diff")
        let store = try fixture.reopened()
        #expect(try fixture.contents() == before)
        #expect(try store.image("app") == image)
        #expect(try File.status(of: fixture.directory("images/index.json.1.tmp")) == nil)
    }

    /// A large leftover does not delay the daemon's start.
    @Test func leftoversAreDeletedInTheBackground() async throws {
        let fixture = try StoreFixture()
        _ = try fixture.directory.makeDirectory("images/tmp/layer-1/diff/etc")
        var configuration = fixture.store.configuration
        configuration.deletesInBackground = true
        let store = try ImageStore(configuration)
        #expect(try File.list(fixture.directory("images/tmp")).isEmpty)
        try eventually("the trash is empty") { try File.list(fixture.directory("images/trash")).isEmpty }
        #expect(try store.images().isEmpty)
    }

    @Test func damagedIndexIsTold() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: "app")
        let before = try fixture.contents()
        try fixture.directory.write("{ not json", to: "images/index.json")
        let error = #expect(throws: ImageError.self) { try fixture.reopened() }
        guard case .damaged(let message)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains("index.json"))
        #expect(try fixture.contents() == before)
    }

    /// Containers stand on the layers: they are not taken for leftovers because the index is gone.
    @Test func aLostIndexTakesNothingWithIt() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        let index = fixture.directory("images/index.json")
        try File.rename(index, to: fixture.directory("aside"))
        let before = try fixture.contents()
        let error = #expect(throws: ImageError.self) { try fixture.reopened() }
        #expect("\(String(describing: error))".contains("index.json"))
        #expect(try fixture.contents() == before)
        try File.rename(fixture.directory("aside"), to: index)
        #expect(try fixture.reopened().image("app") == image)
    }

    @Test func anEmptyStoreHasAnIndex() throws {
        let fixture = try StoreFixture()
        #expect(try File.status(of: fixture.directory("images/index.json")) != nil)
        #expect(try fixture.reopened().images().isEmpty)
    }

    /// One image is damaged: the others work, and nothing is swept away that a repair may need.
    @Test func damagedImageIsSetAside() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        try await fixture.importing(Tar { $0.file("x", "y") }.bytes, as: "well")
        let blob = fixture.directory("images/blobs/sha256/" + image.id.hex)
        try File.rename(blob, to: fixture.directory("aside"))
        var store = try fixture.reopened()
        #expect(store.damaged.count == 1 && store.damaged[0].contains("app"))
        #expect(try store.images().map(\.repoTags) == [["well:latest"]])
        try await store.tag("well", as: "more")
        try File.rename(fixture.directory("aside"), to: blob)
        store = try fixture.reopened()
        #expect(store.damaged.isEmpty)
        #expect(try store.image("app").id == image.id)
    }

    /// The daemon is killed in the middle of a load, again and again: images that were there stay, and nothing leaks.
    @Test func helperDiesWithTheLoad() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: "app")
        let before = try fixture.contents()
        let pipe = try Pipe()
        let writing = pipe.writing
        let box = SourceBox(.stream(pipe.reading, name: "stdin"))
        let store = fixture.store
        let task = Task { try await store.load(from: box.take()) }
        try writing.writeAll(Array(Tar.rootfs.prefix(1024)))
        try eventually("the helper runs") { try !File.list(fixture.directory("images/tmp")).isEmpty }
        // The client hangs up.
        try writing.close()
        guard case .badArchive = try await failure({ _ = try await task.value }) else {
            Issue.record("a truncated stream was accepted")
            return
        }
        #expect(try fixture.contents() == before)
    }

    @Test func missingHelperIsNamed() async throws {
        let directory = try TemporaryDirectory("images")
        var configuration = ImageStore.Configuration(
            directory: directory("images"), helper: "/nonexistent/quell-unpack")
        configuration.deletesInBackground = false
        let store = try ImageStore(configuration)
        let path = try directory.file("r.tar", Tar.rootfs)
        let error = try await failure { _ = try await store.importRootfs(from: .path(path), ImportRequest()) }
        #expect("\(error)".contains("/nonexistent/quell-unpack"))
        let none = try await failure { _ = try await store.importRootfs(from: .path("/nonexistent"), ImportRequest()) }
        #expect("\(none)".contains("/nonexistent"))
    }
}

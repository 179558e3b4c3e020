import Images
import Linux
import RegistryWire
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct SaveTests {
    private func save(_ fixture: StoreFixture, _ names: [String]) async throws -> String {
        let path = fixture.directory("saved.tar")
        let file = try File.open(path, [.writeOnly, .create, .truncate])
        try await fixture.store.save(names, to: file)
        return path
    }

    @Test func roundTrip() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs, Tar { $0.file("x", "y") }.bytes])
        try await fixture.store.load(
            from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app:1", "app:2", "b/c:3"]))))
        try await fixture.importing(Tar.rootfs, as: "plain")
        let path = try await save(fixture, ["app:1", "b/c", "plain", "app:2"])
        let other = try StoreFixture()
        let loaded = try await other.store.load(from: .path(path))
        #expect(
            loaded.map { $0.references.map(\.familiar).sorted() } == [["app:1", "app:2", "b/c:3"], ["plain:latest"]])
        let (before, after) = (try fixture.store.image("app:1"), try other.store.image("app:1"))
        #expect(before.id == after.id && before.manifest == after.manifest && before.layers == after.layers)
        #expect(try fixture.store.configurationBytes(of: "app:1") == other.store.configurationBytes(of: "app:1"))
    }

    @Test func nameWithoutTagMeansAllTags() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app:1")
        try await fixture.store.tag("app:1", as: "app:2")
        try await fixture.store.tag("app:1", as: "other")
        let all = try StoreFixture()
        #expect(
            try await all.store.load(from: .path(try await save(fixture, ["app"])))[0].image.repoTags == [
                "app:1", "app:2",
            ])
        let byID = try StoreFixture()
        #expect(try await byID.store.load(from: .path(try await save(fixture, [image.id.short])))[0].image.isDangling)
    }

    /// The archive's parts, as Docker's `load` looks for them.
    @Test func isADockerArchiveToo() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: "app")
        let path = try await save(fixture, ["app"])
        let manifest = try run("/bin/tar", ["-xOf", path, "manifest.json"])
        let image = try fixture.store.image("app")
        #expect(manifest.contains(#""Config":"blobs/sha256/\#(image.id.hex)""#))
        #expect(manifest.contains(#""RepoTags":["app:latest"]"#))
        #expect(manifest.contains(#""Layers":["blobs/sha256/\#(image.layers[0].blob.hex)"]"#))
        #expect(try run("/bin/tar", ["-tf", path]).contains("oci-layout"))
        // Without index.json it is a docker-archive only.
        let parts = try fixture.directory.makeDirectory("parts")
        _ = try run(
            "/bin/sh", ["-c", "cd \(parts) && tar -xf \(path) && rm index.json oci-layout && tar -cf \(path) *"])
        let other = try StoreFixture()
        #expect(try await other.store.load(from: .path(path))[0].image.id == image.id)
    }

    @Test func loadsALayoutDirectory() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        let path = try await save(fixture, ["app"])
        let layout = try fixture.directory.makeDirectory("layout")
        _ = try run("/bin/tar", ["-xf", path, "-C", layout])
        let other = try StoreFixture()
        #expect(try await other.store.load(from: .path(layout))[0].image.id == image.id)
        #expect(try File.status(of: layout + "/blobs/sha256/" + image.layers[0].blob.hex) != nil)
        // A damaged blob in it is found, and nothing is loaded.
        let blob = layout + "/blobs/sha256/" + image.layers[0].blob.hex
        _ = try run("/bin/sh", ["-c", "printf X | dd of=\(blob) bs=1 seek=1540 conv=notrunc 2>/dev/null"])
        let third = try StoreFixture()
        let error = try await failure { _ = try await third.store.load(from: .path(layout)) }
        #expect("\(error)".contains("the digest is sha256:"), "\(error)")
        #expect(try third.contents().isEmpty)
    }

    @Test func choosesThisMachinesImage() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: "app")
        var request = ImportRequest()
        request.reference = "foreign"
        request.platform = "linux/s390x"
        let foreign = try await fixture.store.importRootfs(from: .path(try fixture.file("r.tar", Tar.rootfs)), request)
        #expect(foreign.configuration.architecture == "s390x")
        let layout = try fixture.directory.makeDirectory("layout")
        _ = try run("/bin/tar", ["-xf", try await save(fixture, ["app", "foreign"]), "-C", layout])
        let own = try fixture.store.image("app")
        func descriptor(_ image: Image, _ architecture: String) throws -> String {
            let size = try File.read(layout + "/blobs/sha256/" + image.manifest.hex).count
            return
                #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(image.manifest)","size":\#(size),"#
                + #""platform":{"os":"linux","architecture":"\#(architecture)"}}"#
        }
        let architecture = try #require(own.configuration.architecture)
        let index = Array(
            #"{"schemaVersion":2,"manifests":[\#(try descriptor(foreign, "s390x")),\#(try descriptor(own, architecture))]}"#
                .utf8)
        let hex = try sha256(index)
        _ = try fixture.file("layout/blobs/sha256/" + hex, index)
        let top =
            #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:\#(hex)","size":\#(index.count),"annotations":{"org.opencontainers.image.ref.name":"multi:1"}}]}"#
        try fixture.directory.write(top, to: "layout/index.json")
        try File.unlink(layout + "/manifest.json")
        let other = try StoreFixture()
        let loaded = try await other.store.load(from: .path(layout))
        #expect(loaded.map(\.image.id) == [own.id])
        #expect(loaded[0].references.map(\.familiar) == ["multi:1"])

        let third = try StoreFixture()
        let asked = try await third.store.load(
            from: .path(layout), platform: RegistryPlatform(os: "linux", architecture: "s390x"))
        #expect(asked.map(\.image.id) == [foreign.id])
        let error = try await failure {
            _ = try await third.store.load(
                from: .path(layout), platform: RegistryPlatform(os: "linux", architecture: "riscv64"))
        }
        #expect("\(error)".contains("holds no image for linux/riscv64"), "\(error)")
    }

    @Test func unknownAndNone() async throws {
        let fixture = try StoreFixture()
        for names in [["nope"], []] {
            let error = try await failure { _ = try await self.save(fixture, names) }
            #expect(names.isEmpty ? error == .invalid("save: which images?") : error == .notFound("nope"))
        }
    }

    @Test func readerThatLeavesIsAnError() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar { $0.file("large", String(repeating: "x", count: 1 << 20)) }.bytes, as: "app")
        let pipe = try Pipe()
        let output = pipe.writing
        try pipe.reading.close()
        let box = DescriptorBox(output)
        let error = try await failure { try await fixture.store.save(["app"], to: box.take()) }
        guard case .system(_, _, 32) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(try File.list(fixture.directory.path + "/images/tmp").isEmpty)
    }
}

import Images
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct LoadTests {
    /// docker-archive, as `docker save` wrote it before version 25: `<id>.json`, `<layer>/layer.tar`, manifest.json.
    @Test func loadsDockerArchive() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs, Tar { $0.file("second", "2") }.bytes])
        let loaded = try await fixture.store.load(
            from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app:1", "other/app:2"]))))
        #expect(loaded.map { $0.references.map(\.familiar) } == [["app:1", "other/app:2"]])
        let image = try fixture.store.image("other/app:2")
        #expect(image.id.hex == archive.configHex)
        #expect(image.layers.count == 2)
        #expect(image.configuration.config?.cmd == ["/bin/tool"])
        #expect(image.layers.map(\.diffID.hex) == archive.layerHexes)
        #expect(try fixture.reopened().image("app:1") == fixture.store.image("app:1"))
    }

    @Test func loadsFromStreamAndCompressed() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs])
        let path = try fixture.file("a.tar", archive.bytes(tags: []))
        _ = try run("/usr/bin/gzip", [path])
        let file = try File.open(path + ".gz", .readOnly)
        let loaded = try await fixture.store.load(from: .stream(file, name: "stdin"))
        #expect(loaded.count == 1)
        #expect(loaded[0].references.isEmpty)
        #expect(loaded[0].image.isDangling)
    }

    /// From pipe to pipe nothing is copied, and all of it arrives.
    @Test func loadsFromPipe() async throws {
        let fixture = try StoreFixture()
        let layer = Tar {
            $0.file("large", (0..<100_000).map { "\($0)" }.joined())
            $0.file("small", "1")
        }.bytes
        let bytes = try DockerArchive(layers: [layer]).bytes(tags: ["app"])
        let pipe = try Pipe()
        pipe.enlarge()
        try #require(bytes.count < 1 << 20)
        try pipe.writing.writeAll(bytes)
        let reading = pipe.reading
        try pipe.writing.close()
        let box = SourceBox(.stream(reading, name: "stdin"))
        let loaded = try await fixture.store.load(from: try box.take())
        #expect(loaded.first?.image.layers.first?.blobSize == Int64(layer.count))
        #expect(loaded.first?.image.layers.first.map { $0.blob == $0.diffID } == true)
    }

    /// Two layers of the same content, the second one a symbolic link to the first.
    @Test func followsLinksBetweenLayers() async throws {
        let fixture = try StoreFixture()
        let layer = Tar.rootfs
        let archive = try DockerArchive(layers: [layer, layer])
        let bytes = archive.bytes(tags: ["app"], linkingRepeats: true)
        try await fixture.store.load(from: .path(try fixture.file("a.tar", bytes)))
        let image = try fixture.store.image("app")
        #expect(image.layers.count == 2)
        #expect(image.layers[0].blob == image.layers[1].blob)
        #expect(image.layers[0].chainID != image.layers[1].chainID)
    }

    @Test func linkOutOfTheArchiveIsNotFollowed() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs])
        for target in ["/etc/passwd", "../../../../../../../etc/passwd", "/proc/self/environ"] {
            let bytes = archive.bytes(tags: ["app"], layerLink: target)
            let error = try await failure {
                _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", bytes)))
            }
            guard case .badArchive(_, let entry, let fault) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(entry == "\(archive.layerHexes[0])/layer.tar")
            #expect(fault == "missing from the archive")
        }
        #expect(try fixture.contents().isEmpty)
    }

    /// What the store has need not be read; what an archive says of it must be true all the same.
    @Test func aChangedLayerThatTheStoreHasIsRefused() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar { $0.file("letter", "distinctive") }.bytes])
        try await fixture.store.load(from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app"]))))
        let path = try fixture.file("saved.tar", [])
        try await fixture.store.save(["app"], to: try File.open(path, [.writeOnly, .truncate]))
        #expect(try await fixture.store.load(from: .path(path)).count == 1)

        var bytes = try File.read(path)
        let place = try #require(bytes.firstRange(of: Array("distinctive".utf8)))
        bytes[place.lowerBound] ^= 1
        let error = try await failure {
            _ = try await fixture.store.load(from: .path(try fixture.file("changed.tar", bytes)))
        }
        guard case .badArchive(_, let entry, let fault) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(entry?.contains(archive.layerHexes[0]) == true && fault.contains("the layer is corrupt"), "\(error)")
    }

    /// Docker before 1.10: no manifest.json, only `repositories` and `<layer>/json`.
    @Test func loadsLegacyArchive() async throws {
        let fixture = try StoreFixture()
        let (low, high) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        let tar = Tar {
            $0.file("repositories", #"{"old":{"v1":"\#(high)"}}"#)
            $0.directory("\(low)/")
            $0.file("\(low)/json", #"{"id":"\#(low)","created":"2014-01-02T03:04:05Z","os":"linux"}"#)
            $0.add("\(low)/layer.tar", .file, Tar.rootfs)
            $0.directory("\(high)/")
            $0.file("\(high)/json", #"{"id":"\#(high)","parent":"\#(low)","config":{"Cmd":["sh"]},"os":"linux"}"#)
            $0.add("\(high)/layer.tar", .file, Tar { $0.file("x", "y") }.bytes)
        }
        try await fixture.store.load(from: .path(try fixture.file("a.tar", tar.bytes)))
        let image = try fixture.store.image("old:v1")
        #expect(image.layers.count == 2)
        #expect(image.configuration.config?.cmd == ["sh"])
    }

    @Test func layersAreShared() async throws {
        let fixture = try StoreFixture()
        let base = Tar.rootfs
        let one = try DockerArchive(layers: [base, Tar { $0.file("1", "1") }.bytes])
        let two = try DockerArchive(layers: [base, Tar { $0.file("2", "2") }.bytes])
        try await fixture.store.load(from: .path(try fixture.file("1.tar", one.bytes(tags: ["one"]))))
        try await fixture.store.load(from: .path(try fixture.file("2.tar", two.bytes(tags: ["two"]))))
        #expect(try File.list(fixture.directory.path + "/images/layers").count == 3)
        let usage = try fixture.store.diskUsage()
        #expect(usage.layersSize == 20)
        #expect(usage.images.map(\.sharedSize) == [18, 18])
        #expect(usage.images.map(\.uniqueSize) == [1, 1])
    }

    @Test func concurrentLoadsOfTheSameImage() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs, Tar { $0.file("x", "y") }.bytes])
        let path = try fixture.file("a.tar", archive.bytes(tags: ["app"]))
        let store = fixture.store
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await store.load(from: .path(path))[0].image.id.hex } }
            for try await id in group { #expect(id == archive.configHex) }
        }
        #expect(try store.images().count == 1)
        #expect(try File.list(fixture.directory.path + "/images/tmp").isEmpty)
        #expect(try File.list(fixture.directory.path + "/images/layers").count == 2)
        #expect(try fixture.reopened().damaged.isEmpty)
    }

    /// Loads and removals of images that share layers, at once: what is named afterwards is whole.
    @Test func concurrentLoadsAndRemovals() async throws {
        let fixture = try StoreFixture()
        let base = Tar.rootfs
        var paths: [String] = []
        for index in 0..<4 {
            let archive = try DockerArchive(layers: [base, Tar { $0.file("\(index)", "x") }.bytes])
            paths.append(try fixture.file("\(index).tar", archive.bytes(tags: ["app:\(index)"])))
        }
        let store = fixture.store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, path) in paths.enumerated() {
                group.addTask {
                    for _ in 0..<4 {
                        try await store.load(from: .path(path))
                        if index % 2 == 0 { _ = try await store.remove("app:\(index)", uses: []) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.images().flatMap(\.repoTags).sorted() == ["app:1", "app:3"])
        let reopened = try fixture.reopened()
        #expect(reopened.damaged.isEmpty)
        #expect(try reopened.images().count == 2)
        #expect(try File.list(fixture.directory.path + "/images/layers").count == 3)
    }

    @Test func wrongDigestsAreRefused() async throws {
        let fixture = try StoreFixture()
        var archive = try DockerArchive(layers: [Tar.rootfs])
        archive.layers[0] = Tar { $0.file("other", "x") }.bytes
        var error = try await failure {
            _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app"]))))
        }
        #expect("\(error)".contains("digest of the uncompressed layer is sha256:"), "\(error)")
        #expect("\(error)".contains("/layer.tar"), "\(error)")
        archive = try DockerArchive(layers: [Tar.rootfs])
        archive.config.append(UInt8(ascii: " "))
        error = try await failure {
            _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app"]))))
        }
        #expect("\(error)".contains("\(archive.configHex).json: the digest is"), "\(error)")
        #expect(try fixture.contents().isEmpty)
        #expect(try fixture.store.images().isEmpty)
    }

    @Test func truncatedAndForeignArchivesAreRefused() async throws {
        let fixture = try StoreFixture()
        let whole = try DockerArchive(layers: [Tar.rootfs]).bytes(tags: ["app"])
        for length in stride(from: 100, to: whole.count - 1024, by: 1500) {
            let error = try await failure {
                _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", Array(whole.prefix(length)))))
            }
            guard case .badArchive = error else {
                Issue.record("\(length): \(error)")
                continue
            }
        }
        let error = try await failure {
            _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", Tar { $0.file("x", "y") }.bytes)))
        }
        #expect("\(error)".contains("import it"))
        #expect(try fixture.contents().isEmpty)
    }

    @Test func badDocumentsAreRefused() async throws {
        let fixture = try StoreFixture()
        let archive = try DockerArchive(layers: [Tar.rootfs])
        let cases: [(String, String)] = [
            ("{", "not JSON"), ("{}", "wrong type"), (#"[{"RepoTags":[]}]"#, "Config is missing"),
            (#"[{"Config":"../../../etc/passwd","Layers":[]}]"#, "missing from the archive"),
            (#"[{"Config":"\#(archive.configHex).json","Layers":[]}]"#, "0 layers, but 1"),
            (
                #"[{"Config":"\#(archive.configHex).json","RepoTags":["BAD"],"Layers":["\#(archive.layerHexes[0])/layer.tar"]}]"#,
                "lowercase"
            ),
            ("[]", "holds no image"),
        ]
        for (manifest, says) in cases {
            let error = try await failure {
                let bytes = archive.bytes(tags: [], manifest: manifest)
                _ = try await fixture.store.load(from: .path(try fixture.file("a.tar", bytes)))
            }
            #expect("\(error)".contains(says), "\(manifest): \(error)")
        }
        #expect(try fixture.contents().isEmpty)
    }

    /// Bytes of an archive changed at random: an error or an image, never a crash, and never half an image.
    @Test func survivesMutation() async throws {
        let fixture = try StoreFixture()
        let source = try StoreFixture()
        let docker = try DockerArchive(layers: [Tar.rootfs, Tar { $0.file("x", "y") }.bytes]).bytes(tags: ["app"])
        try await source.store.load(from: .path(try source.file("a.tar", docker)))
        let saved = source.directory("oci.tar")
        try await source.store.save(["app"], to: try File.open(saved, [.writeOnly, .create]))
        var generator = Seed.generator(for: "loaded archives")
        for original in [docker, try File.read(saved, limit: 1 << 20)] {
            for _ in 0..<40 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 32...126, using: &generator)
                }
                let path = try fixture.file("a.tar", bytes)
                do throws(ImageError) { try await fixture.store.load(from: .path(path)) } catch {
                    #expect(!"\(error)".contains("ended"), "\(error)")
                }
            }
        }
        #expect(try fixture.reopened().damaged.isEmpty)
        #expect(try fixture.reopened().images() == fixture.store.images())
        #expect(try File.list(fixture.directory("images/tmp")).isEmpty)
    }

    @Test func falseSizesAreRefused() async throws {
        let source = try StoreFixture()
        try await source.importing(Tar.rootfs, as: "app")
        let layout = try source.directory.makeDirectory("layout")
        let saved = source.directory("oci.tar")
        try await source.store.save(["app"], to: try File.open(saved, [.writeOnly, .create]))
        _ = try run("/bin/tar", ["-xf", saved, "-C", layout])
        let index = String(decoding: try File.read(layout + "/index.json"), as: UTF8.self)
        let size = try #require(index.split(separator: "\"size\":").last?.prefix { $0.isNumber })
        try source.directory.write(
            index.split(separator: "\"size\":\(size)").joined(separator: "\"size\":9223372036854775807"),
            to: "layout/index.json")
        let fixture = try StoreFixture()
        let error = try await failure { try await fixture.store.load(from: .path(layout)) }
        #expect("\(error)".contains("not 9223372036854775807 as promised"), "\(error)")
    }
}

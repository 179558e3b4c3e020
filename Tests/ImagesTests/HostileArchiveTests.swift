import Images
import Linux
import TestKit
import Testing

/// Archives written to do harm: an error that names the entry, or contained; and nothing outside was touched.
@Suite(.timeLimit(.minutes(1))) struct HostileArchiveTests {
    static let refused: [(String, @Sendable (inout Tar) -> Void)] = [
        ("a name that climbs out", { $0.file("../../quell-evil", "x") }),
        ("a name that climbs out in the middle", { $0.file("a/../../quell-evil", "x") }),
        ("a hard link to outside", { $0.add("h", .hardLink, link: "../../../etc/passwd") }),
        ("a hard link to an absolute name", { $0.add("h", .hardLink, link: "/etc/passwd") }),
        ("a whiteout of the parent", { $0.file(".wh...") }),
        ("a whiteout of the directory", { $0.file("d/.wh..") }),
        ("a whiteout of nothing", { $0.file("d/.wh.") }),
        ("a root that is a file", { $0.file(".", "x") }),
        ("a root that is a link", { $0.add("./", .symbolicLink, link: "/etc") }),
        ("a link to nothing", { $0.add("l", .symbolicLink) }),
        (
            "a file below a file",
            {
                $0.file("f", "x")
                $0.file("f/g", "x")
            }
        ),
        (
            "a write through a link to /etc",
            {
                $0.add("l", .symbolicLink, link: "/etc")
                $0.file("l/quell-evil", "x")
            }
        ),
        (
            "a write through a link that climbs out",
            {
                $0.add("l", .symbolicLink, link: "../../../../../../etc")
                $0.file("l/quell-evil", "x")
            }
        ),
    ]

    @Test(arguments: refused.indices) func isRefused(index: Int) async throws {
        let (_, build) = Self.refused[index]
        let fixture = try StoreFixture()
        try await fixture.importing(Tar.rootfs, as: "before")
        let before = try fixture.contents()
        let error = try await failure { try await fixture.importing(Tar(build).bytes, as: "evil") }
        switch error {
        case .badArchive(_, let entry, _): #expect(entry != nil)
        case .system(_, let subject, _): #expect(!subject.isEmpty)
        case let other: Issue.record("\(other)")
        }
        #expect(try fixture.contents() == before)
        #expect(try fixture.store.images().map(\.repoTags) == [["before:latest"]])
        for path in ["/quell-evil", "/etc/quell-evil", "/tmp/quell-evil", fixture.directory("quell-evil")] {
            #expect(try File.status(of: path) == nil)
        }
    }

    @Test func absoluteNamesStayInside() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(
            Tar {
                $0.file("/quell-evil", "x")
                $0.add("etc", .symbolicLink, link: "/real")
                $0.directory("real/")
                $0.file("etc/quell-evil", "x")
            }.bytes, as: "app")
        #expect(try File.status(of: "/quell-evil") == nil)
        #expect(try File.status(of: "/etc/quell-evil") == nil)
        let mount = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = mount else { return }
        #expect(try File.status(of: overlay.lowerDirectories[0] + "/real/quell-evil") != nil)
    }

    @Test func overlayAttributesAreNotTaken() async throws {
        // trusted.overlay.redirect would make the kernel show another layer's files.
        let fixture = try StoreFixture()
        let tar = Tar {
            $0.attributes(["trusted.overlay.redirect": "/etc", "user.overlay.metacopy": "", "user.kept": "yes"])
            $0.file("file", "x")
        }
        let image = try await fixture.importing(tar.bytes, as: nil)
        let mount = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = mount else { return }
        #expect(try attributes(of: overlay.lowerDirectories[0] + "/file") == ["user.kept"])
    }

    @Test func bombsAreStopped() async throws {
        var limits = ImageStore.Limits()
        limits.unpackedBytes = 1 << 20
        limits.entries = 100
        let fixture = try StoreFixture(limits: limits)
        let bomb = fixture.directory("bomb")
        _ = try run(
            "/bin/sh",
            ["-c", "cd \(fixture.directory.path) && truncate -s 50M zeros && tar -cz zeros > bomb && rm zeros"])
        var error = try await failure { _ = try await fixture.store.importRootfs(from: .path(bomb), ImportRequest()) }
        #expect("\(error)".contains("larger than 1048576 bytes"))
        let large = Tar { tar in for index in 0..<5 { tar.file("f\(index)", String(repeating: "x", count: 300_000)) } }
        error = try await failure { try await fixture.importing(large.bytes, as: nil) }
        #expect("\(error)".contains("unpacks to more than 1048576 bytes"))
        let many = Tar { tar in for index in 0..<200 { tar.file("f\(index)") } }
        error = try await failure { try await fixture.importing(many.bytes, as: nil) }
        #expect("\(error)".contains("more than 100 entries"))
        #expect(try fixture.contents().isEmpty)
    }

    @Test(arguments: [1, 100, 511, 512, 700, 1024, 1600, 2048]) func truncatedIsRefused(_ length: Int) async throws {
        let fixture = try StoreFixture()
        let error = try await failure { try await fixture.importing(Array(Tar.rootfs.prefix(length)), as: "app") }
        guard case .badArchive(let archive, _, let fault) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(archive.hasSuffix("rootfs.tar"))
        #expect(!fault.isEmpty)
        #expect(try fixture.contents().isEmpty)
    }

    @Test func garbageIsRefused() async throws {
        let fixture = try StoreFixture()
        for bytes in [
            [], Array("not a tar at all".utf8), [UInt8](repeating: 0xff, count: 10000), [0x1f, 0x8b, 8, 0, 1, 2, 3],
        ] {
            let error = try await failure { try await fixture.importing(bytes, as: nil) }
            guard case .badArchive = error else {
                Issue.record("\(error)")
                continue
            }
        }
        #expect(try fixture.contents().isEmpty)
    }

    /// Every byte of a small archive changed in turn, and every length: never a crash of the helper, never a trace.
    @Test func survivesMutation() async throws {
        let fixture = try StoreFixture()
        var generator = Seed.generator(for: "hostile archives")
        for _ in 0..<60 {
            var bytes = Tar.rootfs
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                try await fixture.importing(bytes, as: nil)
            } catch let error as ImageError {
                // A signal would be told as "ended by".
                #expect(!"\(error)".contains("ended"), "\(error)")
            }
        }
        #expect(try File.list(fixture.directory.path + "/images/tmp").isEmpty)
    }
}

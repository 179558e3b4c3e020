import Images
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct CommitTests {
    /// Runs a shell script in the merged root, as a container would change it.
    private func change(_ fixture: StoreFixture, _ image: Image, _ script: String) async throws -> Images.OverlayMount {
        let plan = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = plan else { throw TestFailure("no overlayfs") }
        try RootfsTests.mount(overlay)
        _ = try run("/bin/sh", ["-c", "cd \(overlay.target) && " + script])
        try Mount.unmountWhenUnused(overlay.target)
        return overlay
    }

    @Test func changesOfAContainer() async throws {
        let fixture = try StoreFixture()
        let image = try await RootfsTests.image(fixture, [RootfsTests.base, RootfsTests.change])
        _ = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        #expect(try await fixture.store.changes(of: image.id, container: fixture.directory("c")).isEmpty)
        _ = try await change(
            fixture, image,
            "echo x > kept && rm dir/new && mkdir -p fresh/sub && rm -r hidden && mkdir hidden && touch hidden/z")
        let changes = try await fixture.store.changes(of: image.id, container: fixture.directory("c"))
        #expect(
            changes.map { "\($0.kind) \($0.path)" } == [
                "modified /dir", "deleted /dir/new", "added /fresh", "added /fresh/sub", "modified /hidden",
                "added /hidden/z",
                "modified /kept",
            ])
    }

    /// The runtime makes empty files to mount its own over. They are no change of the container's.
    @Test func mountPointsAreNoChange() async throws {
        let fixture = try StoreFixture()
        let image = try await RootfsTests.image(fixture, [Tar { $0.directory("etc/") }.bytes])
        let overlay = try await change(
            fixture, image, "touch etc/hosts etc/hostname etc/resolv.conf && mkdir proc dev sys")
        #expect(try await fixture.store.changes(of: image.id, container: fixture.directory("c")).isEmpty)
        try File.unlink(overlay.upperDirectory + "/etc/hosts")
        try fixture.directory.write("mine", to: "c/upper/etc/hosts")
        let changes = try await fixture.store.changes(of: image.id, container: fixture.directory("c"))
        #expect(changes.map(\.path) == ["/etc", "/etc/hosts"])
        let request = CommitRequest(
            image: image.id, containerDirectory: fixture.directory("c"), containerID: "c", defaults: ContainerDefaults()
        )
        let committed = try await fixture.store.commit(request)
        let plan = try await fixture.store.rootfs(for: committed.id, container: fixture.directory("c2"))
        guard case .overlay(let second) = plan else { return }
        #expect(try RootfsTests.files(second.lowerDirectories[0]) == ["etc/hosts"])
    }

    /// Clients before API 1.45 are told what container an image was made of; the image itself keeps it, as Docker's does.
    @Test func theContainerIsKeptInTheImage() async throws {
        let fixture = try StoreFixture()
        let image = try await RootfsTests.image(fixture, [RootfsTests.base])
        _ = try await change(fixture, image, "touch new")
        var request = CommitRequest(
            image: image.id, containerDirectory: fixture.directory("c"), containerID: "c0ffee",
            defaults: ContainerDefaults())
        request.containerConfiguration = Array(#"{"Image":"base:1","Cmd":["x"]}"#.utf8)
        let made = try await fixture.store.commit(request)
        let text = String(decoding: try fixture.store.configurationBytes(of: made.id.description), as: UTF8.self)
        #expect(text.contains(#","container":"c0ffee","container_config":{"Image":"base:1","Cmd":["x"]}}"#), "\(text)")
        #expect(try fixture.reopened().image(made.id.short) == made)
    }

    @Test func commitMakesALayer() async throws {
        let fixture = try StoreFixture()
        let image = try await RootfsTests.image(fixture, [RootfsTests.base, RootfsTests.change])
        _ = try await change(
            fixture, image,
            "echo x > kept && rm dir/new && rm -r hidden && mkdir hidden && touch hidden/z && ln kept hard")
        var defaults = ContainerDefaults()
        defaults.cmd = ["/bin/tool"]
        var request = CommitRequest(
            image: image.id, containerDirectory: fixture.directory("c"), containerID: "c0ffee", defaults: defaults)
        request.reference = "committed:1"
        request.author = "me"
        request.message = "why"
        request.changes = ["ENV A=b"]
        let committed = try await fixture.store.commit(request)
        #expect(committed.layers.count == 3)
        #expect(committed.layers.dropLast() == image.layers[...])
        #expect(committed.parent == image.id)
        #expect(committed.repoTags == ["committed:1"])
        #expect(committed.configuration.config?.env == ["A=b"])
        #expect(committed.configuration.author == "me")
        #expect(committed.configuration.history?.last?.comment == "why")
        let plan = try await fixture.store.rootfs(for: committed.id, container: fixture.directory("c2"))
        guard case .overlay(let overlay) = plan else { return }
        try RootfsTests.mount(overlay)
        #expect(
            try RootfsTests.files(overlay.target) == [
                "becomes-directory/in", "becomes-file", "hard", "hidden/z", "kept",
            ])
        #expect(try run("/bin/cat", [overlay.target + "/hard"]) == "x\n")
        try Mount.unmountWhenUnused(overlay.target)
        #expect(try fixture.reopened().image("committed:1") == committed)
        // The base may go; its layers stay with the child.
        _ = try await fixture.store.remove("app", uses: [])
        #expect(try fixture.store.image("committed:1").parent == nil)
        #expect(try fixture.reopened().damaged.isEmpty)
    }

    @Test func copyOutAndIn() async throws {
        let fixture = try StoreFixture()
        let root = try fixture.directory.makeDirectory("root")
        _ = try fixture.directory.makeDirectory("root/real/sub")
        try fixture.directory.write("secret", to: "root/real/file", mode: 0o640)
        try File.makeLink(root + "/link", to: "/real")
        try File.makeLink(root + "/outside", to: "/etc")
        let store = fixture.store

        let file = try await store.status(root: root, path: "/link/file")
        #expect(file.name == "file" && file.size == 6 && file.mode == 0o100640)
        let link = try await store.status(root: root, path: "/link")
        #expect(link.mode & 0o170000 == 0o120000 && link.linkTarget == "/real")
        #expect(try await store.status(root: root, path: "/").mode & 0o170000 == 0o040000)
        #expect(
            try await failure { _ = try await store.status(root: root, path: "/outside/passwd") }
                == .noSuchPath("/outside/passwd"))

        let out = fixture.directory("out.tar")
        try await store.copyOut(root: root, path: "/link/.", to: try File.open(out, [.writeOnly, .create]))
        #expect(try run("/bin/tar", ["-tf", out]) == "./\n./file\n./sub/\n")
        try await store.copyOut(root: root, path: "/real", to: try File.open(out, [.writeOnly, .create, .truncate]))
        #expect(try run("/bin/tar", ["-tf", out]) == "real/\nreal/file\nreal/sub/\n")
        let missing = try await failure {
            try await store.copyOut(root: root, path: "/nope", to: try File.open(out, [.writeOnly, .truncate]))
        }
        #expect(missing == .noSuchPath("/nope"))

        let tar = try fixture.file("in.tar", Tar { $0.add("new", .file, Array("x".utf8), user: 1000) }.bytes)
        var request = CopyInRequest(root: root, path: "/link")
        try await store.copyIn(request, from: .path(tar))
        #expect(try File.status(of: root + "/real/new")?.uid == 1000)
        request.keepsOwners = false
        request.user = 7
        try await store.copyIn(request, from: .path(tar))
        #expect(try File.status(of: root + "/real/new")?.uid == 7)

        request.keepsKinds = true
        let replacing = try fixture.file("kind.tar", Tar { $0.file("sub", "x") }.bytes)
        guard case .conflict = try await failure({ try await store.copyIn(request, from: .path(replacing)) }) else {
            Issue.record("a directory became a file")
            return
        }
        request.path = "/nope"
        #expect(try await failure { try await store.copyIn(request, from: .path(tar)) } == .noSuchPath("/nope"))
        request.path = "/outside"
        #expect(try await failure { try await store.copyIn(request, from: .path(tar)) } == .noSuchPath("/outside"))
        #expect(try File.status(of: "/etc/new") == nil)
    }
}

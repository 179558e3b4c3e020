import Images
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct RootfsTests {
    /// Base, and a layer that deletes, replaces and hides.
    static let base = Tar {
        $0.directory("./", mode: 0o750)
        $0.file("gone", "x")
        $0.file("kept", "base")
        $0.directory("dir/")
        $0.file("dir/old", "x")
        $0.directory("hidden/")
        $0.file("hidden/old", "x")
        $0.directory("tree/")
        $0.file("tree/leaf", "x")
        $0.file("becomes-directory", "x")
        $0.directory("becomes-file/")
        $0.file("becomes-file/x", "x")
    }.bytes
    static let change = Tar {
        $0.file(".wh.gone")
        $0.file("dir/.wh.old")
        $0.file("dir/new", "new")
        $0.directory("hidden/")
        $0.file("hidden/new", "new")
        $0.file("hidden/.wh..wh..opq")
        $0.file(".wh.tree")
        $0.file("becomes-directory/in", "x")
        $0.file("becomes-file", "now")
        $0.file(".wh..wh.plnk")
        // Said of the layers below, so it does not touch what this layer brings.
        $0.file("kept", "change")
        $0.file(".wh.kept")
    }.bytes
    static let merged = [
        "becomes-directory/in", "becomes-file", "dir/new", "hidden/new", "kept",
    ]

    static func image(_ fixture: StoreFixture, _ layers: [[UInt8]]) async throws -> Image {
        let archive = try DockerArchive(layers: layers)
        return try await fixture.store.load(from: .path(try fixture.file("a.tar", archive.bytes(tags: ["app"]))))[0]
            .image
    }

    static func mount(_ overlay: Images.OverlayMount) throws {
        try Mount.overlay(
            Linux.OverlayMount(
                lower: overlay.lowerDirectories, upper: overlay.upperDirectory, work: overlay.workDirectory,
                options: Images.OverlayMount.settings), at: overlay.target)
    }

    static func files(_ root: String) throws -> [String] {
        try run("/usr/bin/find", [root, "-type", "f", "-printf", "%P\n"]).split(separator: "\n").map(String.init)
            .sorted()
    }

    @Test func whiteoutsThroughAnOverlay() async throws {
        let fixture = try StoreFixture()
        let image = try await Self.image(fixture, [Self.base, Self.change])
        let plan = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = plan else {
            Issue.record("no overlayfs")
            return
        }
        #expect(try await fixture.store.rootfs(for: image.id, container: fixture.directory("c")) == plan)
        try Mount.mount("overlay", type: "overlay", at: overlay.target, options: overlay.options)
        #expect(try Self.files(overlay.target) == Self.merged)
        #expect(try run("/bin/cat", [overlay.target + "/kept"]) == "change")
        #expect(try File.status(of: overlay.target)?.mode == 0o040750)
        try Mount.unmountWhenUnused(overlay.target)
    }

    /// Where overlayfs cannot be used: the same view as a copy.
    @Test func copyShowsTheSame() async throws {
        let fixture = try StoreFixture()
        let image = try await Self.image(fixture, [Self.base, Self.change])
        // ramfs keeps no attributes, so no directory on it can be opaque.
        let ramfs = try fixture.directory.makeDirectory("ramfs")
        try Mount.mount("ramfs", type: "ramfs", at: ramfs, options: "mode=700")
        let container = ramfs + "/c"
        let plan = try await fixture.store.rootfs(for: image.id, container: container)
        #expect(try await fixture.store.rootfs(for: image.id, container: container) == plan)
        guard case .copy(let copy) = plan else {
            Issue.record("\(plan)")
            return
        }
        try await fixture.store.copyRootfs(copy)
        #expect(try Self.files(copy.target) == Self.merged)
        #expect(try File.status(of: copy.target)?.mode == 0o040750)
        #expect(try await fixture.store.changes(of: image.id, container: container).isEmpty)
        try fixture.directory.write("other", to: "ramfs/c/rootfs/kept")
        try fixture.directory.write("x", to: "ramfs/c/rootfs/dir/more")
        try File.unlink(container + "/rootfs/becomes-file")
        try File.removeTree(container + "/rootfs/hidden")
        let changes = try await fixture.store.changes(of: image.id, container: container)
        #expect(
            changes.map { "\($0.kind) \($0.path)" } == [
                "deleted /becomes-file", "modified /dir", "added /dir/more", "deleted /hidden", "modified /kept",
            ])
        let request = CommitRequest(
            image: image.id, containerDirectory: container, containerID: "c0ffee", defaults: ContainerDefaults())
        let committed = try await fixture.store.commit(request)
        #expect(committed.layers.count == 1)
        let check = try await fixture.store.rootfs(for: committed.id, container: fixture.directory("c2"))
        guard case .overlay(let overlay) = check else { return }
        #expect(try Self.files(overlay.lowerDirectories[0]) == ["becomes-directory/in", "dir/more", "dir/new", "kept"])
        try Mount.unmountWhenUnused(ramfs)
    }

    /// 127 layers, as many as Docker has: absolute names would be longer than a page.
    @Test func manyLayersUseShortNames() async throws {
        let fixture = try StoreFixture()
        let layers = (0..<127).map { index in Tar { $0.file("f\(index)", "x") }.bytes }
        let image = try await Self.image(fixture, layers)
        let plan = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = plan, let directory = overlay.workingDirectory else {
            Issue.record("\(plan)")
            return
        }
        #expect(overlay.options.utf8.count < 4096)
        // In a mount namespace of its own, which goes away with the shell.
        let script =
            "cd \(directory) && mount -t overlay -o '\(overlay.options)' overlay \(overlay.target) && ls \(overlay.target) | wc -l"
        #expect(try run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script]) == "127\n")
        // The engine's way, from wherever it is.
        let links = try File.open(directory, [.path, .directory])
        let options = overlay.options(through: "/proc/self/fd/\(links.raw)")
        #expect(options.utf8.count < 4096)
        try Mount.mount("overlay", type: "overlay", at: overlay.target, options: options)
        #expect(try File.list(overlay.target).count == 127)
        try Mount.unmountWhenUnused(overlay.target)
    }

    @Test func imageWithoutLayers() async throws {
        let fixture = try StoreFixture()
        let image = try await Self.image(fixture, [])
        let plan = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = plan else { return }
        try Self.mount(overlay)
        #expect(try File.list(overlay.target).isEmpty)
        try Mount.unmountWhenUnused(overlay.target)
    }

    @Test func layerUnpackedTwiceIsTheSame() async throws {
        // Names with bytes that are no UTF-8, long ones, and odd owners survive pack and unpack.
        let fixture = try StoreFixture()
        let long = String(repeating: "d/", count: 40) + String(repeating: "n", count: 20)
        let image = try await Self.image(
            fixture,
            [
                Tar {
                    $0.add("ünï-名", .file, Array("x".utf8), user: 1000); $0.file(String(long.suffix(99)), "y")
                }.bytes
            ])
        let path = fixture.directory("out.tar")
        let plan = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = plan else { return }
        try await fixture.store.export(
            root: overlay.lowerDirectories[0], to: try File.open(path, [.writeOnly, .create]))
        let again = try await fixture.store.importRootfs(from: .path(path), ImportRequest())
        let second = try await fixture.store.rootfs(for: again.id, container: fixture.directory("c2"))
        guard case .overlay(let copy) = second else { return }
        _ = try run("/usr/bin/diff", ["-r", overlay.lowerDirectories[0], copy.lowerDirectories[0]])
        #expect(try File.status(of: copy.lowerDirectories[0] + "/ünï-名")?.uid == 1000)
    }
}

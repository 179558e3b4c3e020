import Images
import Lifecycle
import Linux
import TestKit
import Testing

/// Archives of podman are read here, and ours there. Runs where podman is installed.
@Suite(.enabled(if: File.isExecutable("/usr/bin/podman")), .serialized, .timeLimit(.minutes(1))) struct InteropTests {
    private func podman(_ directory: TemporaryDirectory, _ arguments: [String]) throws -> String {
        let place = ["--root", directory("root"), "--runroot", directory("run"), "--storage-driver", "vfs"]
        return try run("/usr/bin/podman", place + arguments)
    }

    @Test(arguments: ["docker-archive", "oci-archive"]) func loadsWhatPodmanSaves(_ format: String) async throws {
        let fixture = try StoreFixture()
        let tar = try fixture.file("rootfs.tar", Tar.rootfs)
        _ = try podman(fixture.directory, ["import", "--change", "CMD /bin/tool", tar, "localhost/app:1"])
        let id = try podman(fixture.directory, ["image", "inspect", "--format", "{{.Id}}", "localhost/app:1"]).prefix(
            64)
        let archive = fixture.directory("saved.tar")
        _ = try podman(fixture.directory, ["save", "--format", format, "-o", archive, "localhost/app:1"])
        let loaded = try await fixture.store.load(from: .path(archive))
        #expect(loaded.map { $0.references.map(\.familiar) } == [["localhost/app:1"]])
        #expect(loaded[0].image.id.hex == id)
    }

    @Test func podmanLoadsWhatIsSaved() async throws {
        let fixture = try StoreFixture()
        let image = try await RootfsTests.image(fixture, [Tar.rootfs, Tar { $0.file("etc/.wh.motd") }.bytes])
        let archive = fixture.directory("saved.tar")
        try await fixture.store.save(["app"], to: try File.open(archive, [.writeOnly, .create]))
        _ = try podman(fixture.directory, ["load", "-q", "-i", archive])
        let found = try podman(
            fixture.directory, ["image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.Id}}"])
        #expect(found.contains("app:latest") && found.contains(image.id.hex), "\(found)")
    }
}

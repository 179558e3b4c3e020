import APITypes
import Engine
import Linux
import TestKit
import Testing

/// Parts of volumes. What is in a volume is the container's: nothing there may lead to the host's files.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SubpathTests {
    @Test func aLinkInAVolumeStaysInside() async throws {
        try await Fixture.with { fixture in
            let script = "ln -s / /v/root; ln -s ../../../../../../.. /v/up; ln -s \(fixture.directory.path) /v/deep"
            let made = try await fixture.output(shell(script)) { $0.hostConfig?.binds = ["vol:/v"] }
            #expect(made.code == 0)
            for link in ["root", "up"] {
                let (code, text) = try await fixture.output(["ls", "/x"], part(link, of: "vol"))
                #expect(code == 0 && text == "deep\nroot\nup\n", "\(link): \(text)")
            }
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.run(["ls", "/x"], part("deep", of: "vol"))
            }
            #expect(error?.description.contains("cannot access path ") == true, "\(String(describing: error))")
        }
    }

    @Test func directoriesAndFilesAreThere() async throws {
        try await Fixture.with { fixture in
            let script = "mkdir -p /v/a/b; echo low > /v/a/b/file; echo other > /v/other"
            _ = try await fixture.output(shell(script)) { $0.hostConfig?.binds = ["vol:/v"] }
            let id = try await fixture.run(
                shell("ls /x; echo new > /x/new; echo made; exec sleep 1000"), part("a/b", of: "vol"))
            try await fixture.waitForLog(id, "file\nmade\n")
            #expect(try File.status(of: fixture.directory("data/volumes/vol/_data/a/b/new")) != nil)
            // An engine that comes later clears it away as well.
            try await fixture.reopen()
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
            try await poll("nothing is mounted") { try Mount.list(under: fixture.directory("data")).isEmpty }
            try await fixture.engine.startContainer(id)
            try await fixture.engine.removeContainer(id, force: true)
            #expect(try await fixture.output(["cat", "/x"], part("a/b/file", of: "vol")).text == "low\n")
            #expect(try File.status(of: fixture.directory("data/volumes/vol/_data/a/b/file")) != nil)
        }
    }

    @Test func aMissingPartIsRefused() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], part("no/such", of: "vol"))
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            let path = fixture.directory("data/volumes/vol/_data/no/such")
            #expect(error?.description == "cannot access path \(path): no such file or directory")
        }
    }

    private func part(_ path: String, of volume: String) -> (inout ContainerCreateRequest) -> Void {
        var mount = Mount()
        (mount.type, mount.source, mount.target) = ("volume", volume, "/x")
        mount.volumeOptions = VolumeOptions()
        mount.volumeOptions?.subpath = path
        let wish = mount
        return { $0.hostConfig?.mounts = [wish] }
    }
}

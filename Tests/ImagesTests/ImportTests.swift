import Images
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct ImportTests {
    @Test(arguments: ["", "gzip", "zstd", "xz", "bzip2"]) func acceptsEveryCompression(_ program: String) async throws {
        let fixture = try StoreFixture()
        var path = try fixture.file("rootfs.tar", Tar.rootfs)
        if !program.isEmpty {
            let packed = fixture.directory("packed")
            _ = try run("/bin/sh", ["-c", "\(program) -c \(path) > \(packed)"])
            path = packed
        }
        var request = ImportRequest()
        request.reference = "app"
        let image = try await fixture.store.importRootfs(from: .path(path), request)
        #expect(image.repoTags == ["app:latest"])
        #expect(image.layers.count == 1)
        #expect(image.size == 18)
        // The same content whatever it came in.
        let plain = try await fixture.importing(Tar.rootfs, as: "plain")
        #expect(image.layers[0].diffID == plain.layers[0].diffID)
        #expect(try fixture.reopened().image("app").id == image.id)
    }

    @Test func restoresWhatTheTarSays() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(Tar.rootfs, as: "app")
        let mount = try await fixture.store.rootfs(for: image.id, container: fixture.directory("c"))
        guard case .overlay(let overlay) = mount else {
            Issue.record("no overlayfs on /tmp")
            return
        }
        let root = try #require(overlay.lowerDirectories.first)
        let tool = try #require(try File.status(of: root + "/bin/tool"))
        #expect(tool.mode & 0o7777 == 0o4755)
        #expect(tool.links == 2)
        #expect(tool.modified.seconds == 981_173_106)
        #expect(try File.readLink(root + "/etc/link") == "/etc/motd")
        let null = try #require(try File.status(of: root + "/null"))
        #expect(null.kind == .characterDevice && null.special == DeviceNumber(major: 1, minor: 3))
        #expect(try File.status(of: root + "/etc")?.modified.seconds == 981_173_106)
    }

    @Test func appliesChanges() async throws {
        let fixture = try StoreFixture()
        let image = try await fixture.importing(
            Tar.rootfs, as: "app",
            changes: [
                "CMD [\"/bin/tool\", \"-x\"]", "ENTRYPOINT run this", "ENV A=1 B=\"two words\"", "ENV C the rest",
                "ENV A=3",
                "WORKDIR /srv", "WORKDIR sub", "USER 1000:1000", "EXPOSE 80 53/udp 7000-7001",
                "LABEL k=v \"l m\"='n o'",
                "VOLUME /data /logs", "STOPSIGNAL SIGQUIT", "HEALTHCHECK --interval=1m30s --retries=2 CMD test -f /x",
            ])
        let config = try #require(image.configuration.config)
        #expect(config.cmd == ["/bin/tool", "-x"])
        #expect(config.entrypoint == ["/bin/sh", "-c", "run this"])
        #expect(config.env == ["B=two words", "C=the rest", "A=3"])
        #expect(config.workingDir == "/srv/sub")
        #expect(config.user == "1000:1000")
        #expect(config.exposedPorts?.keys.sorted() == ["53/udp", "7000/tcp", "7001/tcp", "80/tcp"])
        #expect(config.labels == ["k": "v", "l m": "n o"])
        #expect(config.volumes?.keys.sorted() == ["/data", "/logs"])
        #expect(config.stopSignal == "SIGQUIT")
        #expect(config.healthcheck?.interval == 90_000_000_000)
        #expect(config.healthcheck?.test == ["CMD-SHELL", "test -f /x"])
        let stored = try fixture.store.configurationBytes(of: "app")
        #expect(String(decoding: stored, as: UTF8.self).contains("\"WorkingDir\":\"/srv/sub\""))
    }

    @Test(arguments: ["FROM x", "CMD", "EXPOSE 99999", "STOPSIGNAL NOPE", "ENV x", "LABEL =x", "HEALTHCHECK maybe"])
    func refusesBadChanges(_ change: String) async throws {
        let fixture = try StoreFixture()
        let error = try await failure { _ = try await fixture.importing(Tar.rootfs, as: nil, changes: [change]) }
        guard case .invalid(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message.contains(change))
        #expect(try fixture.store.images().isEmpty)
    }

    @Test func reportsProgress() async throws {
        let fixture = try StoreFixture()
        let (updates, continuation) = AsyncStream.makeStream(of: ImageProgress.self)
        let path = try fixture.file("rootfs.tar", Tar.rootfs)
        _ = try await fixture.store.importRootfs(from: .path(path), ImportRequest()) { continuation.yield($0) }
        continuation.finish()
        var last: ImageProgress?
        for await update in updates { last = update }
        #expect(last?.phase == .complete)
        #expect(last?.current == Int64(Tar.rootfs.count))
    }

    @Test func endsWhenCancelled() async throws {
        let fixture = try StoreFixture()
        // A stream that never ends.
        let pipe = try Pipe()
        let writing = pipe.writing
        let reading = ArchiveSource.stream(pipe.reading, name: "stdin")
        let store = fixture.store
        let box = SourceBox(reading)
        let task = Task { try await store.importRootfs(from: box.take(), ImportRequest()) }
        try writing.writeAll(Array(Tar.rootfs.prefix(2048)))
        task.cancel()
        let error = try await failure { _ = try await task.value }
        #expect(error == .cancelled)
        #expect(try fixture.contents().isEmpty)
        try writing.close()
    }
}

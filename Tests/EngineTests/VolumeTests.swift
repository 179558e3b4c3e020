import APITypes
import Images
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// Named and anonymous volumes, and what may be mounted as their content.
@Suite(.serialized, .timeLimit(.minutes(2))) struct VolumeTests {
    private func make(_ fixture: Fixture, _ name: String, _ options: [String: String]) async throws {
        var request = VolumeCreateRequest()
        (request.name, request.driverOpts) = (name, options)
        _ = try await fixture.engine.createVolume(request)
    }

    @Test func aTmpfsLivesAsLongAsSomebodyHasIt() async throws {
        try await Fixture.with { fixture in
            try await make(fixture, "fast", ["type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=700"])
            let data = fixture.directory("data/volumes/fast/_data")
            #expect(try !Mount.isMountPoint(data))
            let first = try await fixture.run(shell("echo kept > /v/file; sleep 1000")) {
                $0.hostConfig?.binds = ["fast:/v"]
            }
            try await poll("the file is written") { try File.status(of: data + "/file") != nil }
            #expect(try Mount.list(under: data).map(\.type) == ["tmpfs"])
            let second = try await fixture.output(shell("cat /v/file; grep ' /v ' /proc/mounts")) {
                $0.hostConfig?.binds = ["fast:/v"]
            }
            #expect(second.text.hasPrefix("kept\n") && second.text.contains("size=1024k"), "\(second.text)")
            #expect(try Mount.isMountPoint(data), "the first still has it")
            // An engine that comes later knows who has it.
            try await fixture.reopen()
            let outcome = try await fixture.engine.stopContainer(first, StopOptions(unhandled: .kill)).result()
            #expect(outcome.hasEnded)
            try await poll("it is unmounted") { try !Mount.isMountPoint(data) }
            #expect(try File.list(data).isEmpty)
        }
    }

    @Test func aBoundDirectoryIsNotRemovedWithTheVolume() async throws {
        try await Fixture.with { fixture in
            try File.makeDirectory(fixture.directory("host"))
            try fixture.directory.write("precious\n", to: "host/file")
            try await make(fixture, "bound", ["type": "none", "o": "bind", "device": fixture.directory("host")])
            let (_, text) = try await fixture.output(["cat", "/v/file"]) { $0.hostConfig?.binds = ["bound:/v"] }
            #expect(text == "precious\n")
            try await fixture.removeAllContainers()
            // As if an engine had ended before it could unmount.
            try Mount.bind(fixture.directory("host"), at: fixture.directory("data/volumes/bound/_data"))
            try await fixture.engine.removeVolume("bound", force: false)
            #expect(try File.status(of: fixture.directory("data/volumes/bound")) == nil)
            #expect(try File.status(of: fixture.directory("host/file")) != nil)
        }
    }

    @Test func whatCannotBeMountedFailsTheStartByName() async throws {
        try await Fixture.with { fixture in
            try await make(fixture, "lost", ["type": "none", "o": "bind", "device": "/nowhere/at/all"])
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.run(["true"]) { $0.hostConfig?.binds = ["lost:/v"] }
            }
            let text = error?.description ?? ""
            #expect(text.contains("failed to mount local volume lost") && text.contains("/nowhere/at/all"), "\(text)")
        }
    }

    @Test(arguments: [
        (["size": "1g"], "\"size\""), (["colour": "red"], "invalid option: \"colour\""),
        (["type": "nfs"], "missing required option: \"device\""), (["o": "ro", "device": "/x"], "\"type\""),
        (["type": "none", "device": "/x"], "bind"), (["type": "none", "o": "bind", "device": "x"], "absolute"),
    ])
    func optionsAreRefusedByName(options: [String: String], word: String) {
        let error = #expect(throws: EngineError.self) { _ = try VolumeMount(options) }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test func labelsAndOptionsOfAMountAreTheVolumes() async throws {
        try await Fixture.with { fixture in
            var mount = Mount()
            (mount.type, mount.source, mount.target) = ("volume", "made", "/v")
            mount.volumeOptions = VolumeOptions()
            mount.volumeOptions?.labels = ["a": "b"]
            let wish = mount
            let id = try await fixture.create(["true"]) { $0.hostConfig?.mounts = [wish] }
            #expect(try await fixture.engine.inspectVolume("made").labels == ["a": "b"])
            let point = try await fixture.engine.inspectContainer(id, size: false).mounts.first
            #expect(point?.name == "made" && point?.destination == "/v" && point?.driver == "local")
        }
    }

    /// Owner, mode, links and extended attributes of the image's content; nothing with `nocopy`, nor a second time.
    @Test func copyUpKeepsWhatTheImageHas() async throws {
        try await Fixture.with { fixture in
            let script = "stat -c '%u:%g %a %F' /home /home/file /home/link; cat /home/file"
            let base = try await fixture.create(
                shell(
                    "mkdir /home; chown 1000:1000 /home; chmod 2750 /home; echo text > /home/file; chmod 4711 /home/file; ln -s file /home/link"
                ))
            let ended = try await fixture.engine.waitContainer(base, .nextExit)
            try await fixture.engine.startContainer(base)
            #expect(await ended.result().statusCode == 0)
            var commit = CommitRequest()
            commit.reference = "filled"
            _ = try await fixture.engine.commitContainer(base, commit)
            func look(_ volume: String) async throws -> String {
                try await fixture.output(shell(script)) { request in
                    request.config.image = "filled"
                    request.hostConfig?.binds = [volume]
                }.text
            }
            let first = try await look("up:/home")
            #expect(
                first == "1000:1000 2750 directory\n0:1000 4711 regular file\n0:1000 777 symbolic link\ntext\n",
                "\(first)")
            try File.unlink(fixture.directory("data/volumes/up/_data/link"))
            #expect(try await !look("up:/home").contains("symbolic"), "it was filled again")
            let none = try await look("bare:/home:nocopy")
            #expect(!none.contains("text"), "\(none)")
        }
    }

    @Test func copyUpKeepsExtendedAttributes() async throws {
        try await Fixture.with { fixture in
            let tree = fixture.directory("tree")
            try File.makeDirectories(tree + "/data/d")
            try File.makeDirectories(tree + "/bare")
            let mark =
                "import os; os.setxattr('\(tree)/data/d', 'user.colour', b'blue'); open('\(tree)/data/f', 'w')"
            let roots =
                "import os; os.setxattr('\(tree)/data', 'user.root', b'red'); os.setxattr('\(tree)/bare', 'user.root', b'green')"
            let capability =
                "os.setxattr('\(tree)/data/f', 'security.capability', bytes.fromhex('0100000200040000' + '00' * 12))"
            let marked = try Command.run("python3", ["-c", "\(mark).close(); \(capability); \(roots)"])
            try #require(marked.status.isSuccess, "\(marked.errors)")
            let packed = try Command.run(
                "tar", ["-C", tree, "--xattrs", "--xattrs-include=*", "-cf", fixture.directory("tree.tar"), "."])
            try #require(packed.status.isSuccess, "\(packed.errors)")
            var request = ImportRequest()
            request.reference = "marked"
            _ = try await fixture.engine.images.importRootfs(from: .path(fixture.directory("tree.tar")), request)
            let id = try await fixture.create(["/none"]) { request in
                request.config.image = "marked"
                request.hostConfig?.binds = ["up:/data", "empty:/bare"]
            }
            // There is nothing to run in it; the volume is filled all the same.
            _ = await #expect(throws: EngineError.self) { try await fixture.engine.startContainer(id) }
            let place = fixture.directory("data/volumes/up/_data")
            let look = try Command.run(
                "python3",
                [
                    "-c",
                    "import os; print(os.getxattr('\(place)/d', 'user.colour'), os.getxattr('\(place)/f', 'security.capability').hex())",
                ])
            #expect(look.output.contains("b'blue' 01000002"), "\(look.output) \(look.errors)")
            let empty = fixture.directory("data/volumes/empty/_data")
            let lookAtRoots = try Command.run(
                "python3",
                [
                    "-c",
                    "import os; print(os.getxattr('\(place)', 'user.root'), os.getxattr('\(empty)', 'user.root'))",
                ])
            #expect(
                lookAtRoots.output == "b'red' b'green'\n", "\(lookAtRoots.output) \(lookAtRoots.errors)")
        }
    }

    /// Of a container that does not run: into its volumes, and not where it may not write itself.
    @Test func archivesGoWhereTheContainerWouldSeeThem() async throws {
        try await Fixture.with { fixture in
            let host = fixture.directory("host")
            try File.makeDirectories(host + "/inner")
            try File.makeDirectories(fixture.directory("tree"))
            try File.open(fixture.directory("tree/x"), [.writeOnly, .create]).writeAll(Array("text".utf8))
            let packed = try Command.run(
                "tar", ["-C", fixture.directory("tree"), "-cf", fixture.directory("x.tar"), "x"])
            try #require(packed.status.isSuccess)
            let tar = try File.read(fixture.directory("x.tar"))
            let id = try await fixture.create(["true"]) { request in
                request.config.volumes = ["/anon": EmptyObject()]
                request.hostConfig?.binds = ["vol:/vol", "\(host):/ro:ro", "inner:/ro/inner", "locked:/locked:ro"]
                request.hostConfig?.readonlyRootfs = true
            }
            func put(_ path: String) async throws {
                let once = Once(tar)
                try await fixture.engine.putArchive(
                    into: id, ArchivePut(path: path), source: ByteStream { () throws(EngineError) in once.take() })
            }
            for place in ["/vol", "/anon", "/ro/inner"] { try await put(place) }
            #expect(try File.read(fixture.directory("data/volumes/vol/_data/x")) == Array("text".utf8))
            #expect(try File.read(fixture.directory("data/volumes/inner/_data/x")) == Array("text".utf8))
            for place in ["/ro", "/locked", "/", "/tmp"] {
                let error = await #expect(throws: EngineError.self, "\(place)") { try await put(place) }
                #expect(error?.description.contains("read-only") == true, "\(place): \(error?.description ?? "")")
            }
            let (status, stream) = try await fixture.engine.getArchive(of: id, "/vol/x")
            #expect(status.size == 4)
            var bytes: [UInt8] = []
            while let more = try await stream.next() { bytes += more }
            #expect(String(decoding: bytes, as: UTF8.self).contains("text"))
        }
    }

    @Test func anonymousOnesGoWithTheirContainer() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"]) { $0.config.volumes = ["/v": EmptyObject()] }
            _ = try await fixture.create(["true"], name: "named") { $0.hostConfig?.binds = ["kept:/v"] }
            let names = try await fixture.engine.listVolumes([:]).volumes.map(\.name)
            #expect(names.count == 2)
            try await fixture.engine.removeContainer(id, force: false, volumes: true)
            try await fixture.engine.removeContainer("named", force: false, volumes: true)
            #expect(try await fixture.engine.listVolumes([:]).volumes.map(\.name) == ["kept"])
            #expect(try await fixture.engine.pruneVolumes([:]).volumesDeleted == [])
            #expect(try await fixture.engine.pruneVolumes(["all": ["true"], "label": ["x"]]).volumesDeleted == [])
            #expect(try await fixture.engine.pruneVolumes(["all": ["true"]]).volumesDeleted == ["kept"])
        }
    }

    @Test func propagationNeedsASourceThatHasIt() async throws {
        try await Fixture.with { fixture in
            let (own, shared) = (fixture.directory("own"), fixture.directory("shared"))
            for path in [own, shared] {
                try File.makeDirectory(path)
                try Mount.bind(path, at: path)
            }
            try Mount.setPropagation(.private, at: own)
            try Mount.setPropagation(.shared, at: shared)
            defer { for path in [own, shared] { #expect(throws: Never.self) { try Mount.unmountAll(under: path) } } }
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.run(["true"]) { $0.hostConfig?.binds = ["\(own):/v:rshared"] }
            }
            // The second is what a host with hybrid cgroups says of every one.
            let words = ["is not a shared mount", "hybrid cgroups"]
            #expect(words.contains { error?.description.contains($0) == true }, "\(error?.description ?? "")")
            let unheard = await #expect(throws: EngineError.self) {
                _ = try await fixture.run(["true"]) { $0.hostConfig?.binds = ["\(own):/v:rslave"] }
            }
            #expect(unheard?.description.contains("is not a shared or slave mount") == true)
            try File.makeDirectory(shared + "/below")
            let id = try await fixture.run(shell("while ! grep -q ' /v/below ' /proc/mounts; do sleep 0.05; done")) {
                $0.hostConfig?.binds = ["\(shared):/v:rslave"]
            }
            try Mount.tmpfs(at: shared + "/below", options: "size=64k")
            let wait = try await fixture.engine.waitContainer(id, .notRunning)
            #expect(await wait.result().statusCode == 0)
        }
    }
}

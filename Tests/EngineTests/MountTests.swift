import APITypes
import Engine
import Lifecycle
import Linux
import Synchronization
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct MountTests {
    @Test func bindsVolumesAndTmpfsAreThere() async throws {
        try await Fixture.with { fixture in
            try fixture.directory.write("from the host\n", to: "shared")
            let script = "cat /in; touch /in; echo kept > /v/file; mount | grep -c ' /t '; ls -d /made"
            let (_, text) = try await fixture.output(shell(script)) { request in
                request.hostConfig?.binds = [
                    "\(fixture.directory("shared")):/in:ro", "store:/v", "\(fixture.directory("made")):/made",
                ]
                request.hostConfig?.tmpfs = ["/t": "size=1m"]
            }
            #expect(
                text.contains("from the host\n") && text.contains("Read-only") && text.contains("1\n")
                    && text.contains("/made\n"))
            let again = try await fixture.output(["cat", "/v/file"]) { $0.hostConfig?.binds = ["store:/v"] }
            #expect(again.text == "kept\n")
            let error = await #expect(throws: EngineError.self) {
                try await fixture.engine.removeVolume("store", force: false)
            }
            #expect(error?.description.hasPrefix("remove store: volume is in use - [") == true)
        }
    }

    @Test func anEmptyVolumeGetsTheImagesContent() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(shell("cat /etc/passwd; ls -ld /etc")) { request in
                request.hostConfig?.binds = ["conf:/etc"]
            }
            #expect(code == 0 && text.contains("user:x:1000"))
            let file = fixture.directory("data/volumes/conf/_data/passwd")
            #expect(try File.status(of: file) != nil)
        }
    }

    @Test func aMissingSourceOfMountIsNamed() async throws {
        try await Fixture.with { fixture in
            var mount = Mount()
            (mount.type, mount.source, mount.target) = ("bind", "/nowhere/at/all", "/x")
            let wish = mount
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.create(["true"]) { $0.hostConfig?.mounts = [wish] }
            }
            #expect(error?.description.contains("bind source path does not exist: /nowhere/at/all") == true)
        }
    }

    @Test func hostsAndHostname() async throws {
        try await Fixture.with { fixture in
            let (_, text) = try await fixture.output(shell("cat /etc/hosts /etc/hostname /etc/resolv.conf")) {
                request in
                request.config.hostname = "me"
                request.hostConfig?.extraHosts = ["db:10.0.0.9", "six:fe80::1"]
                request.hostConfig?.dns = ["192.0.2.1"]
            }
            #expect(text.contains("10.0.0.9\tdb\n") && text.contains("fe80::1\tsix\n"))
            #expect(text.contains("\nme\n") && text.contains("nameserver 192.0.2.1\n"))
        }
    }

    @Test func copyingInAndOut() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["cat", "/tmp/letter"])
            try fixture.directory.write("dear container\n", to: "letter")
            let packed = try Command.run(
                "tar", ["-C", fixture.directory.path, "-cf", fixture.directory("letter.tar"), "letter"])
            try #require(packed.status.isSuccess)
            let bytes = try File.read(fixture.directory("letter.tar"))
            let once = Once(bytes)
            try await fixture.engine.putArchive(
                into: id, ArchivePut(path: "/tmp"), source: ByteStream { () throws(EngineError) in once.take() })
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            _ = await ended.result()
            #expect(try await fixture.log(id) == "dear container\n")
            let (status, stream) = try await fixture.engine.getArchive(of: id, "/tmp/letter")
            #expect(status.name == "letter" && status.size == 15)
            var tar: [UInt8] = []
            while let piece = try await stream.next() { tar += piece }
            #expect(String(decoding: tar, as: UTF8.self).contains("dear container\n"))
            #expect(try await fixture.engine.containerChanges(id).contains { $0.path == "/tmp/letter" && $0.kind == 1 })
            var whole = 0
            let export = try await fixture.engine.exportContainer(id)
            while let piece = try await export.next() { whole += piece.count }
            #expect(whole > 1 << 20)
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.engine.statPath(in: id, "/no/such")
            }
            #expect(error?.description.contains("Could not find the file /no/such in container") == true)
        }
    }

    /// As Docker: `copyUIDGID` gives everything to the user of the container, where it has one.
    @Test func ownersOfWhatIsCopiedIn() async throws {
        try await Fixture.with { fixture in
            try fixture.directory.write("dear container\n", to: "letter")
            let packed = try Command.run(
                "tar",
                [
                    "-C", fixture.directory.path, "--owner=7", "--group=8", "--numeric-owner", "-cf",
                    fixture.directory("letter.tar"), "letter",
                ])
            try #require(packed.status.isSuccess)
            let bytes = try File.read(fixture.directory("letter.tar"))
            for (user, flag, owner) in [
                ("", true, "7:8"), ("user", false, "7:8"), ("user", true, "1000:1000"), ("5:6", true, "5:6"),
            ] {
                let id = try await fixture.create(shell("stat -c %u:%g /tmp/letter")) { request in
                    request.config.user = user
                }
                let once = Once(bytes)
                var put = ArchivePut(path: "/tmp")
                put.copyUIDGID = flag
                try await fixture.engine.putArchive(
                    into: id, put, source: ByteStream { () throws(EngineError) in once.take() })
                let ended = try await fixture.engine.waitContainer(id, .nextExit)
                try await fixture.engine.startContainer(id)
                _ = await ended.result()
                #expect(try await fixture.log(id) == owner + "\n", "\(user) \(flag)")
            }
            let id = try await fixture.create(["true"]) { $0.config.user = "nobody-here" }
            var put = ArchivePut(path: "/tmp")
            put.copyUIDGID = true
            let (once, request) = (Once(bytes), put)
            let error = await #expect(throws: EngineError.self) {
                try await fixture.engine.putArchive(
                    into: id, request, source: ByteStream { () throws(EngineError) in once.take() })
            }
            #expect(error?.description.contains("unable to find user nobody-here") == true)
        }
    }

    @Test func readOnlyWithAllThatIsMountedBelow() async throws {
        try await Fixture.with { fixture in
            let host = try fixture.directory.makeDirectory("host/below")
            try Mount.mount("tmpfs", type: "tmpfs", at: host, options: "size=64k")
            var mount = APITypes.Mount()
            (mount.type, mount.source, mount.target, mount.readOnly) = ("bind", fixture.directory("host"), "/x", true)
            let script = shell("for place in /x /x/below; do touch $place/file 2>/dev/null && echo $place; done; true")
            mount.bindOptions = BindOptions()
            mount.bindOptions?.readOnlyNonRecursive = true
            let shallow = mount
            #expect(try await fixture.output(script) { $0.hostConfig?.mounts = [shallow] }.text == "/x/below\n")
            mount.bindOptions?.readOnlyNonRecursive = false
            mount.bindOptions?.readOnlyForceRecursive = true
            let whole = mount
            #expect(try await fixture.output(script) { $0.hostConfig?.mounts = [whole] }.text == "")
            // So it is where nothing is said, also through a link.
            mount.bindOptions = nil
            mount.source = fixture.directory("link")
            _ = try Command.run("ln", ["-s", fixture.directory("host"), fixture.directory("link")])
            let silent = mount
            #expect(try await fixture.output(script) { $0.hostConfig?.mounts = [silent] }.text == "")
            let source = fixture.directory("host")
            #expect(try await fixture.output(script) { $0.hostConfig?.binds = ["\(source):/x:ro"] }.text == "")
            try Mount.unmountWhenUnused(host)
        }
    }

    @Test func copyingIntoVolumesBeforeTheFirstStart() async throws {
        try await Fixture.with { fixture in
            let host = fixture.directory("host")
            try File.makeDirectory(host)
            let id = try await fixture.create(["cat", "/data/letter", "/host/letter"]) { request in
                request.hostConfig?.binds = ["letters:/data", "\(host):/host", "\(host):/fixed:ro"]
            }
            try fixture.directory.write("dear container\n", to: "letter")
            let packed = try Command.run(
                "tar", ["-C", fixture.directory.path, "-cf", fixture.directory("letter.tar"), "letter"])
            try #require(packed.status.isSuccess)
            let bytes = try File.read(fixture.directory("letter.tar"))
            func put(_ path: String) async throws {
                let once = Once(bytes)
                try await fixture.engine.putArchive(
                    into: id, ArchivePut(path: path), source: ByteStream { () throws(EngineError) in once.take() })
            }
            for path in ["/data", "/host"] { try await put(path) }
            #expect(try File.read(host + "/letter") == Array("dear container\n".utf8))
            await #expect(throws: EngineError.forbidden("mounted volume is marked read-only (/fixed)")) {
                try await put("/fixed")
            }
            #expect(try await fixture.engine.statPath(in: id, "/data/letter").size == 15)
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            _ = await ended.result()
            #expect(try await fixture.log(id) == "dear container\ndear container\n")
        }
    }
}

/// Gives a value once.
final class Once: Sendable {
    private let bytes: Mutex<[UInt8]?>
    init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }
    func take() -> [UInt8]? { bytes.withLock { $0.take() } }
}

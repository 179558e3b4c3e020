import Images
import Lifecycle
import Linux
import TestKit
import Testing

/// What quell-unpack can still do once it reads a stranger's bytes.
@Suite(.timeLimit(.minutes(1))) struct ConfinementTests {
    /// A helper that waits for its input is looked at from outside.
    @Test func keepsOnlyWhatItNeeds() throws {
        let directory = try TemporaryDirectory("confined")
        let target = try directory.makeDirectory("target")
        let input = try Pipe()
        let errors = try Pipe()
        let request = SpawnRequest(
            try BuiltProduct.path("quell-unpack"), ["unpack", "--whiteouts=overlay", target],
            descriptors: [
                DescriptorMapping(0, from: input.reading.raw), DescriptorMapping(1, from: errors.writing.raw),
                DescriptorMapping(2, from: errors.writing.raw),
            ])
        let process = try Spawn.start(request)
        let own = "/proc/\(process.pid)"
        func field(_ name: String) throws -> String {
            let text = String(decoding: try File.read(own + "/status"), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return line.split(separator: "\t").dropFirst().joined(separator: " ")
        }
        try eventually("the filter is in place") { try field("Seccomp") == "2" }
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SYS_ADMIN, MKNOD, SETFCAP.
        #expect(try field("CapEff") == "000000008820001b")
        #expect(try field("CapPrm") == "000000008820001b")
        #expect(try field("CapBnd") == "000000008820001b")
        #expect(try field("NoNewPrivs") == "1")
        for namespace in ["mnt", "net", "ipc"] {
            #expect(try File.readLink(own + "/ns/" + namespace) != File.readLink("/proc/self/ns/" + namespace))
        }
        // The target is all there is.
        let mounts = String(decoding: try File.read(own + "/mounts"), as: UTF8.self).split(separator: "\n")
        #expect(mounts.count == 1 && mounts[0].contains("nosuid,nodev,noexec"))
        #expect(try File.list(own + "/root").isEmpty)
        #expect(try File.list(own + "/fd").map(\.name).sorted() == ["0", "1", "2"])
        try input.writing.close()
        try input.reading.close()
        #expect(try process.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) == .code(1))
    }

    /// `docker cp` into a running container: its root is in another mount namespace, and so are its volumes.
    @Test func reachesThroughAProcessRoot() async throws {
        let fixture = try StoreFixture()
        let root = try fixture.directory.makeDirectory("root")
        _ = try fixture.directory.makeDirectory("root/volume")
        let ready = try Pipe()
        let request = SpawnRequest(
            "/usr/bin/unshare",
            [
                "-m", "/bin/sh", "-c",
                "mount -t tmpfs tmpfs \(root)/volume && echo r >&3 && exec 3>&- && exec sleep 1000",
            ],
            environment: Command.plainEnvironment,
            descriptors: SpawnRequest.ownStandardStreams + [DescriptorMapping(3, from: ready.writing.raw)])
        let process = try Spawn.start(request)
        var byte: [UInt8] = [0]
        _ = try ready.reading.read(into: &byte)
        let tar = try fixture.file("in.tar", Tar { $0.file("file", "x") }.bytes)
        let through = "/proc/\(process.pid)/root" + root
        try await fixture.store.copyIn(CopyInRequest(root: through, path: "/volume"), from: .path(tar))
        #expect(try await fixture.store.status(root: through, path: "/volume/file").size == 1)
        #expect(try File.list(root + "/volume").isEmpty)
        try process.pidfd.send(.kill)
        _ = try process.pidfd.reap(by: MonotonicClock.now() + .seconds(20))
    }

    @Test func faultsAreOneLine() throws {
        let helper = try BuiltProduct.path("quell-unpack")
        for arguments in [
            [], ["dance"], ["unpack"], ["unpack", "/nonexistent"], ["unpack", "--maximum-bytes=x", "/tmp"],
        ] {
            let result = try Command.run(helper, arguments)
            #expect(result.status == .code(1))
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("error\t") && result.errors.hasSuffix("\n"))
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }
}

import Lifecycle
import Linux
import Testing

/// The data root has no byte left.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct FullDiskTests {
    private func withSmallDisk(_ body: (Daemon) throws -> Void) throws {
        try withDaemon(prepare: { try $0.limitDataRoot(megabytes: 32) }, body)
    }

    private func fill(_ daemon: Daemon) throws {
        let end = try Programs.system("dd", ["if=/dev/zero", "of=\(daemon.dataRoot)/ballast", "bs=4k"])
        #expect(end.status == .code(1) && end.errors.contains("No space left"), "\(end.text)")
    }

    @Test func exitIsKnownThoughTheDiskIsFull() throws {
        try withSmallDisk { daemon in
            try daemon.runReady("polite", Scripts.handles)
            try fill(daemon)
            let end = try daemon.quell("stop", "--format", "json", "polite")
            #expect(end.succeeded, "\(end.text)")
            let verdict = try StopVerdict.one(end)
            #expect(verdict.verdict == "exited")
            #expect(verdict.exitCode == 0)
        }
    }

    @Test func createIsRefusedWithTheReasonAndNothingIsLeft() throws {
        try withSmallDisk { daemon in
            try fill(daemon)
            let refused = try daemon.quell("run", "-d", "--name", "late", Programs.image, "true")
            if !refused.succeeded { #expect(refused.errors.contains("full"), "\(refused.text)") }
            try File.unlink(daemon.dataRoot + "/ballast")
            _ = try daemon.quell("rm", "-f", "late")
            let end = try daemon.quell("run", "--rm", "--name", "late", Programs.image, "echo", "fine")
            #expect(end.output == "fine\n", "with room again it works: \(end.text)")
        }
    }

    @Test func importIsRefusedAndLeavesNoImage() throws {
        try withSmallDisk { daemon in
            let before = try daemon.must("images", "-q")
            try fill(daemon)
            let end = try daemon.quell("image", "import", daemon.directory + "/rootfs.tar", "second:1")
            #expect(end.status == .code(1), "\(end.text)")
            #expect(end.errors.lowercased().contains("space"), "\(end.text)")
            #expect(try daemon.must("images", "-q") == before)
        }
    }
}

import Lifecycle
import Linux
import TestKit
import Testing

/// Archives that are none, broken off, changed, or written to do harm, as files and through a pipe. `ImagesTests` goes
/// through all the ways an archive can be wrong.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BadArchiveTests {
    /// Makes `directory/name` with a shell command run in the directory.
    private func make(_ daemon: Daemon, _ script: String) throws {
        let end = try Programs.system("sh", ["-e", "-c", "cd \(daemon.directory); \(script)"])
        try #require(end.succeeded, "\(end.text)")
    }

    /// One byte of what the archive has of the file is another.
    private func change(_ daemon: Daemon, _ archive: String, where part: String, to changed: String) throws {
        var bytes = try File.read("\(daemon.directory)/\(archive)", limit: 1 << 24)
        let mark = try File.read("\(daemon.directory)/\(part)").prefix(32)
        let place = bytes.indices.first { bytes[$0] == mark[0] && bytes[$0...].starts(with: mark) }
        bytes[try #require(place)] ^= 0xff
        try File.open("\(daemon.directory)/\(changed)", [.writeOnly, .create], mode: 0o644).writeAll(bytes)
    }

    @Test func brokenArchivesAreRefusedByImport() throws {
        try withDaemon { daemon in
            try make(
                daemon,
                """
                echo 'this is no archive' >text; : >empty
                head -c 700000 rootfs.tar >half.tar
                gzip -c rootfs.tar >whole.tgz; head -c 300000 whole.tgz >half.tgz
                """)
            try daemon.losingNothing {
                for (name, words) in [
                    ("text", ["nrecognized archive format"]), ("empty", ["empty"]),
                    ("half.tar", ["bin/busybox", "runcated"]), ("half.tgz", ["bin/busybox", "truncated"]),
                ] {
                    let path = daemon.directory + "/" + name
                    try daemon.refuses(
                        ["image", "import", path, "bad:1"], code: 1, saying: words + ["quell: \(path): "])
                    let piped = try Programs.system(
                        "sh",
                        [
                            "-c",
                            "QUELL_HOST=unix://\(daemon.socket) \(try Programs.path("quell")) image import - <\(path)",
                        ])
                    #expect(
                        piped.status == .code(1)
                            && (words + ["quell: standard input: "]).allSatisfy(piped.errors.contains), "\(piped.text)")
                }
                try daemon.refuses(
                    ["image", "import", "/nosuch/file.tar", "bad:3"], code: 125,
                    saying: ["/nosuch/file.tar", "No such file or directory"])
                try daemon.refuses(
                    ["image", "import", daemon.directory + "/rootfs.tar", "Bad::name"], code: 1,
                    saying: ["invalid reference format", "Bad"])
                // What grows while it is read.
                try make(daemon, "ln -s . itself")
                for place in ["", "/itself", "/data", "/data/images"] {
                    try daemon.refuses(
                        ["image", "import", daemon.directory + place, "bad:4"], code: 1,
                        saying: ["the data root \(daemon.dataRoot)", "tar --exclude"])
                }
            }
        }
    }

    @Test func brokenArchivesAreRefusedByLoad() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                // An image that shares no layer with what is there.
                try make(daemon, "mkdir other; head -c 100000 /dev/urandom >other/noise; tar -C other -cf other.tar .")
                try daemon.must("image", "import", daemon.directory + "/other.tar", "other:1")
                try daemon.must("save", "-o", daemon.directory + "/good.tar", "other:1")
                try daemon.must("image", "rm", "other:1")
                try make(daemon, "head -c 60000 good.tar >half.tar")
                try change(daemon, "good.tar", where: "other/noise", to: "changed.tar")
                try daemon.refuses(
                    ["load", "-i", daemon.directory + "/half.tar"], code: 1, saying: ["sha256", "runcated"])
                try daemon.refuses(
                    ["load", "-i", daemon.directory + "/changed.tar"], code: 1, saying: ["sha256", "digest"])
                try daemon.refuses(
                    ["load", "-i", daemon.directory + "/rootfs.tar"], code: 1,
                    saying: ["neither a docker-archive", "import it"])
                try daemon.refuses(
                    ["load", "-i", "/nosuch/file.tar"], code: 125, saying: ["/nosuch/file.tar", "No such file"])
            }
            #expect(try daemon.must("load", "-i", daemon.directory + "/good.tar").contains("other:1"))
        }
    }

    @Test func hostileArchiveTouchesNothingOutside() throws {
        try withDaemon { daemon in
            let victim = daemon.directory + "/victim"
            let climb = String(repeating: "../", count: 12) + victim.dropFirst()
            try make(
                daemon,
                """
                echo untouched >victim; mkdir evil; echo overwritten >evil/file; ln -s "$PWD" evil/link
                tar -C evil -P --transform 's|^file$|\(victim)|' -cf absolute.tar file
                tar -C evil -P --transform 's|^file$|\(climb)|' -cf climbing.tar file
                tar -C evil --transform 's|^file$|link/victim|' -cf linked.tar link file
                """)
            try daemon.losingNothing {
                let path = { (name: String) in "\(daemon.directory)/\(name).tar" }
                try daemon.refuses(
                    ["image", "import", path("climbing"), "evil:1"], code: 1, saying: [climb, "leads out"])
                try daemon.refuses(["image", "import", path("linked"), "evil:2"], code: 1, saying: ["link/victim"])
                // An absolute name is one below the image's own root.
                try daemon.must("image", "import", path("absolute"), "evil:3")
                try daemon.must("image", "rm", "evil:3")
                // The same into a running container.
                let quell = "QUELL_HOST=unix://\(daemon.socket) \(try Programs.path("quell"))"
                for name in ["climbing", "linked"] {
                    let copy = try Programs.system("sh", ["-c", "\(quell) cp - runs:/tmp <\(path(name))"])
                    #expect(copy.status == .code(1) && copy.errors.contains("victim"), "\(name): \(copy.text)")
                }
                #expect(String(decoding: try File.read(victim), as: UTF8.self) == "untouched\n")
            }
        }
    }

    /// The upload breaks off in its middle because the client dies.
    @Test func uploadThatBreaksOffLeavesNothing() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let quell = try Programs.path("quell")
                try make(daemon, "mkfifo feed")
                // Both ends are open here, so that the client waits for more until it dies.
                let feed = try File.open(daemon.directory + "/feed", .readWrite)
                try feed.writeAll(Array(try File.read(daemon.directory + "/rootfs.tar", limit: 1 << 24).prefix(32768)))
                let client = try RunningCommand(
                    "sh", ["-c", "exec \(quell) image import - bad:1 <\(daemon.directory)/feed"],
                    environment: Programs.environment + ["QUELL_HOST=unix://" + daemon.socket])
                let place = daemon.dataRoot + "/images/tmp"
                try eventually("the upload has begun", within: Limit.command) { try !File.list(place).isEmpty }
                try client.send(.kill)
                _ = try client.finish(within: Limit.command)
                try eventually("its remains are gone", within: Limit.command) { try File.list(place).isEmpty }
            }
        }
    }
}

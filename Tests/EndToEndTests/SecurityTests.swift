import Lifecycle
import Linux
import TestKit
import Testing

/// What other users of the host see of a quelld: docs/security.md.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SecurityTests {
    /// Whatever the mask of who started it.
    @Test func othersReachNothingButVolumesAndNames() throws {
        try withDaemon { daemon in
            try daemon.shutDown()
            try daemon.start(on: .withoutMask)
            try daemon.runReady("web", "echo private; echo ready; sleep 1000", options: ["-v", "data:/data"])
            try daemon.must("exec", "web", "touch", "/data/letter", "/tmp/letter")
            let found = try open(daemon.dataRoot) + open(daemon.runRoot)
            // Containers of other users must be able to reach the volume that they share.
            let volume = "\(daemon.dataRoot)/volumes/data"
            let expected = [volume, volume + "/_data", volume + "/_data/letter", "\(daemon.runRoot)/quelld.pid"]
            for (path, mode) in found where mode & 0o002 != 0 || mode & 0o004 != 0 && !expected.contains(path) {
                Issue.record("others reach \(path), \(String(mode, radix: 8))")
            }
            #expect(found.map(\.path).contains(volume + "/_data/letter"), "so the look sees what is open")
            #expect(try mode(of: "\(daemon.dataRoot)/quell.db") == 0o600)
            #expect(try mode(of: daemon.socket) == 0o660)
            let stranger = try Programs.system(
                "setpriv",
                [
                    "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "curl", "-sS", "-m", "10",
                    "--unix-socket", daemon.socket, "http://localhost/_ping",
                ])
            #expect(!stranger.succeeded && !stranger.output.contains("OK"), "\(stranger.text)")
        }
    }

    /// Path and permissions of each that somebody who is neither root nor in a group of it gets at, by name.
    private func open(_ path: String) throws -> [(path: String, mode: Int)] {
        // What ends while it is being looked at is nowhere any more.
        guard let status = try File.status(of: path, following: false) else { return [] }
        let mode = try mode(of: path)
        guard mode & 0o007 != 0, status.kind != .symbolicLink else { return [] }
        var found = [(path, mode)]
        guard status.kind == .directory, mode & 0o001 != 0 else { return found }
        for entry in try File.list(path) { found += try open(path + "/" + entry.name) }
        return found
    }

    private func mode(of path: String) throws -> Int {
        Int(try #require(try File.status(of: path, following: false)).mode & 0o7777)
    }

    /// A container's own words cannot drive the terminal of who looks at it.
    @Test func commandsAndTitlesAreShownAsText() throws {
        try withDaemon { daemon in
            let hostile = "\u{1B}]0;owned\u{7}"
            try daemon.must(
                "run", "-d", "--name", "web", "--label", "l=\(hostile)", Programs.image, "sh", "-c",
                "exec sleep 1000", hostile)
            try daemon.must("exec", "-d", "web", "sh", "-c", "sleep 1000; true", hostile)
            let looks = ["ps --no-trunc", "top web", "why web", "ps --format '{{.Labels}}'", "stop '\(hostile)'"]
            for look in looks {
                let program = try Programs.path("quell")
                let seen = try Programs.system(
                    "script", ["-qec", "\(program) -H unix://\(daemon.socket) \(look)", "/dev/null"])
                #expect(!seen.output.isEmpty && !seen.output.contains("\u{1B}]"), "\(look): \(seen.output)")
                if look.contains("Labels") { #expect(seen.output.contains("\\x1b]0;owned\\x07"), "\(seen.output)") }
            }
            // For a program they are what they are.
            let plain = try daemon.must("ps", "--format", "{{.Labels}}")
            #expect(plain.hasPrefix("l=" + hostile))
        }
    }

    /// A password for a registry is in no argument, environment, file or log, also while the registry is being asked.
    @Test func passwordsForRegistriesAreNowhere() throws {
        try withDaemon { daemon in
            try daemon.shutDown()
            try daemon.start(["--log-level", "trace"])
            let secret = "correct-horse-\(ProcessSelf.pid)"
            let login = #"{"username":"alice","password":"\#(secret)","serveraddress":"x"}"#
            let encoded = try Programs.system("sh", ["-c", "printf '%s' '\(login)' | base64 -w 0"]).trimmed
            // A registry that takes the connection and says nothing.
            let address = try InternetAddress.free()
            let silent = try RunningCommand(
                "busybox", ["nc", "-l", "-p", String(address.port), "-s", "127.0.0.1"],
                environment: Programs.environment)
            defer { withExtendedLifetime(silent) {} }
            let header = daemon.directory + "/header"
            try File.write("X-Registry-Auth: \(encoded)\n", to: header)
            let pull = try RunningCommand(
                "curl",
                [
                    "-sS", "-X", "POST", "-H", "@\(header)", "--unix-socket", daemon.socket,
                    "http://localhost/images/create?fromImage=127.0.0.1:\(address.port)/team/web&tag=1",
                ], environment: Programs.environment)
            var asking = ""
            try eventually("the registry is asked", within: Limit.command) {
                let quelld = String(try #require(daemon.process).pid)
                let children = try Programs.system("ps", ["--ppid", quelld, "-o", "pid=,comm="])
                asking =
                    children.output.split(separator: "\n").first { $0.hasSuffix("quell-registry") }
                    .flatMap { $0.split(separator: " ").first }.map(String.init) ?? ""
                return !asking.isEmpty
            }
            for file in ["cmdline", "environ"] {
                let text = String(decoding: try File.read("/proc/\(asking)/\(file)"), as: UTF8.self)
                #expect(!text.contains(secret) && !text.contains(encoded), "\(file): \(text)")
            }
            _ = try Programs.system("rm", [header])
            let hits = try Programs.system(
                "grep", ["-rlaF", "-D", "skip", "-e", secret, "-e", encoded, daemon.directory])
            #expect(hits.output.isEmpty, "\(hits.text)")
            let log = try #require(daemon.process).errorsSoFar
            #expect(!log.contains(secret) && !log.contains(encoded))
            try pull.send(.term)
            _ = try pull.finish(within: .seconds(10))
        }
    }
}

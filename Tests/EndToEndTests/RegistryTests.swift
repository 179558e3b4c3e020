import Lifecycle
import Linux
import TestKit
import Testing

/// Images from and to Debian's docker-registry, by the whole engine.
@Suite(
    .serialized, .timeLimit(.minutes(4)),
    .enabled(if: File.isExecutable("/usr/bin/docker-registry"), "docker-registry is not installed"))
struct RegistryTests {
    @Test func pushPullRunAndSeeTheSameDigest() throws {
        try withDaemon { daemon in
            let registry = try LoopbackRegistry(daemon)
            defer { withExtendedLifetime(registry) {} }
            let name = "\(registry.host)/team/bb:1"
            try daemon.must("tag", Programs.image, name)
            let digest = try registry.digest(in: try daemon.must("push", name))
            try daemon.must("rmi", name)
            #expect(try daemon.must("pull", "-q", name) == name)
            // With a tag in the filter no digest matches it, as in Docker.
            let shown = try daemon.must("images", "--digests", "--format", "{{.Digest}}", "\(registry.host)/team/bb")
            #expect(shown == digest)
            try daemon.must("rmi", name)
            // Absent, so it is fetched.
            let end = try daemon.quell("run", "--rm", name, "echo", "hello")
            #expect(end.trimmed == "hello", "\(end.text)")
            #expect(end.errors.contains("Unable to find image '\(name)' locally"), "\(end.text)")
            try daemon.must("rmi", name)
            let never = try daemon.quell("run", "--rm", "--pull", "never", name, "true")
            #expect(never.status == .code(125), "\(never.text)")
            let missing = try daemon.quell("pull", "\(registry.host)/team/nothing:1")
            #expect(missing.status == .code(1))
            #expect(missing.errors.contains("not found"), "\(missing.text)")
        }
    }

    @Test func daemonKilledMidwayLeavesWhatTheNextPullContinues() throws {
        try withDaemon { daemon in
            let registry = try LoopbackRegistry(daemon)
            defer { withExtendedLifetime(registry) {} }
            let name = "\(registry.host)/large:1"
            try importNoise(daemon, as: name, megabytes: 40)
            try daemon.must("push", name, within: .seconds(60))
            try daemon.must("rmi", name)
            let pull = try daemon.command(["pull", name])
            let ingest = daemon.dataRoot + "/images/ingest"
            try waitUntil { try File.list(ingest).contains { $0.name.hasSuffix(".part") } }
            let parent = try #require(daemon.process?.pid)
            let helper = try Programs.system("pgrep", ["-P", "\(parent)", "-x", "quell-registry"]).trimmed
            #expect(!helper.isEmpty)
            try daemon.crash()
            let end = try pull.finish(within: Limit.command)
            #expect(!end.succeeded)
            try waitUntil { try File.status(of: "/proc/\(helper)") == nil }
            try daemon.start()
            #expect(try daemon.must("images", "-q", name) == "")
            try daemon.must("pull", name, within: .seconds(60))
            #expect(try File.list(ingest).isEmpty)
        }
    }

    @Test func memoryOfTheDaemonStaysFlatWhileALargeLayerIsPulled() throws {
        try withDaemon { daemon in
            let registry = try LoopbackRegistry(daemon)
            defer { withExtendedLifetime(registry) {} }
            let name = "\(registry.host)/huge:1"
            try importNoise(daemon, as: name, megabytes: 150)
            try daemon.must("push", name, within: .seconds(120))
            try daemon.must("rmi", name)
            let before = try residentKilobytes(daemon)
            try daemon.must("pull", name, within: .seconds(120))
            #expect(try residentKilobytes(daemon) - before < 8192)
        }
    }

    @Test func dockersCommandLinePullsAndPushes() throws {
        guard DockerClient.isInstalled else { return }
        try withDaemon { daemon in
            let registry = try LoopbackRegistry(daemon)
            defer { withExtendedLifetime(registry) {} }
            let docker = DockerClient(daemon)
            let name = "\(registry.host)/team/bb:1"
            try docker.must("tag", Programs.image, name)
            #expect(try docker.must("push", name).contains("digest: sha256:"))
            try docker.must("rmi", name)
            #expect(try docker.must("pull", name).contains("Status: Downloaded newer image for \(name)"))
            #expect(try docker.must("pull", name).contains("Status: Image is up to date for \(name)"))
            try docker.must("rmi", name)
            #expect(try docker.must("run", "--rm", "--network", "none", name, "echo", "pulled") == "pulled")
        }
    }
}

/// A docker-registry that lives as long as the daemon's directory is of use.
final class LoopbackRegistry {
    let host: String
    private let process: RunningCommand

    init(_ daemon: Daemon) throws {
        let port = try LoopbackRegistry.freePort()
        host = "127.0.0.1:\(port)"
        let configuration = daemon.directory + "/registry.yml"
        let text = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(daemon.directory)/registry}}
            http: {addr: \(host)}
            """
        try File.open(configuration, [.writeOnly, .create]).writeAll(Array(text.utf8))
        process = try RunningCommand(
            "/usr/bin/docker-registry", ["serve", configuration], environment: Programs.environment)
        try waitUntil { try Programs.system("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).succeeded }
    }

    func digest(in output: String) throws -> String {
        let words = output.split { $0.isWhitespace }.map(String.init)
        return try #require(words.first { $0.hasPrefix("sha256:") })
    }

    private static func freePort() throws -> String {
        try Programs.system(
            "python3",
            ["-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"]
        ).trimmed
    }
}

/// An image of one file that does not compress.
private func importNoise(_ daemon: Daemon, as name: String, megabytes: Int) throws {
    let tree = daemon.directory + "/noise"
    try File.makeDirectory(tree)
    let made = try Programs.system(
        "sh",
        [
            "-c",
            "head -c \(megabytes)M /dev/urandom >\(tree)/noise && tar -C \(tree) -cf \(tree).tar . && rm -r \(tree)",
        ])
    try #require(made.succeeded, "\(made.text)")
    try daemon.must("import", tree + ".tar", name, within: .seconds(120))
    try File.unlink(tree + ".tar")
}

private func residentKilobytes(_ daemon: Daemon) throws -> Int {
    let pid = try #require(daemon.process?.pid)
    let status = String(decoding: try File.read("/proc/\(pid)/status"), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(Int(line.filter(\.isNumber)))
}

/// Polls what has no event, for 30 seconds.
private func waitUntil(_ condition: () throws -> Bool) throws {
    let deadline = MonotonicClock.now() + .seconds(30)
    while try !condition() {
        guard MonotonicClock.now() < deadline else { throw TestFailure("it did not come to that") }
        _ = try Programs.system("sleep", ["0.05"])
    }
}

import Lifecycle
import Linux
import Testing

/// The real docker command line against our socket.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: DockerClient.isInstalled, "docker is not installed"))
struct DockerClientTests {
    @Test func runStopLogsAndRemove() throws {
        try withDaemon { daemon in
            let docker = DockerClient(daemon)
            #expect(try docker.must("version").contains("Server"))
            let end = try docker.run(
                "run", "--rm", "--network", "none", Programs.image, "sh", "-c", "echo hello; exit 3")
            #expect(end.status == .code(3), "\(end.text)")
            #expect(end.output == "hello\n")

            try docker.must(
                "run", "-d", "--network", "none", "--name", "polite", Programs.image, "sh", "-c", Scripts.handles)
            try daemon.waitForLog("polite", "ready")
            #expect(try docker.must("ps", "--format", "{{.Names}}") == "polite")
            #expect(try docker.must("exec", "polite", "echo", "inside") == "inside")
            #expect(try docker.must("stop", "polite") == "polite")
            #expect(try docker.must("logs", "polite").contains("saved"))
            #expect(
                try docker.must("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "polite") == "exited 0")
            #expect(try docker.must("rm", "polite") == "polite")
            #expect(try docker.must("ps", "-aq") == "")
        }
    }

    @Test func itsContainersWaitTheGracePeriodByDefault() throws {
        try withDaemon { daemon in
            let docker = DockerClient(daemon)
            try docker.must(
                "run", "-d", "--network", "none", "--name", "deaf", Programs.image, "sh", "-c", Scripts.deaf)
            try daemon.waitForLog("deaf", "ready")
            let end = try docker.run("stop", "-t", "1", "deaf")
            #expect(end.succeeded, "\(end.text)")
            #expect(end.elapsed >= .seconds(1), "as Docker does")
        }
    }

    @Test func imagesAreListedAndRemoved() throws {
        try withDaemon { daemon in
            let docker = DockerClient(daemon)
            #expect(try docker.must("images", "--format", "{{.Repository}}:{{.Tag}}") == Programs.image)
            try docker.must("tag", Programs.image, "other:2")
            try docker.must("rmi", "other:2")
            #expect(try docker.must("images", "--format", "{{.Repository}}:{{.Tag}}") == Programs.image)
        }
    }

    @Test func attachedInputReachesTheContainer() throws {
        try withDaemon { daemon in
            let end = try Programs.system(
                "sh",
                [
                    "-c",
                    "echo typed | docker -H unix://\(daemon.socket) run --rm -i --network none \(Programs.image) cat",
                ])
            #expect(end.output == "typed\n", "\(end.text)")
        }
    }
}

/// The docker command line, pointed at a daemon of the test's.
struct DockerClient {
    private let host: String
    init(_ daemon: Daemon) { host = "unix://" + daemon.socket }

    static let isInstalled: Bool = {
        do { return try Programs.system("docker", ["--version"]).succeeded } catch { return false }
    }()

    func run(_ arguments: String...) throws -> Finished {
        try Programs.system("docker", ["-H", host] + arguments, within: Limit.command)
    }

    @discardableResult
    func must(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let end = try Programs.system("docker", ["-H", host] + arguments, within: Limit.command)
        try #require(
            end.succeeded, "docker \(arguments.joined(separator: " ")): \(end.text)", sourceLocation: sourceLocation)
        return end.trimmed
    }
}

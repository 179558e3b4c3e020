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

/// Everyday work with the docker command line: it shows what it shows of Docker, which was recorded (`conformance/cli`).
@Suite(.timeLimit(.minutes(10)), .enabled(if: DockerClient.recorded != nil, "scripts/docker-client --fetch"))
struct DockerCaseTests {
    @Test func showsWhatItShowsOfDocker() throws {
        let client = try #require(DockerClient.recorded)
        try withDaemon { daemon in
            // The cases bring their own.
            try daemon.must("rmi", Programs.image)
            let cases = try RunningCommand(
                DockerClient.repository + "/conformance/cli/quick", [daemon.directory + "/cases"],
                environment: ["PATH=\(client):/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(daemon.directory)"]
                    + ["DOCKER_HOST=unix://\(daemon.socket)"])
            let end = try cases.finish(within: .seconds(500))
            #expect(end.succeeded, "\(end.text)")
            #expect(end.output.contains("passed"))
        }
    }
}

/// The docker command line, pointed at a daemon of the test's.
struct DockerClient {
    /// The directory of the one that Docker was recorded with; nil: it was not fetched.
    static let recorded: String? = {
        let directory = repository + "/.build-clients/docker-cli"
        do { return try File.status(of: directory + "/docker") == nil ? nil : directory } catch { return nil }
    }()
    static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

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

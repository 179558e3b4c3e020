import Lifecycle
import Linux
import TestKit
import Testing

/// Containers at a terminal, by our command line and by docker's.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TerminalTests {
    enum Client: String, CaseIterable, Sendable {
        case quell, docker

        var isThere: Bool { self == .quell || DockerClient.isInstalled }

        func at(_ daemon: Daemon, _ arguments: String...) throws -> TerminalCommand {
            let environment = Programs.environment
            switch self {
            case .quell:
                return try TerminalCommand(
                    Programs.path("quell"), arguments, environment: environment + ["QUELL_HOST=unix://\(daemon.socket)"]
                )
            case .docker:
                return try TerminalCommand(
                    "docker", arguments, environment: environment + ["DOCKER_HOST=unix://\(daemon.socket)"])
            }
        }
    }

    private static let clients = Client.allCases.filter(\.isThere)
    private static let ctrlPQ = "\u{10}\u{11}"

    /// Whoever leaves by the keys leaves the container running, may come again, and meets the same shell.
    @Test(arguments: clients) func keysLeaveItRunning(client: Client) throws {
        try withDaemon { daemon in
            let run = try client.at(daemon, "run", "-it", "--name", "left", "--network", "none", Programs.image, "sh")
            try run.shows("# ")
            try run.types("here=one\n")
            try run.shows("# ")
            try run.types(TerminalTests.ctrlPQ)
            #expect(try run.finish() == .code(0), "\(run.everything)")
            #expect(try daemon.inspect("left", ".State.Running") == "true")
            if client == .quell {
                // Docker's client tells nobody but its user.
                let events = try daemon.command(["events", "--since", "1h", "--filter", "event=detach"])
                #expect(try events.says("name=left", within: Limit.command), "\(events.errorsSoFar)")
            }

            let attach = try client.at(daemon, "attach", "left")
            try attach.types("echo it is $here\n")
            try attach.shows("it is one")
            try attach.types("exit 3\n")
            #expect(try attach.finish() == .code(3), "\(attach.everything)")
            #expect(try daemon.inspect("left", ".State.ExitCode") == "3")
        }
    }

    /// Keys that could begin the sequence are held back, and passed on when they do not.
    @Test(arguments: clients) func keysOfOnesOwn(client: Client) throws {
        try withDaemon { daemon in
            let run = try client.at(
                daemon, "run", "-it", "--name", "own", "--network", "none", "--detach-keys", "ctrl-x,x", Programs.image,
                "sh", "-c", "stty raw -echo; echo ready; exec cat")
            try run.shows("ready")
            // Neither the sequence nor docker's usual one.
            try run.types("a\u{18}b" + TerminalTests.ctrlPQ + "c")
            try run.shows("a\u{18}b" + TerminalTests.ctrlPQ + "c")
            try run.types("\u{18}x")
            #expect(try run.finish() == .code(0), "\(run.everything)")
            #expect(try daemon.inspect("own", ".State.Running") == "true")
        }
    }

    /// The container and the exec go on; what left it is told as docker tells it.
    @Test(arguments: clients) func keysLeaveAnExec(client: Client) throws {
        try withDaemon { daemon in
            try daemon.runReady("host", "echo ready; sleep 1000")
            let exec = try client.at(
                daemon, "exec", "-it", "--detach-keys", "z", "host", "sh", "-c", "echo here; exec sleep 999")
            try exec.shows("here")
            try exec.types("z")
            #expect(try exec.finish() != .signal(.kill, coreDumped: false), "\(exec.everything)")
            #expect(try daemon.must("top", "host").contains("sleep 999"), "it runs on")
        }
    }
}

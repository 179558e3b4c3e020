import Lifecycle
import Linux
import TestKit
import Testing

/// A quelld of the test's own, with private roots under /tmp, and the command line that speaks to it.
final class Daemon {
    let directory: String
    var dataRoot: String { directory + "/data" }
    var runRoot: String { directory + "/run" }
    var socket: String { directory + "/q.sock" }
    private(set) var process: RunningCommand?
    /// Its daemon.json. Before `start`.
    var configuration = "{}"
    /// What containers join that name no network: nothing of the host's is changed unless a test asks for it. Before `start`.
    var defaultNetwork = "none"
    /// Where it runs. Before `start`.
    var host = Host.asItIs
    /// What quelld calls its cgroup: FNV-1a of the data root, which only has to tell roots apart.
    var cgroupParent: String {
        let hash = dataRoot.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return "quell-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Directories only; `start` starts it.
    init() throws {
        directory = "/tmp/quell-e2e-\(ProcessSelf.pid)-\(Daemon.counter.next())"
        try File.makeDirectory(directory, mode: 0o700)
    }

    /// Puts the data root on a file system of its own, so small that it can be filled. Before `start`.
    func limitDataRoot(megabytes: Int) throws { try mountSmall(at: dataRoot, megabytes) }

    /// The same for the run root.
    func limitRunRoot(megabytes: Int) throws { try mountSmall(at: runRoot, megabytes) }

    /// Puts the data root on a file system that somebody else mounted. Before `start`; unmounted by `cleanUp`.
    func placeDataRoot(in place: String) throws {
        try File.makeDirectory(place + "/data", mode: 0o711)
        try File.makeDirectory(dataRoot)
        try Mount.bind(place + "/data", at: dataRoot)
    }

    private func mountSmall(at path: String, _ megabytes: Int) throws {
        try File.makeDirectory(path)
        let mount = try Programs.system("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "quell-small", path])
        try #require(mount.succeeded, "\(mount.text)")
    }

    private static let counter = Counter()

    /// Starts quelld and waits until it answers.
    func start(_ more: [String] = [], on host: Host? = nil) throws {
        let command = try launch(more, on: host)
        try waitUntilItAnswers(command)
    }

    /// Starts quelld without expecting anything of it.
    func launch(_ more: [String] = [], on host: Host? = nil) throws -> RunningCommand {
        var arguments = ["--data-root", dataRoot, "--run-root", runRoot, "-H", "unix://" + socket]
        arguments += ["--default-network", defaultNetwork] + more
        if !more.contains("--config-file") {
            let file = directory + "/daemon.json"
            try File.write(configuration, to: file)
            arguments += ["--config-file", file]
        }
        let line = (host ?? self.host).commandLine(try Programs.path("quelld"), arguments)
        let command = try RunningCommand(line[0], Array(line.dropFirst()), environment: Programs.environment)
        process = command
        return command
    }

    /// Starts quelld, which must refuse: by itself, soon, and with one message that contains all the words.
    @discardableResult
    func mustNotStart(
        _ more: [String] = [], on host: Host? = nil, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Finished {
        let command = try launch(more, on: host)
        let serves = try command.says("listening", within: Limit.start)
        let end = try command.finish(within: serves ? .zero : Limit.start)
        process = nil
        #expect(!serves, "it serves", sourceLocation: sourceLocation)
        #expect(end.status == .code(1), "\(end.text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(end.errors.contains(word), "no \(word) in: \(end.text)", sourceLocation: sourceLocation)
        }
        return end
    }

    private func waitUntilItAnswers(_ command: RunningCommand) throws {
        let deadline = MonotonicClock.now() + Limit.start
        while MonotonicClock.now() < deadline {
            // There is no descriptor to wait on before the socket exists; each try lasts at least as long as a process.
            if try quell("version").succeeded { return }
            _ = try command.says("\u{0}", within: .milliseconds(50))
            if command.hasEnded { break }
        }
        let end = try command.finish(within: .zero)
        throw TestFailure("quelld does not answer: \(end.text)")
    }

    /// SIGKILL, as a crash. A thread of it that sleeps in the kernel keeps it until it is let go.
    func crash(beforeItsEnd body: () throws -> Void = {}) throws {
        guard let process else { return }
        try process.send(.kill)
        try body()
        let end = try process.finish(within: .seconds(10))
        #expect(end.status == .signal(.kill, coreDumped: false), "\(end.text)")
        self.process = nil
    }

    /// SIGTERM; quelld must end by itself.
    @discardableResult
    func shutDown() throws -> Finished? {
        guard let process else { return nil }
        try process.send(.term)
        let end = try process.finish(within: Limit.shutDown)
        self.process = nil
        return end
    }

    /// Runs the command line to its end.
    @discardableResult
    func quell(_ arguments: String..., within limit: Duration = Limit.command) throws -> Finished {
        try command(arguments).finish(within: limit)
    }

    /// Runs the command line; it must succeed. Returns its output without the last newline.
    @discardableResult
    func must(
        _ arguments: String..., within limit: Duration = Limit.command,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let end = try command(arguments).finish(within: limit)
        try #require(
            end.succeeded, "quell \(arguments.joined(separator: " ")): \(end.text)", sourceLocation: sourceLocation)
        return end.trimmed
    }

    @discardableResult
    func must(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let end = try command(arguments).finish(within: Limit.command)
        try #require(
            end.succeeded, "quell \(arguments.joined(separator: " ")): \(end.text)", sourceLocation: sourceLocation)
        return end.trimmed
    }

    /// Starts the command line.
    func command(_ arguments: [String]) throws -> RunningCommand {
        try RunningCommand(
            Programs.path("quell"), arguments, environment: Programs.environment + ["QUELL_HOST=unix://" + socket])
    }

    /// Waits until the container has logged the text.
    func waitForLog(_ name: String, _ text: String) throws {
        let logs = try command(["logs", "-f", name])
        if try !logs.says(text, within: Limit.command) {
            throw TestFailure(
                "\(name) never said \(text): \(logs.outputSoFar)\(logs.errorsSoFar)\n\(try HostView.tasks(of: cgroupParent))"
            )
        }
    }

    /// Starts a container and returns once it has printed `ready`.
    func runReady(_ name: String, _ script: String, options: [String] = []) throws {
        let end = try command(["run", "-d", "--name", name] + options + [Programs.image, "sh", "-c", script])
            .finish(within: Limit.command)
        try #require(end.succeeded, "run \(name): \(end.text)")
        try waitForLog(name, "ready")
    }

    /// Waits until ps shows a container being stopped.
    func waitUntilStopping() throws {
        try eventually("ps shows the stop", within: Limit.command) { try must("ps").lowercased().contains("stopping") }
    }

    func inspect(_ name: String, _ field: String) throws -> String {
        try must("inspect", "--format", "{{\(field)}}", name)
    }

    /// Ends everything and removes it. Called by `withDaemon`, also after a failure. All of it is tried; then the first
    /// failure is thrown.
    func cleanUp() throws {
        var first: (any Error)?
        func attempt(_ step: () throws -> Void) {
            do { try step() } catch { first = first ?? error }
        }
        if process != nil {
            attempt {
                let all = try quell("ps", "-aq").output.split(separator: "\n").map(String.init)
                if !all.isEmpty { _ = try command(["rm", "-f"] + all).finish(within: Limit.shutDown) }
            }
            attempt { try shutDown() }
            process = nil
        }
        attempt { try HostView.endCgroup(cgroupParent) }
        attempt { try Mount.unmountAll(under: directory) }
        attempt { try File.removeTree(directory) }
        if let first { throw first }
    }
}

/// How long a test waits at most. Generous: some machines are three times as slow, and a debug build is slow by itself.
enum Limit {
    static let start = Duration.seconds(30)
    static let command = Duration.seconds(30)
    static let shutDown = Duration.seconds(45)
    /// What a thing that happens at once may take on a loaded machine.
    static let atOnce = Duration.seconds(5)
}

/// Gives a started quelld with the test image, and removes everything afterwards, also when the test throws.
func withDaemon(
    prepare: (Daemon) throws -> Void = { _ in }, _ body: (Daemon) throws -> Void
) throws {
    let daemon = try Daemon()
    do {
        try prepare(daemon)
        try daemon.start()
        try daemon.must("image", "import", try Programs.rootfs(in: daemon.directory), Programs.image)
        try body(daemon)
    } catch {
        do { try daemon.cleanUp() } catch { Issue.record("while cleaning up: \(error)") }
        throw error
    }
    try daemon.cleanUp()
}

import FoundationEssentials
import Lifecycle
import Linux
import TestKit
import Testing

/// How containers would take a stop, known before one is asked for.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DoctorTests {
    private struct Report: Decodable {
        struct Container: Decodable {
            var name: String
            var stop: String
            var cure: String?
        }
        struct Finding: Decodable {
            var severity: String
            var code: String
            var container: String?
        }
        var healthy: Bool
        var containers: [Container]
        var findings: [Finding]
    }

    private func report(_ daemon: Daemon) throws -> (Report, Finished) {
        let end = try daemon.quell("doctor", "--format", "json")
        return (try JSONDecoder().decode(Report.self, from: Data(end.output.utf8)), end)
    }

    private static let foreground = #"trap "exit 0" TERM; echo ready; sleep 3600; true"#
    private static let wrapped =
        #"sh -c 'trap "exit 0" TERM; echo ready; while :; do sleep 3600 & wait $!; done'; true"#
    private static let ignoring = #"trap "" TERM; echo ready; while :; do sleep 1; done"#

    @Test func everyKindOfContainerIsToldFromTheOthers() throws {
        try withDaemon { daemon in
            try daemon.runReady("handles", Scripts.handles)
            try daemon.runReady("foreground", DoctorTests.foreground)
            try daemon.runReady("wrapped", DoctorTests.wrapped)
            try daemon.runReady("ignoring", DoctorTests.ignoring)
            try daemon.must("run", "-d", "--name", "deaf", Programs.image, "sleep", "3600")
            let expected = [
                "handles": "graceful", "foreground": "late", "wrapped": "forwarded", "ignoring": "ignored",
                "deaf": "default-action",
            ]
            // A shell starts its foreground command a moment after it has said that it is ready.
            try eventually("all are told apart", within: Limit.command) {
                let found = try report(daemon).0.containers.map { ($0.name, $0.stop) }
                return Dictionary(uniqueKeysWithValues: found) == expected
            }
            let listed = try daemon.must("ps", "--format", "{{.Names}} {{.Stop}}").split(separator: "\n").map(
                String.init)
            #expect(Set(listed) == Set(expected.map { "\($0) \($1)" }))
            #expect(try daemon.must("ps").contains("STOP"))

            // Those that were started just now are given time.
            try eventually("the problems are told", within: Limit.command) {
                let (report, end) = try report(daemon)
                let problems = report.findings.filter { $0.severity == "problem" }.compactMap(\.container)
                return Set(problems) == ["foreground", "ignoring"] && end.status == .code(1) && !report.healthy
            }
            let text = try daemon.quell("doctor").output
            #expect(text.contains("cure: --init") && text.contains("trap and wait"), "\(text)")
        }
    }

    /// As Docker's clients make them: `unhandled` is `wait`, and the whole grace is burnt.
    @Test func containerThatBurnsItsGraceIsAProblem() throws {
        try withDaemon { daemon in
            try daemon.must("run", "-d", "--name", "deaf", "--stop-unhandled", "wait", Programs.image, "sleep", "3600")
            try eventually("it is a problem", within: Limit.command) {
                try report(daemon).0.findings.contains {
                    $0.container == "deaf" && $0.severity == "problem" && $0.code == "stop-default-action"
                }
            }
            try daemon.must("run", "-d", "--init", "--name", "heals", Programs.image, "sleep", "3600")
            try eventually("the cure works", within: Limit.command) {
                try report(daemon).0.containers.contains { $0.name == "heals" && $0.stop == "graceful" }
            }
        }
    }

    /// Nobody asked: it is known some seconds after the start, and of what runs only.
    @Test func listShowsItByItself() throws {
        try withDaemon { daemon in
            try daemon.runReady("handles", Scripts.handles)
            try eventually("it is known", within: Limit.command) {
                try daemon.must("ps", "--format", "{{.Stop}}") == "graceful"
            }
            try daemon.crash()
            try daemon.start()
            try eventually("the next daemon knows it, too", within: Limit.command) {
                try daemon.must("ps", "--format", "{{.Stop}}") == "graceful"
            }
            try daemon.must("stop", "handles")
            #expect(try daemon.must("ps", "-a", "--format", "{{.Stop}}") == "-")
        }
    }

    /// A hung FUSE mount in a container neither hangs the doctor nor escapes it.
    @Test func hungMountIsFoundAndHangsNobody() throws {
        let hung = try HungFileSystem()
        try withDaemon { daemon in
            try daemon.must(
                "run", "-d", "--name", "reads", "-v", "\(hung.path):/mnt", Programs.image, "cat", "/mnt/file")
            try hung.waitUntilRead()
            let (report, end) = try report(daemon)
            #expect(end.elapsed < Limit.atOnce)
            #expect(report.findings.contains { $0.code == "fuse-mount" && $0.container == "reads" }, "\(end.text)")
            try hung.abort()
        }
    }

    /// The host is looked at all the same; that no container was, is said and shows in the exit status.
    @Test func withoutADaemonItLooksAtTheHostAndSaysSo() throws {
        let daemon = try Daemon()
        defer { do { try daemon.cleanUp() } catch { Issue.record("\(error)") } }
        let (report, end) = try report(daemon)
        #expect(end.status == .code(1) && report.containers.isEmpty)
        #expect(
            end.errors.contains("quelld was not asked") && end.errors.contains("this is the host alone"), "\(end.text)")
        // The same host, as a daemon sees it: of its data root and its own rights only that can tell.
        try daemon.start()
        let whole = try self.report(daemon).0
        let own: Set<String> = ["no-sys-resource", "data-root-remote"]
        let codes = Set(report.findings.map(\.code)), expected = Set(whole.findings.map(\.code))
        #expect(codes.subtracting(own) == expected.subtracting(own), "\(codes) \(expected)")
        try daemon.shutDown()
        let text = try daemon.quell("doctor")
        #expect(text.status == .code(1) && !text.output.isEmpty, "\(text.text)")
    }
}

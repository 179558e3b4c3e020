import FoundationEssentials
import Lifecycle
import Linux
import TestKit
import Testing

/// Whatever makes a container hang, or stop late, as its user meets it: `why` names the reason, the task and the remedy, the
/// remedy works, and meanwhile all others are answered as fast as before.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ScenarioTests {
    @Test(arguments: Trouble.Kind.allCases.filter(\.isSupported))
    func isExplainedAndFreedAndDelaysNobody(_ kind: Trouble.Kind) throws {
        try withDaemon { daemon in
            try daemon.runReady("neighbour", Scripts.handles)
            let usual = try Answers(daemon)
            let trouble = try Trouble(kind)
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try trouble.end() } }
            let words = ["run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=1s"]
            let start = try daemon.command(words + trouble.options + [Programs.image] + trouble.command)
                .finish(within: Limit.command)
            try #require(start.succeeded, "\(start.text)")
            try trouble.begin(try #require(Int32(try daemon.inspect("doomed", ".State.Pid"))))
            if !trouble.isStuck { try expectExplained(trouble, daemon) }

            let stop = try daemon.command(["stop", "-t", "1", "doomed"])
            let asking = try daemon.command(["why", "doomed"])
            try Answers(daemon).expect(noSlowerThan: usual)
            #expect(try asking.finish(within: Limit.command).elapsed < .seconds(1) + Limit.atOnce)
            let end = try stop.finish(within: Limit.command)
            #expect(end.status == .code(trouble.isStuck ? 3 : 0), "\(end.text)")
            if trouble.isStuck {
                #expect(end.text.contains("reason \(trouble.reason ?? "")"), "\(end.text)")
                try expectExplained(trouble, daemon)
                try free(trouble, daemon)
            }
            try daemon.must("wait", "doomed")
            try daemon.must("rm", "doomed")
        }
    }

    /// What was just started takes its time to get there.
    private func expectExplained(_ trouble: Trouble, _ daemon: Daemon) throws {
        var last = ""
        do {
            try eventually("it is explained as \(trouble.kind)", within: Limit.command) {
                let end = try daemon.quell("why", "--format", "json", "doomed")
                last = end.text
                return try trouble.isExplained(by: try JSONDecoder().decode(Why.self, from: Data(end.output.utf8)))
            }
        } catch { throw TestFailure("\(error): \(last)") }
    }

    private func free(_ trouble: Trouble, _ daemon: Daemon) throws {
        guard let option = trouble.option else {
            let nothing = try daemon.quell("release", "doomed")
            #expect(nothing.status == .code(3) && nothing.text.contains("still held"), "\(nothing.text)")
            return try trouble.end()
        }
        let safe = try daemon.quell("release", "doomed")
        #expect(safe.text.contains("give \(option.joined(separator: " "))"), "\(safe.text)")
        let dry = try daemon.command(["release", "--dry-run"] + option + ["doomed"]).finish(within: Limit.command)
        #expect(dry.succeeded && dry.text.contains("would do") && !dry.text.contains("has ended"), "\(dry.text)")
        let done = try daemon.command(["release"] + option + ["doomed"]).finish(within: Limit.command)
        #expect(done.succeeded && done.text.contains("all of it has ended"), "\(done.text)")
    }
}

/// `quell why --format json`, as a program of the user's would read it.
private struct Why: Decodable {
    struct Stop: Decodable { var expectation: String }
    struct Task: Decodable { var comm: String }
    struct Cause: Decodable {
        var reason: String
        var tasks: [Task]
    }
    struct Remedy: Decodable { var name: String }
    var stuck: Bool
    var reason: String?
    var stop: Stop
    var causes: [Cause]
    var remedies: [Remedy]
}

/// What calls about others take.
private struct Answers {
    private var times: [String: [Duration]] = [:]
    private static let rounds = 7
    /// What an answer may take more than before: the bound that a release build keeps on an idle machine.
    private static let allowance = Duration.milliseconds(100)

    init(_ daemon: Daemon) throws {
        for _ in 0..<Answers.rounds {
            for path in ["/_ping", "/containers/json?all=1", "/containers/neighbour/json", "/info", "/quell/v1/jobs"] {
                let asked = MonotonicClock.now()
                #expect(try daemon.request("GET", path).status == 200, "\(path)")
                times[path, default: []].append(MonotonicClock.now() - asked)
            }
        }
    }

    private func median(_ path: String) -> Duration {
        let sorted = (times[path] ?? []).sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count / 2]
    }

    func expect(noSlowerThan usual: Answers) {
        for path in times.keys.sorted() {
            let (before, now) = (usual.median(path), median(path))
            #expect(
                now <= before * 2 + Answers.allowance, "\(path) took \(now.shortText), and \(before.shortText) before")
        }
    }
}

extension Trouble {
    fileprivate func isExplained(by why: Why) throws -> Bool {
        let cause = why.causes.first
        guard why.stuck == isStuck, why.reason == reason else { return false }
        if let expectation, why.stop.expectation != expectation { return false }
        if let task, cause?.tasks.contains(where: { $0.comm == task }) != true { return false }
        return remedy == nil || why.remedies.first?.name == remedy
    }
}

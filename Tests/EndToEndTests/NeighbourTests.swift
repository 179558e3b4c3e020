import Lifecycle
import Linux
import TestKit
import Testing

/// While containers hang and are asked for their stop, whatever is asked of others takes as long as it did before. How long that
/// is without a debug build and a busy machine: `bench/run hang`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NeighbourTests {
    private static let rounds = 5
    /// What an answer may take more than before: the bound that a release build keeps on an idle machine.
    private static let allowance = Duration.milliseconds(100)

    /// Of each question all answers, in the order of time they took.
    private struct Answers {
        var times: [String: [Duration]] = [:]

        mutating func ask(_ name: String, _ daemon: Daemon, _ arguments: [String]) throws {
            let end = try daemon.command(arguments).finish(within: Limit.command)
            #expect(end.succeeded, "\(arguments): \(end.text)")
            times[name, default: []].append(end.elapsed)
        }

        func median(_ name: String) -> Duration {
            let sorted = (times[name] ?? []).sorted()
            return sorted.isEmpty ? .zero : sorted[sorted.count / 2]
        }
    }

    private func ask(_ daemon: Daemon, stopping first: Int) throws -> Answers {
        var answers = Answers()
        for round in 0..<Self.rounds {
            try answers.ask("ps", daemon, ["ps"])
            try answers.ask("inspect", daemon, ["inspect", "neighbour"])
            try answers.ask("inspect of one that hangs", daemon, ["inspect", "doomed-1"])
            try answers.ask("run", daemon, ["run", "--rm", Programs.image, "true"])
            try answers.ask("stop", daemon, ["stop", "other-\(first + round)"])
        }
        return answers
    }

    @Test func answersAreAsFastAsBefore() throws {
        try withDaemon { daemon in
            let hung = try HungFileSystem()
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try hung.abort() } }
            for number in 1...3 {
                try daemon.must(
                    "run", "-d", "--name", "doomed-\(number)", "--label", "quell.stop.kill-deadline=1s", "-v",
                    hung.path + ":/hung", Programs.image, "sh", "-c", "cat /hung/file & wait")
            }
            // The other two wait for the same page.
            try hung.waitUntilRead()
            try daemon.must("run", "-d", "--name", "neighbour", Programs.image, "sleep", "3600")
            for number in 0..<(2 * Self.rounds) { try daemon.runReady("other-\(number)", Scripts.handles) }

            let before = try ask(daemon, stopping: 0)
            let stops = try (1...3).map { try daemon.command(["stop", "-t", "1", "doomed-\($0)"]) }
            let asking = try daemon.command(["why", "doomed-1", "doomed-2", "doomed-3"])
            let during = try ask(daemon, stopping: Self.rounds)
            for stop in stops { #expect(try stop.finish(within: Limit.command).status == .code(3)) }
            #expect(try asking.finish(within: Limit.command).status != nil)

            for name in before.times.keys.sorted() {
                let (usual, now) = (before.median(name), during.median(name))
                #expect(
                    now <= usual * 2 + Self.allowance, "\(name) took \(now.shortText), and \(usual.shortText) before")
            }
            try hung.abort()
            for number in 1...3 { try daemon.must("wait", "doomed-\(number)") }
        }
    }
}

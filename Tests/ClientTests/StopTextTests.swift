import APITypes
import Lifecycle
import Testing

@testable import quell

@Suite struct StopTextTests {
    private func result(_ verdict: String, _ change: (inout StopResult) -> Void = { _ in }) -> StopResult {
        var result = StopResult()
        (result.id, result.name, result.verdict, result.elapsedMs) = ("0123456789abcdef", "web", verdict, 314)
        change(&result)
        return result
    }

    @Test func verdictsAreOneLine() {
        let handled = result("exited") { ($0.exitCode, $0.how, $0.rung) = (0, "handled", "TERM@all:10s") }
        #expect(StopVerdict(result: handled).lines == ["web: exited 0 after TERM@all (handled), 314 ms"])
        let byDefault = result("exited") {
            ($0.exitCode, $0.signal, $0.how, $0.rung) = (143, "SIGTERM", "default-action", "TERM:10s")
        }
        #expect(StopVerdict(result: byDefault).lines == ["web: ended by SIGTERM after TERM (default action), 314 ms"])
        let killed = result("exited") { ($0.exitCode, $0.signal, $0.how) = (137, "SIGKILL", "killed") }
        #expect(StopVerdict(result: killed).lines == ["web: ended by SIGKILL (killed), 314 ms"])
        #expect(
            StopVerdict(result: killed, unhandledSignal: "SIGTERM").lines
                == ["web: ended by SIGKILL (killed: nothing in it reacts to SIGTERM), 314 ms"])
        let already = result("exited") { ($0.exitCode, $0.how) = (3, "already") }
        #expect(StopVerdict(result: already).lines == ["web: exited 3, already before this stop"])
        #expect(StopVerdict(result: result("exited-unknown")).lines == ["web: ended, exit status unknown, 314 ms"])
        #expect(!StopVerdict(result: killed).isStuck)
    }

    private var stuck: StopResult {
        result("stuck") {
            var task = FindingTask()
            (task.pid, task.tid, task.comm, task.state, task.wchan) = (42, 43, "cat", "D", "request_wait_answer")
            task.sigkillPending = true
            var finding = Finding()
            (finding.tasks, finding.message) = ([task], "all of it")
            $0.finding = finding
        }
    }

    @Test func aStuckContainerShowsItsTasks() {
        let verdict = StopVerdict(result: stuck)
        #expect(verdict.isStuck)
        #expect(
            verdict.lines == [
                "web: STUCK after 314 ms: 1 task will not end; the stop goes on",
                "  pid 42 tid 43 (cat) state D in request_wait_answer, SIGKILL pending",
            ])
    }

    @Test func theObjectHasEveryMember() {
        #expect(
            StopVerdict(result: result("exited") { ($0.exitCode, $0.how) = (0, "handled") }).json.compact
                == #"{"id":"0123456789abcdef","name":"web","verdict":"exited","exitCode":0,"signal":null,"rung":null,"how":"handled","elapsedMs":314,"finding":null}"#
        )
        #expect(
            StopVerdict(result: stuck).json["finding"]?.compact
                == #"{"tasks":[{"pid":42,"tid":43,"comm":"cat","state":"D","wchan":"request_wait_answer","sigkillPending":true}],"message":"all of it","reason":null,"summary":null,"remedies":[]}"#
        )
    }

    private func update(_ phase: String, _ change: (inout StopUpdateLine) -> Void = { _ in }) -> StopUpdateLine {
        var update = StopUpdateLine()
        (update.phase, update.elapsedMs) = (phase, 100)
        change(&update)
        return update
    }

    @Test func progressCountsDown() {
        let start = Instant(sinceBoot: .seconds(100))
        var progress = StopProgress(name: "web")
        progress.note(update("signalled") { ($0.signal, $0.recipients) = ("SIGTERM", [4711]) }, at: start)
        #expect(progress.line(at: start) == "web: TERM sent to pid 4711 (0.1 s)")
        progress.note(update("waiting") { $0.remainingMs = 9900 }, at: start)
        #expect(
            progress.line(at: start + .seconds(1))
                == "web: TERM sent to pid 4711; waiting for it to end, 8.9 s left (1.1 s)")
        progress.note(update("waiting"), at: start)
        #expect(progress.line(at: start) == "web: TERM sent to pid 4711; waiting for it to end, without end (0.1 s)")
        progress.note(update("killing") { $0.remainingMs = 10_000 }, at: start)
        #expect(
            progress.line(at: start + .seconds(11))
                == "web: KILL sent; waiting for the kernel to let go, 0.0 s left (11.1 s)")
        progress.note(update("something-new") { $0.message = "said" }, at: start)
        #expect(progress.line(at: start).hasPrefix("web: something-new: said"))
    }
}

import Diagnosis
import Lifecycle
import Linux
import Testing

/// What a stop would do, by the rules of LINUX 1 to 4.
@Suite struct OutlookTests {
    private static let term = UInt64(1) << 14

    private struct Made {
        var comm = "app"
        var pid: Int32 = 40
        var parent: Int32 = 1
        var caught: UInt64 = 0
        var blocked: UInt64 = 0
        var ignored: UInt64 = 0
        var namespacePids: [Int32] = [40, 1]
        var wchan = ""
        var state: Character = "S"
        var age = Duration.seconds(60)
    }

    private func outlook(_ made: [Made], unhandled: Unhandled = .kill) -> StopOutlook {
        var evidence = Diagnosis.Evidence(
            Subject(.process(40), main: 40, plan: StopPlan(unhandled: unhandled)), takenAt: Instant(sinceBoot: .zero))
        evidence.processes = made.map { made in
            var process = ProcessEvidence(
                ProcessName(pid: made.pid, startTicks: 1, comm: made.comm), state: made.state, parent: made.parent,
                masks: SignalMasks(caught: made.caught, blocked: made.blocked, ignored: made.ignored),
                namespacePids: made.namespacePids)
            process.isMain = made.pid == 40
            process.age = made.age
            var task = TaskEvidence(
                pid: made.pid, tid: made.pid, comm: made.comm, state: made.state,
                switches: SwitchCounts(voluntary: 1, involuntary: 0))
            task.wchan = made.wchan
            process.tasks = [task]
            return process
        }
        return explain(evidence).outlook
    }

    @Test func mainProcessAlone() {
        #expect(outlook([Made(caught: Self.term)]).expectation == .graceful)
        #expect(outlook([Made(blocked: Self.term)]).expectation == .graceful)
        #expect(outlook([Made(ignored: Self.term)]).expectation == .ignored)
        #expect(outlook([Made()]).expectation == .unhandled)
        #expect(outlook([Made(namespacePids: [40])]).expectation == .defaultAction)
        #expect(outlook([]).expectation == .gone)
    }

    /// The host's own PID 1, or that of the namespace that Quell itself is in.
    @Test func initOfTheNamespaceThatIsLookedFrom() {
        let found = outlook([Made(comm: "init", namespacePids: [1])])
        #expect(found.expectation == .unhandled && found.recipients.isEmpty)
        #expect(found.notes.contains { $0.contains("is PID 1 without a handler") }, "\(found.notes)")
        #expect(found.notes.contains { $0.contains("KILL") && $0.contains("does not end it") }, "\(found.notes)")
        let handled = outlook([Made(caught: Self.term, namespacePids: [1])])
        #expect(handled.expectation == .graceful)
        #expect(handled.notes.contains { $0.contains("KILL") && $0.contains("does not end it") }, "\(handled.notes)")
    }

    @Test func unhandledSaysWhatFollows() {
        #expect(outlook([Made()]).notes.contains { $0.contains("killed at once") })
        #expect(outlook([Made()], unhandled: .wait).notes.contains { $0.contains("whole grace period") })
    }

    @Test func justStarted() {
        let notes = outlook([Made(age: .milliseconds(400))]).notes
        #expect(notes.contains { $0.contains("started 400 ms ago") })
        #expect(!outlook([Made()]).notes.contains { $0.contains("ms ago") })
    }

    @Test func shellInAForegroundChildIsTooLate() {
        let shell = Made(comm: "sh", caught: Self.term, wchan: "do_wait")
        let child = Made(comm: "sleep", pid: 41, parent: 40, namespacePids: [41, 2])
        #expect(outlook([shell, child]).expectation == .late)
    }

    /// Its background commands ignore INT and QUIT: with those alone it sits in `wait`.
    @Test func shellInWaitIsGraceful() {
        let shell = Made(comm: "bash", caught: Self.term, wchan: "do_wait")
        let child = Made(comm: "sleep", pid: 41, parent: 40, ignored: 0b110, namespacePids: [41, 2])
        #expect(outlook([shell, child]).expectation == .graceful)
        #expect(outlook([Made(comm: "sh", caught: Self.term, wchan: "sigsuspend"), child]).expectation == .graceful)
    }

    @Test func shellFormIsForwarded() {
        let child = Made(comm: "app", pid: 41, parent: 40, caught: Self.term, namespacePids: [41, 2])
        let forwarded = outlook([Made(comm: "sh", wchan: "do_wait"), child])
        #expect(forwarded.expectation == .forwarded && forwarded.recipients.map(\.pid) == [41])
    }

    @Test func suspendedMainProcessHandlesNothing() {
        #expect(outlook([Made(caught: Self.term, state: "T")]).notes.contains { $0.contains("kill -CONT 40") })
    }
}

import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// How long a task has not run is told by the clock of the processor that it ran on: where the host takes processors away, no two
/// of these clocks agree (LINUX 26).
@Suite(.serialized, .timeLimit(.minutes(2))) struct SleepTests {
    @Test func isNeverLongerThanTheTaskHasBeenThereWhateverProcessorItRanOn() throws {
        for processor in 0..<min(Host.processors, 4) {
            let before = MonotonicClock.now()
            let group = try TestCgroup()
            let words = ["-c", "\(processor)", try Misbehaviour.program()] + Misbehaviour.vforkParent.arguments
            let parent = try OwnedProcess("/usr/bin/taskset", words, in: group.cgroup)
            defer { do { try group.cgroup.kill() } catch { Issue.record("\(error)") } }
            let subject = Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
            let explanation = try Stage.explain(subject) { explanation in
                guard let asleep = explanation.causes.first?.tasks.first?.asleep else { return false }
                #expect(asleep <= MonotonicClock.now() - before, "on processor \(processor)")
                return asleep >= .milliseconds(500)
            }
            #expect(explanation.reason == .vfork && explanation.causes.first?.tasks.first?.pid == parent.pid)
        }
    }

    @Test func answersAreReadAsFarAsTheyCame() {
        let answer = HangingLookAnswer.clocks(parsing: Array("0 1500\n17 2000000\nx 1\n3 4".utf8))
        #expect(answer == [0: .microseconds(1500), 17: .seconds(2)])
        #expect(HangingLookAnswer.clocks(parsing: []).isEmpty)
    }
}

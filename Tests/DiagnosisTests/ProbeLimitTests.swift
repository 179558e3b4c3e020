import Diagnosis
import Lifecycle
import Linux
import TestKit
import Testing

/// Children that get stuck on a file system that hangs: left behind, counted, bounded in number, and reaped when it lets go.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ProbeLimitTests {
    @Test func soManyAtMostHangAndNoneIsStartedThen() throws {
        let (hung, group) = (try HungFileSystem(), try TestCgroup())
        let runner = ProbeRunner("/bin/busybox", words: ["head", "-c", "1"], limit: 4)
        for number in 1...4 {
            let result = runner.output(
                of: [hung.file], until: MonotonicClock.now() + .milliseconds(500))
            #expect(result?.isComplete == false)
            try hung.waitUntilRead(by: number)
            #expect(runner.hanging == number && runner.abandoned == number)
        }
        #expect(runner.output(of: ["/proc/self/stat"], until: MonotonicClock.now() + .seconds(5)) == nil, "a fifth")

        // A look goes on without: what is decisive needs no child.
        let reader = try OwnedProcess("/bin/busybox", ["cat", hung.file], in: group.cgroup)
        try hung.waitUntilRead(by: 5)
        try reader.send(.kill)
        try eventually("it is in D") { try Procfs.status(of: reader.pid).state == "D" }
        let subject = Subject(.cgroup(group.cgroup.path), cgroups: [group.cgroup])
        let explanation = explain(Collector(prober: runner).collect(subject))
        #expect(explanation.isStuck && explanation.reason == .fuse, "\(explanation.causes)")
        #expect(explanation.evidence.probes.isRefused && explanation.evidence.probes.hanging == 4)
        #expect(explanation.evidence.elapsed < .seconds(1))

        try hung.abort()
        try eventually("they are reaped") { runner.hanging == 0 }
        #expect(runner.abandoned == 4)
        #expect(runner.output(of: ["/proc/self/stat"], until: MonotonicClock.now() + .seconds(5))?.isComplete == true)
        try reader.waitUntilEnded()
    }

    /// The limit that the engine and the command line have.
    @Test func sixteenAreTheUsualLimit() throws {
        let hung = try HungFileSystem()
        let runner = ProbeRunner("/bin/busybox", words: ["head", "-c", "1"])
        for _ in 1...16 {
            #expect(runner.output(of: [hung.file], until: MonotonicClock.now() + .milliseconds(100)) != nil)
        }
        #expect(runner.hanging == 16)
        #expect(runner.output(of: ["/proc/self/stat"], until: MonotonicClock.now() + .milliseconds(100)) == nil)
        try hung.abort()
        try eventually("they are reaped") { runner.hanging == 0 }
    }
}

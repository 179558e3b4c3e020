import Lifecycle
import Linux
import TestKit
import Testing

/// The same promises on a host that has cgroup v1 only: no cgroup.kill, no event when a group empties.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: CgroupHost.hasV1))
struct LegacyCgroupTests {
    @Test func handlerIsGivenItsTime() throws {
        try withShim(ShimUnderTest(StopTests.handling, legacyCgroups: true)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .code(42))
            #expect(report.how == .handled)
        }
    }

    @Test func wholeTreeIsKilledThroughTheFreezer() throws {
        let script = "sleep 1000 & (setsid sleep 1000 &) ; echo ready; sleep 1000"
        try withShim(ShimUnderTest(["sh", "-c", script], legacyCgroups: true)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            #expect(try shim.stop(.kill()).report?.how == .killed)
            #expect(try shim.cgroup.members().isEmpty)
        }
    }

    @Test func leftoversOfASharedNamespaceAreFoundAndKilled() throws {
        let script = "sleep 1000 </dev/null >/dev/null 2>&1 & echo left; exit 4"
        try withShim(ShimUnderTest(["sh", "-c", script], pidNamespace: .host, legacyCgroups: true)) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(4))
            #expect(try shim.cgroup.members().isEmpty)
        }
    }

    @Test func pausedContainerIsThawedAndStopped() throws {
        try withShim(ShimUnderTest(StopTests.handling, legacyCgroups: true)) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            #expect(try shim.main.call(.pause) == .done)
            try eventually("the freezer says so") { try shim.cgroup.isFrozen() }
            let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
            #expect(report.status == .code(42))
        }
    }

    @Test func execJoinsAndEnds() throws {
        try withShim(ShimUnderTest(["sleep", "1000"], legacyCgroups: true)) { shim in
            try shim.start()
            let request = ExecRequest(
                id: "a", process: Array(Bundle.process(["sleep", "1000"]).utf8), terminal: false, openStdin: false)
            _ = try shim.main.call(.exec(request))
            #expect(try shim.cgroup.members().count >= 2)
            #expect(try shim.stop(.kill()).report != nil)
        }
    }
}

import Lifecycle
import Linux
import Testing

/// The main process ending is not the container ending.
@Suite(.serialized, .timeLimit(.minutes(2))) struct EvidenceTests {
    /// In a shared PID namespace the kernel kills nobody for us.
    @Test func leftoversInTheHostsNamespaceAreFoundAndKilled() throws {
        let script = "sleep 1000 </dev/null >/dev/null 2>&1 & echo left; exit 4"
        try withShim(ShimUnderTest(["sh", "-c", script], pidNamespace: .host)) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(4))
            #expect(try !shim.cgroup.isPopulated())
        }
    }

    @Test func memberOfAnothersNamespaceEndsWithItsLeftovers() throws {
        try withShim(ShimUnderTest(["sleep", "1000"])) { pause in
            let pid = try pause.start()
            let script = "sleep 1000 & trap 'exit 8' TERM; echo ready; while :; do sleep 1000 & wait $!; done"
            try withShim(ShimUnderTest(["sh", "-c", script], pidNamespace: .of(pid))) { shim in
                try shim.start()
                try shim.awaitLog("ready")
                let report = try #require(try shim.stop(.ladder("TERM:1000s")).report)
                #expect(report.status == .code(8))
                #expect(try !shim.cgroup.isPopulated())
                #expect(try pause.cgroup.members() == [pid], "the namespace's owner is left alone")
            }
        }
    }

    @Test func doubleForkedChildDoesNotOutliveTheContainer() throws {
        let script = "(sleep 1000 & ) ; (setsid sleep 1000 &) ; exit 0"
        try withShim(ShimUnderTest(["sh", "-c", script])) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(0))
            #expect(try shim.cgroup.members().isEmpty)
        }
    }
}

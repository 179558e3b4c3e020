import Lifecycle
import Linux
import TestKit
import Testing

/// The disk with the log and the exit record takes nothing, or who writes there dies: the shim is not held by either.
@Suite(.serialized, .enabled(if: FrozenFileSystem.isSupported), .timeLimit(.minutes(2))) struct DiskTests {
    private static let polite = """
        trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 1000 & wait $!; done
        """

    /// Thawed, whatever happens, before the shim is cleaned up.
    private func withFrozenDisk(
        _ script: String, _ body: (ShimUnderTest, FrozenFileSystem) throws -> Void
    ) throws {
        let disk = try FrozenFileSystem(megabytes: 64)
        let shim = try ShimUnderTest(["sh", "-c", script], disk: disk.path)
        do {
            try shim.start()
            try shim.awaitLog("ready")
            try disk.freeze()
            try body(shim, disk)
        } catch {
            try disk.thaw()
            try shim.cleanUp()
            throw error
        }
        try disk.thaw()
        try shim.cleanUp()
    }

    @Test func stopEndsThoughTheDiskHangsAndTheDiskLearnsOfItLater() throws {
        try withFrozenDisk(DiskTests.polite) { shim, disk in
            let began = MonotonicClock.now()
            let report = try #require(try shim.stop(.ladder("TERM:20s", unhandled: .wait)).report)
            #expect(report.status == .code(7) && report.how == .handled, "\(report)")
            #expect(MonotonicClock.now() - began < .seconds(10))
            #expect(try shim.record() == nil)
            #expect(try shim.lateRecord()?.status == .code(7))
            shim.main.close()
            #expect(try shim.shimEnd() == .code(0), "it waits for no disk")

            try disk.thaw()
            try await_("the writer to end") { try !shim.shimCgroup.isPopulated() }
            #expect(try shim.record()?.status == .code(7))
            #expect(try shim.logText().containsText("bye"))
        }
    }

    @Test func everyCallIsAnsweredMeanwhile() throws {
        try withFrozenDisk("while :; do echo ready; sleep 0.01; done") { shim, _ in
            for call in [ShimCall.hello, .pause, .resume, .signal(.winch), .resize(.main, rows: 1, columns: 1), .hello]
            {
                let began = MonotonicClock.now()
                _ = try shim.main.call(call)
                #expect(MonotonicClock.now() - began < .seconds(1), "\(call)")
            }
            #expect(try shim.stop(.kill()).report?.status == .signal(.kill, coreDumped: false))
        }
    }

    /// A process that writes much waits a while for the disk, as it does for any slow one; then it goes on without its log.
    @Test func outputThatTheDiskDoesNotTakeIsCountedAndHoldsNobodyForLong() throws {
        let script = "trap 'seq 1 1000000; exit 3' USR1; echo ready; while :; do sleep 1000 & wait $!; done"
        try withFrozenDisk(script) { shim, disk in
            _ = try shim.main.call(.signal(.usr1))
            #expect(try shim.main.exited().status == .code(3))
            let record = try #require(try shim.lateRecord())
            #expect(record.lostLogBytes > 1 << 20, "\(record)")
            try disk.thaw()
            try await_("the writer to end") { try !shim.shimCgroup.isPopulated() }
            #expect(try shim.logText().split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        }
    }

    @Test(.enabled(if: !BuiltProduct.isEmulated, "to thaw it takes an emulated machine the second that the record has"))
    func diskThatHangsForAMomentLosesNothing() throws {
        let script = DiskTests.saying(lines: DiskTests.moment, code: 0)
        try withFrozenDisk(script) { shim, disk in
            _ = try shim.main.call(.signal(.usr1))
            try await_("output to wait") { try shim.writerIsInD() }
            try disk.thaw()
            #expect(try shim.main.exited().lostLogBytes == 0)
            #expect(try shim.record()?.status == .code(0))
            #expect(try shim.lateRecord() == nil)
            #expect(try shim.logText().split(separator: "\n").count == DiskTests.moment + 1)
        }
    }

    /// At USR1 it says so much and ends.
    private static func saying(lines: Int, code: Int) -> String {
        "trap 'seq 1 \(lines); exit \(code)' USR1; echo ready; while :; do sleep 1000 & wait $!; done"
    }

    /// Lines that reach the log in far less than a second, which is what the end is held back for.
    private static let moment = BuiltProduct.isEmulated ? 1000 : 10_000

    /// More than a second late, which is not lost: the end is told in time, and the disk gets the rest.
    @Test func aSlowDiskGetsTheRestAfterTheEndWasTold() throws {
        let lines = DiskTests.moment * 10
        try withFrozenDisk(DiskTests.saying(lines: lines, code: 3)) { shim, disk in
            _ = try shim.main.call(.signal(.usr1))
            #expect(try shim.main.exited().status == .code(3))
            #expect(try shim.lateRecord()?.lostLogBytes == 0)
            try disk.thaw()
            shim.main.close()
            #expect(try shim.shimEnd() == .code(0))
            try await_("the writer to end") { try !shim.shimCgroup.isPopulated() }
            #expect(try shim.record()?.lostLogBytes == 0)
            #expect(try shim.logText().split(separator: "\n").count == lines + 1)
        }
    }

    @Test func whatADiskThatHangsDidNotTakeIsCountedInTheEnd() throws {
        try withFrozenDisk(DiskTests.saying(lines: 100_000, code: 3)) { shim, _ in
            _ = try shim.main.call(.signal(.usr1))
            #expect(try shim.main.exited().status == .code(3))
            shim.main.close()
            #expect(try shim.shimEnd() == .code(0))
            #expect(try shim.lateRecord()?.lostLogBytes ?? 0 > 1000)
        }
    }

    @Test func anotherWriterFollowsOneThatDied() throws {
        try withShim(ShimUnderTest(["sh", "-c", DiskTests.polite])) { shim in
            try shim.start()
            try shim.awaitLog("ready")
            let first = try shim.writerPid()
            try Pidfd(opening: first).send(.kill)
            try await_("its end") { try !shim.shimCgroup.members().contains(first) }
            #expect(try shim.stop(.ladder("TERM:20s", unhandled: .wait)).report?.status == .code(7))
            #expect(try shim.record()?.status == .code(7))
            #expect(try shim.logText().containsText("bye"))
            #expect(try shim.lateRecord() == nil)
        }
    }

    /// Nothing but the container's end is asked of the shim then.
    @Test func recordIsWrittenWithoutAnyLog() throws {
        try withShim(ShimUnderTest(["sh", "-c", "exit 5"])) { shim in
            try shim.start()
            #expect(try shim.main.exited().status == .code(5))
            #expect(try shim.record()?.status == .code(5), "before it is told")
        }
    }
}

extension ShimUnderTest {
    fileprivate func writerIsInD() throws -> Bool { try Procfs.status(of: writerPid()).state == "D" }
}

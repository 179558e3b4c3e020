import Lifecycle
import Linux
import TestKit
import Testing

@Suite struct DescriptorTests {
    @Test func isClosedWhenTheValueGoesAway() throws {
        let pipe = try Pipe(nonBlocking: true)
        var buffer = [UInt8](repeating: 0, count: 10)
        #expect(try pipe.reading.read(into: &buffer) == .wouldBlock)
        try pipe.reading.setNonBlocking(false)
        do {
            let copy = try pipe.writing.duplicate()
            #expect(try copy.write([1, 2, 3]) == .written(3))
        }
        try pipe.writing.close()
        #expect(try pipe.reading.read(into: &buffer) == .bytes(3))
        #expect(try pipe.reading.read(into: &buffer) == .endOfFile)
    }

    @Test func closeReportsWhatItMust() {
        let error = #expect(throws: SystemError.self) { try OwnedDescriptor(adopting: 999_999).close() }
        #expect(error?.description == "close descriptor 999999: Bad file descriptor (EBADF)")
    }

    @Test func readAllHasALimit() throws {
        let directory = try TemporaryDirectory("limit")
        let path = try directory.write("0123456789", to: "file")
        #expect(try File.read(path, limit: 10).count == 10)
        let error = #expect(throws: SystemError.self) { try File.read(path, limit: 9) }
        #expect(error?.description == "read \(path): File too large (EFBIG)")
        #expect(try File.readIfPresent(path + "x") == nil)
    }

    @Test func pollFindsWhatIsReadyAndKeepsItsDeadline() throws {
        let pipe = try Pipe()
        let wakeup = try Wakeup()
        var set = PollSet()
        set.add(pipe.reading.raw, .readable)
        set.add(wakeup.descriptor.raw, .readable)
        let began = MonotonicClock.now()
        #expect(try set.wait(until: began + .milliseconds(20)) == 0)
        #expect(MonotonicClock.now() - began >= .milliseconds(20))
        try wakeup.wake()
        #expect(try set.wait(until: nil) == 1)
        #expect(set.found(at: 0).isEmpty && set.found(at: 1) == .readable)
        try wakeup.clear()
        #expect(try set.wait(until: began) == 0)
        try pipe.writing.close()
        #expect(try set.wait(until: nil) == 1)
        #expect(set.found(at: 0).contains(.hangUp))
    }

    @Test func windowSizes() throws {
        let terminal = try PseudoTerminal()
        #expect(Terminal.isTerminal(terminal.follower.raw))
        try Terminal.setWindowSize(WindowSize(rows: 43, columns: 132), of: terminal.leader.raw)
        #expect(try Terminal.windowSize(of: terminal.follower.raw) == WindowSize(rows: 43, columns: 132))
        let raw = try RawTerminal(terminal.follower.raw)
        try raw.restore()
        let pipe = try Pipe()
        #expect(!Terminal.isTerminal(pipe.reading.raw))
        #expect(throws: SystemError.self) { try RawTerminal(pipe.reading.raw) }
    }

    @Test(arguments: [
        (0 as Int64, 0 as Int32, "1970-01-01T00:00:00.000000000Z"),
        (951_782_399, 1, "2000-02-28T23:59:59.000000001Z"), (951_782_400, 0, "2000-02-29T00:00:00.000000000Z"),
        (1_795_533_282, 123_456_789, "2026-11-24T15:14:42.123456789Z"), (-1, 0, "1969-12-31T23:59:59.000000000Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
    ])
    func timestamps(_ seconds: Int64, _ nanoseconds: Int32, _ text: String) {
        #expect(WallTime(seconds: seconds, nanoseconds: nanoseconds).rfc3339 == text)
    }

    @Test func errorsNameTheCallTheSubjectAndTheReason() {
        let error = SystemError("mount overlay on", "/x", errno: 13)
        #expect(error.description == "mount overlay on /x: Permission denied (EACCES)")
        #expect(SystemError("fork", errno: 4711).description == "fork: unknown error (errno 4711)")
    }
}

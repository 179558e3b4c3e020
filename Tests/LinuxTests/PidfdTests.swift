import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct PidfdTests {
    private func start(_ script: String) throws -> SpawnedProcess {
        try Spawn.start(SpawnRequest("/bin/busybox", ["sh", "-c", script]))
    }

    private var soon: Instant { MonotonicClock.now() + .seconds(20) }

    @Test func reapsACode() throws {
        let child = try start("exit 42")
        #expect(try child.pidfd.reap(by: soon) == .code(42))
        let error = #expect(throws: SystemError.self) { _ = try child.pidfd.reap() }
        #expect(error?.errno == 10)
    }

    @Test func reapsASignal() throws {
        let child = try start("sleep 1000")
        #expect(try child.pidfd.reap() == nil)
        #expect(try !child.pidfd.isGone())
        try child.pidfd.send(.term)
        #expect(try child.pidfd.isGone(by: soon))
        #expect(try child.pidfd.reap() == .signal(.term, coreDumped: false))
        let error = #expect(throws: SystemError.self) { try child.pidfd.send(.term) }
        #expect(error?.isNoSuchProcess == true)
    }

    @Test func aDeadlineEndsTheWait() throws {
        let child = try start("sleep 1000")
        let began = MonotonicClock.now()
        #expect(try child.pidfd.reap(by: began + .milliseconds(30)) == nil)
        #expect(MonotonicClock.now() - began >= .milliseconds(30))
        try child.pidfd.send(.kill)
        #expect(try child.pidfd.reap(by: soon) == .signal(.kill, coreDumped: false))
    }

    /// A kernel before 6.15 cannot tell: then nil, and nothing else.
    @Test func someoneElsesChildShowsItsStatus() throws {
        let pipe = try Pipe()
        var request = SpawnRequest("/bin/busybox", ["sh", "-c", "sh -c 'echo $$; exec sleep 1000' & wait; sleep 1000"])
        request.descriptors = [DescriptorMapping(1, from: pipe.writing.raw)]
        let parent = try Spawn.start(request)
        try pipe.writing.close()
        var buffer = [UInt8](repeating: 0, count: 20)
        guard case .bytes(let count) = try pipe.reading.read(into: &buffer) else { throw TestFailure("no pid came") }
        let pid = try #require(Int32(String(decoding: buffer[..<(count - 1)], as: UTF8.self)))
        let grandchild = try Pidfd(opening: pid)
        #expect(try grandchild.observedExit() == nil)
        try grandchild.send(.usr1)
        #expect(try grandchild.isGone(by: soon))
        try eventually("the shell has reaped it") { try Procfs.live.status(of: pid) == nil }
        let status = try grandchild.observedExit()
        #expect(status == .signal(.usr1, coreDumped: false) || status == nil)
        try parent.pidfd.send(.kill)
        #expect(try parent.pidfd.reap(by: soon) != nil)
    }

    @Test func aPidNobodyHasCannotBeOpened() {
        let error = #expect(throws: SystemError.self) { _ = try Pidfd(opening: 4_194_303).pid }
        #expect(error?.isNoSuchProcess == true)
    }
}

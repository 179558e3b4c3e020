public import Lifecycle
public import Linux
internal import Synchronization

/// A child of the test that it talks to by lines. Going away, it is ended and reaped.
public final class OwnedProcess: Sendable {
    /// How it is ended.
    public enum Ending: Hashable, Sendable {
        case kill
        /// Its standard input ends: it has so long to clean up, then it is killed.
        case endOfInput(Duration)
    }

    public let pid: Int32
    private let ending: Ending
    private let pidfd: Pidfd
    private let input: Mutex<OwnedDescriptor?>
    private let output: OwnedDescriptor
    private let unread = Mutex<[UInt8]>([])

    /// Standard input and output are pipes to the test, errors go where the test's go.
    public init(
        _ executable: String, _ arguments: [String], in cgroup: Cgroup? = nil, _ reach: CgroupReach = .membership,
        ending: Ending = .kill
    ) throws(SystemError) {
        let feed = try Pipe()
        let result = try Pipe()
        var request = SpawnRequest(executable, arguments, environment: Command.plainEnvironment)
        request.cgroups = try cgroup?.openDoors(reach)
        request.newSession = true
        request.descriptors = [
            DescriptorMapping(0, from: feed.reading.raw), DescriptorMapping(1, from: result.writing.raw),
            DescriptorMapping(2, from: 2),
        ]
        let process = try Spawn.start(request)
        pid = process.pid
        pidfd = process.takePidfd()
        input = Mutex(try feed.writing.duplicate())
        output = try result.reading.duplicate()
        self.ending = ending
    }

    deinit { end() }

    /// Ends and reaps it as `ending` says; what it cannot do is printed. Called by itself when the value goes away, and by an
    /// owner of more than this, who cannot leave the order to chance.
    public func end() {
        do {
            switch ending {
            case .kill: break
            case .endOfInput(let grace):
                closeInput()
                _ = try pidfd.isGone(by: MonotonicClock.now() + grace)
            }
            _ = try kill()
        } catch {
            print("cannot end process \(pid): \(error)")
        }
    }

    private func closeInput() { input.withLock { $0 = nil } }

    /// Kills and reaps it. Nil when it was reaped before. Throws when it does not end within 20 seconds.
    @discardableResult
    public func kill() throws -> ExitStatus? {
        do throws(SystemError) {
            try pidfd.send(.kill)
        } catch {
            if error.isNoSuchProcess { return nil }
            throw error
        }
        return try waitUntilEnded()
    }

    public func send(_ signal: Signal) throws(SystemError) { try pidfd.send(signal) }

    public func isGone() throws(SystemError) -> Bool { try pidfd.isGone() }

    /// Waits for its end and reaps it.
    @discardableResult
    public func waitUntilEnded(within limit: Duration = usualPatience) throws -> ExitStatus {
        if let status = try pidfd.reap(by: MonotonicClock.now() + limit) { return status }
        throw TestFailure("process \(pid) has not ended after \(limit.shortText)")
    }

    /// One line to its standard input.
    public func say(_ line: String) throws {
        try input.withLock { input in
            guard let held = input.take() else { throw TestFailure("the input of process \(pid) is closed") }
            try held.writeAll(Array((line + "\n").utf8))
            input = consume held
        }
    }

    /// The next line of its standard output, without its end.
    public func nextLine(within limit: Duration = usualPatience) throws -> String {
        let deadline = MonotonicClock.now() + limit
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let line = takeLine() { return line }
            var set = PollSet()
            set.add(output.raw, .readable)
            guard try set.wait(until: deadline) > 0 else {
                throw TestFailure("process \(pid) has said nothing for \(limit.shortText)")
            }
            guard case .bytes(let count) = try output.read(into: &buffer) else {
                throw TestFailure("process \(pid) has closed its output")
            }
            unread.withLock { $0 += buffer[..<count] }
        }
    }

    private func takeLine() -> String? {
        unread.withLock { bytes in
            guard let end = bytes.firstIndex(of: 10) else { return nil }
            defer { bytes.removeSubrange(...end) }
            return String(decoding: bytes[..<end], as: UTF8.self)
        }
    }
}

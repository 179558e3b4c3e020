import Lifecycle
import Linux
import TestKit

/// A program at a pseudo terminal, with a test at the keys. It is killed when the test lets go of it.
final class TerminalCommand {
    private let process: SpawnedProcess
    private let leader: OwnedDescriptor
    private var shown: [UInt8] = []
    /// What `shows` has found already.
    private var seen = 0
    private var isOpen = true
    private var status: ExitStatus?

    init(_ executable: String, _ arguments: [String], environment: [String]) throws {
        let terminal = try PseudoTerminal()
        var request = SpawnRequest(
            executable, arguments, environment: environment + ["TERM=dumb"],
            descriptors: (0...2).map { DescriptorMapping(Int32($0), from: terminal.follower.raw) })
        request.newSession = true
        process = try Spawn.start(request)
        leader = terminal.takeLeader()
        try leader.setNonBlocking()
    }

    deinit {
        guard status == nil else { return }
        // It may have ended meanwhile; what it was is of no more interest.
        try? process.pidfd.send(.kill)
        _ = try? process.pidfd.reap(by: MonotonicClock.now() + .seconds(10))
    }

    func types(_ text: String) throws { try leader.writeAll(Array(text.utf8)) }

    /// Waits until this is shown behind what was found before.
    func shows(_ text: String, within limit: Duration = Limit.command) throws {
        let deadline = MonotonicClock.now() + limit
        while true {
            if let range = shown[seen...].firstRange(of: Array(text.utf8)) {
                seen = range.upperBound
                return
            }
            guard status == nil || isOpen, try step(until: deadline) else {
                throw TestFailure("it does not show \(text.debugDescription): \(everything.debugDescription)")
            }
        }
    }

    /// Waits for its end by itself.
    func finish(within limit: Duration = Limit.command) throws -> ExitStatus {
        let deadline = MonotonicClock.now() + limit
        while true {
            if let status { return status }
            guard try step(until: deadline) else {
                throw TestFailure("it does not end: \(everything.debugDescription)")
            }
        }
    }

    var everything: String { String(decoding: shown, as: UTF8.self) }

    /// Waits for one event. False when the deadline came first.
    private func step(until deadline: Instant) throws -> Bool {
        guard MonotonicClock.now() < deadline else { return false }
        var set = PollSet()
        if status == nil { set.add(process.pidfd.descriptor.raw, .readable) }
        if isOpen { set.add(leader.raw, .readable) }
        guard try set.wait(until: deadline) > 0 else { return false }
        if isOpen { isOpen = try take() }
        if status == nil { status = try process.pidfd.reap() }
        return true
    }

    /// What is there now; false when nobody has the other side open any more.
    private func take() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            do throws(SystemError) {
                switch try leader.read(into: &buffer) {
                case .bytes(let count): shown += buffer[..<count]
                case .endOfFile: return false
                case .wouldBlock: return true
                }
            } catch {
                guard error.errno == TerminalCommand.nobodyThere else { throw error }
                return false
            }
        }
    }

    /// EIO.
    private static let nobodyThere: Int32 = 5
}

extension PseudoTerminal {
    /// What the test has; the other side is closed here.
    fileprivate consuming func takeLeader() -> OwnedDescriptor { leader }
}

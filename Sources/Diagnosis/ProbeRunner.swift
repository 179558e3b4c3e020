public import Lifecycle
internal import Linux
internal import Synchronization

/// Runs probes as children of this program, and forgets none: one that does not come back is killed, left behind, and
/// reaped at a later call when the kernel has let go of it. So many at most are left behind; then none is started.
public final class ProbeRunner: Prober {
    private let executable: String
    private let words: [String]
    private let limit: Int
    private let table = Mutex(Table())

    private struct Table: Sendable {
        /// Pidfds of those that were left behind. Bare numbers: an array cannot own them; `sweep` closes each once.
        var hanging: [Hanging] = []
        var abandoned = 0
    }
    private final class Hanging: Sendable {
        let pidfd: Pidfd
        init(_ pidfd: consuming Pidfd) { self.pidfd = pidfd }
    }

    /// `words` stand before those of the probe: `probe` for quell-shim.
    public init(_ executable: String, words: [String] = ["probe"], limit: Int = 16) {
        (self.executable, self.words, self.limit) = (executable, words, limit)
    }

    public var hanging: Int {
        sweep()
        return table.withLock { $0.hanging.count }
    }

    /// Of all probes so far.
    public var abandoned: Int { table.withLock { $0.abandoned } }

    public func output(of words: [String], until deadline: Instant) -> ProbeResult? {
        guard hanging < limit else { return nil }
        do throws(SystemError) { return try run(words, deadline) } catch {
            // No memory for a child, or no program: what it would have read is missing, and nothing else.
            return nil
        }
    }

    private func run(_ words: [String], _ deadline: Instant) throws(SystemError) -> ProbeResult {
        let pipe = try Pipe()
        let reading = pipe.reading
        let child = try start(words, writing: pipe.writing)
        let pidfd = child.takePidfd()
        var result = ProbeResult(bytes: [], isComplete: false)
        do throws(SystemError) { try ProbeRunner.read(reading, into: &result, until: deadline) } catch {
            // What came before is as good as what a child that hangs has written.
        }
        // It closes its output by ending: what is left of that takes no time.
        if result.isComplete, try pidfd.reap(by: deadline) != nil { return result }
        leave(pidfd)
        return result
    }

    private static let outputLimit = 4 << 20

    private static func read(
        _ reading: borrowing OwnedDescriptor, into result: inout ProbeResult, until deadline: Instant
    ) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        var set = PollSet()
        set.add(reading.raw, .readable)
        while try set.wait(until: deadline) > 0, result.bytes.count < outputLimit {
            guard case .bytes(let count) = try reading.read(into: &buffer) else {
                result.isComplete = true
                return
            }
            result.bytes += buffer[..<count]
        }
    }

    /// Closes the end that is written to: who waits for the end of what is written would wait for itself.
    private func start(_ words: [String], writing: consuming OwnedDescriptor) throws(SystemError) -> SpawnedProcess {
        let null = try File.open("/dev/null", .readWrite)
        var request = SpawnRequest(executable, self.words + words)
        request.descriptors = [
            DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: writing.raw),
            DescriptorMapping(2, from: null.raw),
        ]
        return try Spawn.start(request)
    }

    private func leave(_ pidfd: consuming Pidfd) {
        do throws(SystemError) { try pidfd.send(.kill) } catch {
            // It has ended just now.
        }
        let hanging = Hanging(pidfd)
        table.withLock {
            $0.hanging.append(hanging)
            $0.abandoned += 1
        }
    }

    /// Reaps those that have ended.
    private func sweep() {
        table.withLock { table in
            table.hanging.removeAll { child in
                // A fault means that it is no child of ours any more.
                do throws(SystemError) { return try child.pidfd.reap() != nil } catch { return true }
            }
        }
    }
}

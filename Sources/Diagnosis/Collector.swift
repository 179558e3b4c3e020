public import Lifecycle
public import Linux

/// Reads evidence. Blocks: for a thread of its own, never one that serves others.
public struct Collector: Sendable {
    /// What a look takes at most, unless its caller says otherwise: with what comes after it, why is answered in a second.
    public static let usualLimit = Duration.milliseconds(750)

    private let procfs: Procfs
    private let prober: any Prober

    public init(prober: any Prober, procfs: Procfs = Procfs()) { (self.prober, self.procfs) = (prober, procfs) }

    /// Returns at the instant at the latest, with what was read by then. Nothing that can hang is read by this process.
    public func collect(_ subject: Subject, until deadline: Instant) -> Evidence {
        let look = Look(subject, procfs, prober, deadline)
        look.run()
        return look.evidence
    }

    public func collect(_ subject: Subject) -> Evidence {
        collect(subject, until: MonotonicClock.now() + Collector.usualLimit)
    }
}

/// One look under way.
final class Look {
    let procfs: Procfs
    let prober: any Prober
    let deadline: Instant
    var evidence: Evidence
    var mounts: MountTables
    /// Of tasks that may hang, by number.
    var lastRuns: [Int32: SchedulerInstant] = [:]

    /// Between the two samples, where there is time for it.
    static let sampleDistance = Duration.milliseconds(150)
    static let processLimit = 512
    static let taskLimit = 2048
    /// Tasks of which everything is read.
    static let detailLimit = 128

    init(_ subject: Subject, _ procfs: Procfs, _ prober: any Prober, _ deadline: Instant) {
        (self.procfs, self.prober, self.deadline) = (procfs, prober, deadline)
        evidence = Evidence(subject, takenAt: MonotonicClock.now())
        mounts = MountTables(procfs, saved: subject.savedMounts)
    }

    /// What is decisive and cheap first: what there is no time for is a gap.
    func run() {
        lookAtProcesses()
        lookAtNamespace()
        lookAtTasks()
        lookAtClocks()
        lookAtFreezers()
        probe()
        lookAtFiles()
        lookAtDevices(isFirst: true)
        lookAtPressure()
        lookForServers()
        lookForLockOwners()
        waitForSecondSample()
        lookAgain()
        lookAtDevices(isFirst: false)
        evidence.probes.hanging = prober.hanging
        evidence.elapsed = MonotonicClock.now() - evidence.takenAt
    }

    var isLate: Bool { MonotonicClock.now() >= deadline }

    /// Runs a read. One that fails is a gap; whatever is gone meanwhile gives nil anyway.
    func reading<Value>(_ body: () throws(SystemError) -> Value?) -> Value? {
        do throws(SystemError) { return try body() } catch {
            if !error.isNoSuchProcess { gap("\(error)") }
            return nil
        }
    }

    /// As `reading`, of processes that are none of the subject's: what may not be looked at there is no gap.
    func quietly<Value>(_ body: () throws(SystemError) -> Value?) -> Value? {
        do throws(SystemError) { return try body() } catch { return nil }
    }

    func gap(_ text: String) {
        if evidence.gaps.count < 16, !evidence.gaps.contains(text) { evidence.gaps.append(text) }
    }

    private func waitForSecondSample() {
        let due = min(deadline, evidence.takenAt + Look.sampleDistance)
        // Nothing to poll: it waits for the instant alone.
        var nothing = PollSet()
        _ = reading { () throws(SystemError) in try nothing.wait(until: due) }
    }
}

extension Collection where Element == UInt8 {
    var text: String { String(decoding: self, as: UTF8.self) }
    /// Lines without their ends; empty ones are left out.
    var textLines: [Substring] { text.split(separator: "\n") }
}

extension Substring {
    var words: [Substring] { split(separator: " ") }
}

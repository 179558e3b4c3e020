public import Lifecycle
internal import Linux

// Who holds the lock that a task waits for, as the host's hung-task detector logged it.

extension Look {
    /// The kernel's log is read only where a task hangs: stacks of newer kernels leave out the functions of locks as they do
    /// those of the scheduler, so any that hangs may wait for one.
    func lookForLockOwners() {
        let waiters = evidence.tasks.filter {
            $0.state == "D" && ($0.isKillPending || $0.asleep.map { $0 >= Look.shortestReport } ?? true)
        }
        guard !waiters.isEmpty else { return }
        let named = LockOwner.named(in: kernelLog(), of: waiters, at: evidence.takenAt)
        evidence.lockOwners = named.filter { isThere($0.owner) }
    }

    /// The detector's own limit is in seconds.
    private static let shortestReport = Duration.seconds(1)
    /// One that has ended, or whose number another has by now, holds nothing.
    private func isThere(_ owner: ProcessName) -> Bool {
        let status = reading { () throws(SystemError) in try procfs.status(of: owner.pid) }
        return status.map { $0.name == owner.comm && $0.state != "Z" } ?? false
    }

    /// /dev/kmsg gives a record a read, and never waits when it is asked not to.
    private func kernelLog() -> [String] {
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        let deadline = deadline
        _ = reading { () throws(SystemError) -> Bool? in
            let log = try File.open("/dev/kmsg", [.readOnly, .nonBlocking])
            while MonotonicClock.now() < deadline {
                do throws(SystemError) {
                    guard case .bytes(let count) = try log.read(into: &buffer) else { return true }
                    let line = buffer[..<count].textLines.first ?? ""
                    if line.contains(" blocked on a") { lines.append(String(line)) }
                } catch {
                    // EPIPE: records were overwritten meanwhile; the next read goes on with the oldest that is left.
                    if error.errno != 32 { throw error }
                }
            }
            return true
        }
        return lines
    }
}

/// A record of /dev/kmsg: `3,812,99000000,-;text` (Documentation/ABI/testing/dev-kmsg).
struct KernelLogRecord {
    /// On the clock of the log, about CLOCK_MONOTONIC.
    var stamp: Duration
    var text: Substring

    /// Nil: it is no record, or none of the kernel itself.
    init?(_ line: String) {
        guard let end = line.firstIndex(of: ";") else { return nil }
        let fields = line[..<end].split(separator: ",")
        // Beyond the eight levels is the facility: 0 is the kernel, and nobody else can write that.
        guard fields.count >= 3, let priority = Int(fields[0]), 0..<8 ~= priority, let stamp = Int64(fields[2]) else {
            return nil
        }
        (self.stamp, text) = (.microseconds(stamp), line[line.index(after: end)...])
    }
}

extension LockOwner {
    /// Whom lines of the kernel's log name as owners of the locks that tasks wait for, by waiter. Later lines are nearer to the
    /// truth. One about an earlier sleep, or an earlier task with the same number, says nothing of this one.
    public static func named(in lines: [String], of waiters: [TaskEvidence], at now: Instant) -> [LockOwner] {
        let known = Dictionary(waiters.map { ($0.tid, $0) }) { first, _ in first }
        var owners: [Int32: LockOwner] = [:]
        for record in lines.compactMap(KernelLogRecord.init) {
            guard let owner = LockOwner(record), let waiter = known[owner.waiter] else { continue }
            let age = now - Instant(sinceBoot: record.stamp)
            if waiter.asleep.map({ age <= $0 + clockDifference(now) }) ?? true { owners[owner.waiter] = owner }
        }
        return owners.values.sorted { $0.waiter < $1.waiter }
    }

    /// By which the clock of the log, which NTP does not correct, may differ from ours: 100 ppm, and what it began with.
    private static func clockDifference(_ now: Instant) -> Duration { .seconds(2) + now.sinceBoot / 10_000 }

    /// `3,812,99000000,-;INFO: task cat:4711 is blocked on a mutex likely owned by task dd:4700.`; nil: it is no such record.
    public init?(logLine: String) {
        guard let record = KernelLogRecord(logLine) else { return nil }
        self.init(record)
    }

    /// Of a mutex from kernel 6.15 on, of a semaphore (`blocked on a semaphore likely last held by task dd:4700`) from 6.16,
    /// of one for readers and writers (`task cat:4711 <reader> blocked on an rw-semaphore likely owned by task dd:4700
    /// <writer>`) from 6.17.
    init?(_ record: KernelLogRecord) {
        let start = "INFO: task "
        guard record.text.hasPrefix(start),
            let (waiter, afterWaiter) = LockOwner.parted(record.text.dropFirst(start.count), at: " blocked on a"),
            let (lock, owner) = LockOwner.parted(afterWaiter, at: " by task "),
            let (_, waiting) = LockOwner.task(waiter), let (comm, pid) = LockOwner.task(owner)
        else { return nil }
        // `mutex likely owned`, `n rw-semaphore likely owned`
        let kind = lock.words.first { $0 != "n" } ?? "lock"
        self.init(waiter: waiting, owner: ProcessName(pid: pid, comm: comm), lock: String(kind))
    }

    /// `cat:4711`, with what may follow the number. A name may have colons.
    private static func task(_ text: Substring) -> (comm: String, pid: Int32)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...].prefix { $0.isASCII && $0.isNumber }
        return Int32(digits).map { (String(text[..<colon]), $0) }
    }

    /// What is before the separator where it comes first, and what is behind it.
    private static func parted(_ text: Substring, at separator: String) -> (Substring, Substring)? {
        var rest = text
        while !rest.isEmpty {
            if rest.hasPrefix(separator) { return (text[..<rest.startIndex], rest.dropFirst(separator.count)) }
            rest = rest.dropFirst()
        }
        return nil
    }
}

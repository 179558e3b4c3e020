internal import Lifecycle
internal import Linux

// The host: pressure, and what its hung-task detector logged.

extension Look {
    func lookAtPressure() {
        evidence.hostPressure = pressure { "/proc/pressure/\($0)" }
        guard let directory = evidence.subject.cgroups.first?.unifiedDirectory else { return }
        let group = pressure { "\(directory)/\($0).pressure" }
        if group != Pressure() { evidence.groupPressure = group }
    }

    private func pressure(_ path: (String) -> String) -> Pressure {
        var pressure = Pressure()
        pressure.cpu = bytes(path("cpu")).flatMap(Pressure.Value.init)
        pressure.memory = bytes(path("memory")).flatMap(Pressure.Value.init)
        pressure.io = bytes(path("io")).flatMap(Pressure.Value.init)
        return pressure
    }

    /// The kernel's log is read only where a task waits for a lock.
    func lookForLockOwners() {
        let waiters = evidence.tasks.filter {
            $0.state == "D" && $0.stack.contains(where: KernelFunctions.lock.contains)
        }
        guard !waiters.isEmpty else { return }
        let tids = Set(waiters.map(\.tid))
        var owners: [Int32: LockOwner] = [:]
        // Later lines are nearer to the truth.
        for line in kernelLog() {
            if let owner = LockOwner(logLine: line), tids.contains(owner.waiter) { owners[owner.waiter] = owner }
        }
        evidence.lockOwners = owners.values.sorted { $0.waiter < $1.waiter }
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
                    if line.contains("is blocked on") { lines.append(String(line)) }
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

extension Pressure.Value {
    /// `some avg10=1.23 avg60=… total=…`, and a line `full`, which the CPU has not on older kernels.
    init?(_ bytes: [UInt8]) {
        var values: [Substring: Double] = [:]
        for line in bytes.textLines {
            let words = line.words
            guard let kind = words.first, let average = words.first(where: { $0.hasPrefix("avg10=") }) else { continue }
            values[kind] = Double(average.dropFirst(6))
        }
        guard let some = values["some"] else { return nil }
        self.init(some: some, full: values["full"] ?? 0)
    }
}

extension LockOwner {
    /// `INFO: task cat:4711 is blocked on a mutex likely owned by task dd:4700.` (6.15; `last held by` for semaphores).
    public init?(logLine: String) {
        guard let start = logLine.range(of: "task ", after: nil),
            let blocked = logLine.range(of: " is blocked on a", after: start.upperBound),
            let by = logLine.range(of: " by task ", after: blocked.upperBound),
            let (_, waiter) = LockOwner.task(logLine[start.upperBound..<blocked.lowerBound]),
            let (comm, pid) = LockOwner.task(logLine[by.upperBound...])
        else { return nil }
        var kind = logLine[blocked.upperBound..<by.lowerBound].words.first ?? "lock"
        if kind == "n" { kind = logLine[blocked.upperBound..<by.lowerBound].words.dropFirst().first ?? "lock" }
        self.init(waiter: waiter, owner: ProcessName(pid: pid, comm: comm), lock: String(kind))
    }

    /// `cat:4711`, with what may follow the number. A name may have colons.
    private static func task(_ text: Substring) -> (comm: String, pid: Int32)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...].prefix { $0.isASCII && $0.isNumber }
        return Int32(digits).map { (String(text[..<colon]), $0) }
    }
}

extension String {
    /// Where the text is found first, from an index on.
    fileprivate func range(of text: String, after start: Index?) -> Range<Index>? {
        var rest = self[(start ?? startIndex)...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return rest.startIndex..<rest.index(rest.startIndex, offsetBy: text.count) }
            rest = rest.dropFirst()
        }
        return nil
    }
}

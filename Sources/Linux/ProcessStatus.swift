public import Lifecycle

/// `/proc/PID/status` (proc_pid_status(5)) at one moment.
public struct ProcessStatus: Hashable, Sendable {
    /// At most 15 bytes, chosen by the program; escapes of the kernel are left as they are.
    public var name: String
    /// proc(5): `R`, `S`, `D`, `T`, `t`, `Z`, `X`, `I`, `P`. A leader in `Z` says nothing about the other threads.
    public var state: Character
    /// The process: in our PID namespace.
    public var threadGroup: Int32
    /// The task: in our PID namespace.
    public var pid: Int32
    public var parent: Int32
    /// Zero: nobody traces it.
    public var tracer: Int32
    public var uid: UInt32
    public var gid: UInt32
    /// Its numbers, from our PID namespace inward. Empty on kernels without it, and for a zombie being reaped.
    public var namespacePids: [Int32]
    public var threads: Int
    /// Nil for kernel threads and zombies.
    public var residentBytes: UInt64?
    public var masks: SignalMasks
    /// Pending for this task (SigPnd) and for the process (ShdPnd). Bit n-1 stands for signal n.
    public var pendingPrivate: UInt64
    public var pendingShared: UInt64
    public var voluntarySwitches: UInt64
    public var involuntarySwitches: UInt64

    /// Process 1 of its PID namespace.
    public var isNamespaceInit: Bool { namespacePids.last == 1 }

    /// Pending for the task or for its process.
    public var pending: UInt64 { pendingPrivate | pendingShared }

    public func isPending(_ signal: Signal) -> Bool {
        pending & (UInt64(1) << UInt64(signal.number - 1)) != 0
    }
}

extension ProcessStatus {
    /// Nil unless name, state, Tgid, Pid and the signal masks are all there and well formed.
    public init?(parsing bytes: [UInt8]) {
        var fields: [String: Bytes] = [:]
        for line in bytes.lines {
            guard let colon = line.firstIndex(of: 58) else { continue }
            let key = line[..<colon].text
            // The first one counts. A name cannot fake a field: the kernel escapes line ends in it.
            if fields[key] == nil { fields[key] = line[(colon + 1)...].trimmed }
        }
        func number<Number: FixedWidthInteger>(_ key: String) -> Number? {
            fields[key].flatMap { $0.words.first }.flatMap { Number(decimal: $0) }
        }
        func mask(_ key: String) -> UInt64? { fields[key].flatMap { UInt64(hexadecimal: $0) } }
        guard let name = fields["Name"], let letter = fields["State"]?.first,
            let group: Int32 = number("Tgid"), let pid: Int32 = number("Pid"),
            let caught = mask("SigCgt"), let blocked = mask("SigBlk"), let ignored = mask("SigIgn")
        else { return nil }
        self.name = name.text
        state = Character(Unicode.Scalar(letter))
        (threadGroup, self.pid) = (group, pid)
        parent = number("PPid") ?? 0
        tracer = number("TracerPid") ?? 0
        uid = number("Uid") ?? 0
        gid = number("Gid") ?? 0
        namespacePids = fields["NSpid"].map { $0.words.compactMap { Int32(decimal: $0) } } ?? []
        threads = number("Threads") ?? 1
        let kilobytes: UInt64? = number("VmRSS")
        residentBytes = kilobytes.map { $0 &* 1024 }
        masks = SignalMasks(caught: caught, blocked: blocked, ignored: ignored)
        pendingPrivate = mask("SigPnd") ?? 0
        pendingShared = mask("ShdPnd") ?? 0
        voluntarySwitches = number("voluntary_ctxt_switches") ?? 0
        involuntarySwitches = number("nonvoluntary_ctxt_switches") ?? 0
    }
}

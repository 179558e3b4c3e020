/// `/proc/PID/stat` (proc_pid_stat(5)) at one moment.
public struct ProcessStat: Hashable, Sendable {
    public var pid: Int32
    /// May hold blanks, parentheses and line ends.
    public var name: String
    public var state: Character
    public var parent: Int32
    public var processGroup: Int32
    public var session: Int32
    /// The controlling terminal; nil without one.
    public var terminal: DeviceNumber?
    /// In clock ticks of 1/100 s.
    public var userTicks: UInt64
    public var systemTicks: UInt64
    public var threads: Int
    /// Since boot, in clock ticks of 1/100 s. With the pid it names a process for good.
    public var startTicks: UInt64
    public var virtualBytes: UInt64
    public var residentPages: UInt64
    /// That it last ran on; nil on kernels that do not tell.
    public var processor: Int?
    /// It runs a program of its own: it has executed one since it was forked, and the kernel has set that up. Of a process
    /// whose memory is gone, or that we may not look into, this is false.
    public var hasProgram: Bool

    /// PF_FORKNOEXEC of linux/sched.h: forked, and nothing executed since.
    private static let forkedWithoutExec: UInt64 = 0x40

    /// Nil when it is cut short or malformed.
    public init?(parsing bytes: [UInt8]) {
        guard let open = bytes.firstIndex(of: 40), let close = bytes.lastIndex(of: 41), open < close, open > 0,
            let pid = Int32(decimal: bytes[..<open].trimmed)
        else { return nil }
        let rest = bytes[(close + 1)...].trimmed.words
        // rest[0] is field 3 of the manual page.
        guard rest.count >= 22, let letter = rest[0].first, rest[0].count == 1,
            let parent = Int32(decimal: rest[1]), let group = Int32(decimal: rest[2]),
            let session = Int32(decimal: rest[3]), let terminal = Int32(decimal: rest[4]),
            let user = UInt64(decimal: rest[11]), let system = UInt64(decimal: rest[12]),
            let threads = Int(decimal: rest[17]), let start = UInt64(decimal: rest[19]),
            let virtual = UInt64(decimal: rest[20]), let resident = Int64(decimal: rest[21])
        else { return nil }
        self.pid = pid
        name = bytes[(open + 1)..<close].text
        state = Character(Unicode.Scalar(letter))
        (self.parent, processGroup, self.session) = (parent, group, session)
        self.terminal = ProcessStat.terminal(UInt32(bitPattern: terminal))
        (userTicks, systemTicks, self.threads, startTicks) = (user, system, threads, start)
        (virtualBytes, residentPages) = (virtual, UInt64(max(0, resident)))
        processor = rest.count > 36 ? Int(decimal: rest[36]) : nil
        // Field 51, env_end, is written last of what exec sets up (load_elf_binary in the kernel).
        let environmentEnd = rest.count > 48 ? UInt64(decimal: rest[48]) ?? 0 : 0
        hasProgram = (UInt64(decimal: rest[6]) ?? 0) & ProcessStat.forkedWithoutExec == 0 && environmentEnd != 0
    }

    /// The kernel's encoding: minor in bits 31-20 and 7-0, major in 15-8.
    private static func terminal(_ number: UInt32) -> DeviceNumber? {
        if number == 0 { return nil }
        return DeviceNumber(major: number >> 8 & 0xfff, minor: number & 0xff | number >> 12 & 0xfff00)
    }
}

extension ProcessStat {
    /// As `ps` shows it: `pts/3`, `tty1`, or `?`.
    public var terminalName: String {
        guard let terminal else { return "?" }
        switch terminal.major {
        case 136...143: return "pts/\((terminal.major - 136) * 256 + terminal.minor)"
        case 4 where terminal.minor < 64: return "tty\(terminal.minor)"
        case 4: return "ttyS\(terminal.minor - 64)"
        default: return "?"
        }
    }
}

/// A Linux signal, 1 through 64.
///
/// Real-time signals are named from `SIGRTMIN` (34, the first that glibc leaves to programs) to `SIGRTMAX` (64).
public struct Signal: Hashable, Sendable, Comparable {
    /// The kernel's number, x86 and arm numbering (signal(7)).
    public let number: Int32

    /// Nil when the number is no signal: 0, negative, or above 64.
    public init?(number: Int32) {
        guard (1...64).contains(number) else { return nil }
        self.number = number
    }

    private init(known number: Int32) { self.number = number }

    public static func < (left: Signal, right: Signal) -> Bool { left.number < right.number }

    public static let hup = Signal(known: 1)
    public static let int = Signal(known: 2)
    public static let quit = Signal(known: 3)
    public static let abrt = Signal(known: 6)
    public static let kill = Signal(known: 9)
    public static let usr1 = Signal(known: 10)
    public static let segv = Signal(known: 11)
    public static let usr2 = Signal(known: 12)
    public static let pipe = Signal(known: 13)
    public static let alrm = Signal(known: 14)
    public static let term = Signal(known: 15)
    public static let chld = Signal(known: 17)
    public static let cont = Signal(known: 18)
    public static let stop = Signal(known: 19)
    public static let tstp = Signal(known: 20)
    public static let ttin = Signal(known: 21)
    public static let ttou = Signal(known: 22)
    public static let urg = Signal(known: 23)
    public static let winch = Signal(known: 28)

    static let realtimeMinimum: Int32 = 34
    static let realtimeMaximum: Int32 = 64

    /// Names of 1 through 31, in order, without `SIG`.
    static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
    static let otherNames: [String: Int32] = ["IOT": 6, "CLD": 17, "POLL": 29, "UNUSED": 31]
}

extension Signal: CustomStringConvertible {
    /// The name without prefix: `TERM`, `RTMIN+3`, `RTMAX-1`; 32 and 33, which glibc keeps for itself, by number.
    public var shortName: String {
        switch number {
        case 1...31: Signal.names[Int(number) - 1]
        case 34: "RTMIN"
        case 35...49: "RTMIN+\(number - Signal.realtimeMinimum)"
        case 50...63: "RTMAX-\(Signal.realtimeMaximum - number)"
        case 64: "RTMAX"
        case let other: "\(other)"
        }
    }

    /// The name with prefix, as in signal(7): `SIGTERM`.
    public var description: String { number == 32 || number == 33 ? "\(number)" : "SIG" + shortName }
}

extension Signal {
    /// Reads a signal as users write it: `TERM`, `SIGTERM`, `sigterm`, `15`, `RTMIN+3`, `SIGRTMAX-2`.
    ///
    /// Zero is refused: it would ask whether the process exists and stop nothing.
    public init(parsing text: String) throws(SignalError) {
        guard let number = Signal.number(of: text) else { throw SignalError(text: text) }
        self.number = number
    }

    private static func number(of text: String) -> Int32? {
        if let number = decimal(text[...]) { return (1...64).contains(number) ? number : nil }
        // Other alphabets have letters whose upper case is ASCII: "ſıgterm" is no signal.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var name = text.uppercased()[...]
        if name.hasPrefix("SIG") { name = name.dropFirst(3) }
        if let index = names.firstIndex(of: String(name)) { return Int32(index) + 1 }
        if let other = otherNames[String(name)] { return other }
        return realtime(name)
    }

    private static func realtime(_ name: Substring) -> Int32? {
        switch name {
        case "RTMIN": return realtimeMinimum
        case "RTMAX": return realtimeMaximum
        default: break
        }
        let span = realtimeMaximum - realtimeMinimum
        guard let offset = decimal(name.dropFirst(6)), offset <= span else { return nil }
        if name.hasPrefix("RTMIN+") { return realtimeMinimum + offset }
        if name.hasPrefix("RTMAX-") { return realtimeMaximum - offset }
        return nil
    }

    private static func decimal(_ text: Substring) -> Int32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int32(text)
    }
}

/// A text that names no signal.
public struct SignalError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public var description: String {
        "invalid signal \"\(text)\": expected a name such as TERM, SIGTERM or RTMIN+3, or a number from 1 to 64"
    }
}

/// What the kernel does with a signal whose disposition is `SIG_DFL` (signal(7)).
public enum DefaultAction: Hashable, Sendable { case terminate, ignore, stop, resume }

extension Signal {
    /// The default action, for a process that is no namespace init. An init gets none of them (LINUX: SIGNAL_UNKILLABLE).
    public var defaultAction: DefaultAction {
        switch self {
        case .chld, .urg, .winch: .ignore
        case .stop, .tstp, .ttin, .ttou: .stop
        case .cont: .resume
        default: .terminate
        }
    }
}

internal import CLinux

public struct WindowSize: Hashable, Sendable {
    public var rows: UInt16
    public var columns: UInt16
    public init(rows: UInt16, columns: UInt16) { (self.rows, self.columns) = (rows, columns) }
}

/// Calls on a terminal somebody else owns.
public enum Terminal {
    /// TIOCSWINSZ; the foreground process group gets SIGWINCH when the size changed. ENOTTY when it is no terminal.
    public static func setWindowSize(_ size: WindowSize, of raw: Int32) throws(SystemError) {
        try check(
            clinux_set_window_size(raw, UInt32(size.rows), UInt32(size.columns)), "TIOCSWINSZ", "descriptor \(raw)")
    }

    public static func windowSize(of raw: Int32) throws(SystemError) -> WindowSize {
        var (rows, columns): (UInt32, UInt32) = (0, 0)
        // SAFETY: two integers on the stack, written before the call returns.
        try check(unsafe clinux_get_window_size(raw, &rows, &columns), "TIOCGWINSZ", "descriptor \(raw)")
        return WindowSize(rows: UInt16(truncatingIfNeeded: rows), columns: UInt16(truncatingIfNeeded: columns))
    }

    public static func isTerminal(_ raw: Int32) -> Bool {
        var mode = termios()
        // SAFETY: a structure on the stack, filled before the call returns.
        return unsafe clinux_get_terminal_mode(raw, &mode) == 0
    }
}

/// A terminal switched to raw mode (cfmakeraw(3)), with what is needed to switch it back.
public struct RawTerminal: Sendable {
    private let raw: Int32
    private let before: termios

    /// ENOTTY when it is no terminal.
    public init(_ raw: Int32) throws(SystemError) {
        var mode = termios()
        // SAFETY: a structure on the stack, filled before the call returns.
        try check(unsafe clinux_get_terminal_mode(raw, &mode), "tcgetattr", "descriptor \(raw)")
        before = mode
        self.raw = raw
        // SAFETY: as above; read before the calls return.
        unsafe clinux_make_raw(&mode)
        try check(unsafe clinux_set_terminal_mode(raw, &mode), "tcsetattr", "descriptor \(raw)")
    }

    public func restore() throws(SystemError) {
        var mode = before
        // SAFETY: a structure on the stack, read before the call returns.
        try check(unsafe clinux_set_terminal_mode(raw, &mode), "tcsetattr", "descriptor \(raw)")
    }
}

/// Both ends of a new pseudo terminal.
@frozen
public struct PseudoTerminal: ~Copyable {
    /// What the supervisor reads and writes.
    public var leader: OwnedDescriptor
    /// What the program has as its standard streams.
    public var follower: OwnedDescriptor

    public init() throws(SystemError) {
        var (leader, follower): (Int32, Int32) = (-1, -1)
        // SAFETY: two integers on the stack, written before the call returns.
        try check(unsafe clinux_open_terminal(&leader, &follower), "open", "/dev/ptmx")
        self.leader = OwnedDescriptor(adopting: leader)
        self.follower = OwnedDescriptor(adopting: follower)
    }
}

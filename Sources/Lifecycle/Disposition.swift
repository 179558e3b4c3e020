/// What one process would do with one signal, read from `/proc/PID/status` before it is sent.
public enum Disposition: UInt8, Hashable, Sendable, CaseIterable {
    /// A handler is installed (SigCgt).
    case handled
    /// It is blocked (SigBlk): it stays pending, and a reader of signalfd or sigwait will take it. Counts as handled.
    case blocked
    /// It is ignored on purpose (SigIgn).
    case ignored
    /// No handler: the default action applies, or, for the init of a PID namespace, nothing at all.
    case byDefault

    /// The program can react to the signal.
    public var reacts: Bool { self == .handled || self == .blocked }
}

/// Signal masks as `/proc/PID/status` shows them. Bit n-1 stands for signal n.
public struct SignalMasks: Hashable, Sendable {
    public var caught: UInt64
    public var blocked: UInt64
    public var ignored: UInt64

    public init(caught: UInt64, blocked: UInt64, ignored: UInt64) {
        (self.caught, self.blocked, self.ignored) = (caught, blocked, ignored)
    }

    public func disposition(of signal: Signal) -> Disposition {
        let bit = UInt64(1) << UInt64(signal.number - 1)
        if caught & bit != 0 { return .handled }
        // Before ignored: the kernel keeps a blocked signal pending whatever its disposition (sig_ignored).
        if blocked & bit != 0 { return .blocked }
        if ignored & bit != 0 { return .ignored }
        return .byDefault
    }
}

/// One process of a container, as one look at it showed.
public struct Member: Hashable, Sendable {
    /// In the supervisor's PID namespace.
    public var pid: Int32
    /// It is the container's main process.
    public var isMain: Bool
    /// It is process 1 of its PID namespace: signals without a handler do not reach it.
    public var isNamespaceInit: Bool
    public var masks: SignalMasks

    public init(pid: Int32, isMain: Bool, isNamespaceInit: Bool, masks: SignalMasks) {
        (self.pid, self.isMain, self.isNamespaceInit, self.masks) = (pid, isMain, isNamespaceInit, masks)
    }

    /// The signal would be noticed or would end the process. KILL and STOP always get through; one whose default action is
    /// to do nothing (CHLD, URG, WINCH, CONT), or only to suspend, needs a handler.
    public func canReceive(_ signal: Signal) -> Bool {
        if signal == .kill || signal == .stop { return true }
        switch masks.disposition(of: signal) {
        case .handled, .blocked: return true
        case .ignored: return false
        case .byDefault: return !isNamespaceInit && signal.defaultAction == .terminate
        }
    }
}

/// How a process ended, as it was observed.
public enum ExitStatus: Hashable, Sendable {
    /// It called exit; the low eight bits of the argument.
    case code(UInt8)
    /// A signal ended it.
    case signal(Signal, coreDumped: Bool)
    /// It is gone for certain, but nobody could collect the status. Never shown as a number without saying so.
    case unobserved(UnobservedReason)
}

/// Why an exit status is not known.
public enum UnobservedReason: UInt8, Hashable, Sendable, CaseIterable {
    /// The supervisor ended before the container did.
    case supervisorGone = 1
    /// The host was restarted while the container ran.
    case hostRestarted = 2
    /// Another process collected the status.
    case reapedElsewhere = 3
    /// The record of the exit cannot be read.
    case recordDamaged = 4
    /// The main process never ran: the runtime could not start it.
    case neverStarted = 5
}

extension ExitStatus {
    /// The number shells and Docker show: the code, or 128 plus the signal's number; nil when it was not observed.
    public var shellCode: Int32? {
        switch self {
        case .code(let code): Int32(code)
        case .signal(let signal, _): 128 + signal.number
        case .unobserved: nil
        }
    }

    public var isSuccess: Bool { self == .code(0) }
}

extension ExitStatus: CustomStringConvertible {
    public var description: String {
        switch self {
        case .code(let code): "exited \(code)"
        case .signal(let signal, let core): "ended by \(signal)" + (core ? " (core dumped)" : "")
        case .unobserved(let reason): "exited, status unknown: \(reason)"
        }
    }
}

extension UnobservedReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .supervisorGone: "the supervisor ended before the container did"
        case .hostRestarted: "the host was restarted while the container ran"
        case .reapedElsewhere: "another process collected the status"
        case .recordDamaged: "the record of the exit cannot be read"
        case .neverStarted: "the container was never started"
        }
    }
}

// The protocol between quelld and a shim, over a unix stream socket, in frames (see `FrameReader`).

/// What a client sends. Replies carry the request's id.
public struct ShimRequest: Hashable, Sendable {
    public var id: UInt32
    public var call: ShimCall

    public init(id: UInt32, call: ShimCall) { (self.id, self.call) = (id, call) }
}

/// The calls of a shim.
public enum ShimCall: Hashable, Sendable {
    /// Replied with `snapshot`; from then on the connection receives every event.
    case hello
    /// Runs the runtime's create and start. Replied with `started` or `failed`. Once only.
    case start
    /// Replied with `accepted` at once; `stop` events follow on connections that said hello.
    case stop(StopOrder)
    /// One signal to the main process; not a stop.
    case signal(Signal)
    case pause
    case resume
    /// Replied with `started` or `failed`; `execExited` follows.
    case exec(ExecRequest)
    /// Replied with `done`; from then on this connection carries `output` events and `input` calls only.
    case attach(AttachRequest)
    /// The same for who reads the log first. Replied with `marked`, and no output comes before the reply.
    case attachMarked(AttachRequest)
    case resize(StreamTarget, rows: UInt16, columns: UInt16)
    /// Attached connections only; not replied.
    case input([UInt8])
    /// Attached connections only; the client's end of file; not replied.
    case inputClosed
}

/// Whose streams.
public enum StreamTarget: Hashable, Sendable {
    case main
    case exec(String)
}

/// A further process in the container.
public struct ExecRequest: Hashable, Sendable {
    public var id: String
    /// The OCI `process` object as JSON.
    public var process: [UInt8]
    public var terminal: Bool
    public var openStdin: Bool

    public init(id: String, process: [UInt8], terminal: Bool, openStdin: Bool) {
        (self.id, self.process, self.terminal, self.openStdin) = (id, process, terminal, openStdin)
    }
}

/// Which streams of which process. An attach to an exec may come before the exec.
public struct AttachRequest: Hashable, Sendable {
    public var target: StreamTarget
    public var input: Bool
    public var output: Bool
    public var error: Bool

    public init(target: StreamTarget, input: Bool, output: Bool, error: Bool) {
        (self.target, self.input, self.output, self.error) = (target, input, output, error)
    }
}

/// Where in a container's log the output of a client begins that attached in the middle.
public struct LogPosition: Hashable, Sendable {
    /// The log file's number at that time; it may have another name since, or be gone. Nil: there was none.
    public var inode: UInt64?
    /// All entries before it are of output that came before.
    public var offset: UInt64
    /// The lines begun, of which the log has nothing yet.
    public var output: [UInt8]
    public var error: [UInt8]

    public init(inode: UInt64? = nil, offset: UInt64 = 0, output: [UInt8] = [], error: [UInt8] = []) {
        (self.inode, self.offset, self.output, self.error) = (inode, offset, output, error)
    }
}

/// What a shim sends.
public enum ShimMessage: Hashable, Sendable {
    case reply(UInt32, ShimReply)
    case event(ShimEvent)
}

public enum ShimReply: Hashable, Sendable {
    case done
    case snapshot(ShimSnapshot)
    /// The main process or the exec runs; its pid in the host's namespace.
    case started(pid: Int32)
    /// The stop job's number; the same for orders that joined it.
    case accepted(job: UInt32)
    /// Nil: all output is in the log, as the container has ended.
    case marked(LogPosition?)
    case failed(StartFailure, message: String)
}

/// Why a call failed.
public enum StartFailure: UInt8, Hashable, Sendable, CaseIterable {
    /// The program does not exist in the container (exit code 127).
    case commandNotFound = 1
    /// The program cannot be executed (exit code 126).
    case notExecutable = 2
    /// The runtime refused or failed.
    case runtime = 3
    /// The call does not fit the container's state.
    case state = 4
    /// A system call failed.
    case system = 5
}

/// The shim's view of its container.
public struct ShimSnapshot: Hashable, Sendable {
    public var state: ShimState
    /// 0 until it runs.
    public var pid: Int32
    public var job: UInt32?
    public var stuck: StuckFinding?
    public var execs: [String]
    public var exit: ExitRecord?

    public init(
        state: ShimState, pid: Int32, job: UInt32? = nil, stuck: StuckFinding? = nil, execs: [String] = [],
        exit: ExitRecord? = nil
    ) {
        (self.state, self.pid, self.job) = (state, pid, job)
        (self.stuck, self.execs, self.exit) = (stuck, execs, exit)
    }
}

public enum ShimState: UInt8, Hashable, Sendable, CaseIterable {
    case created = 1
    case starting = 2
    case running = 3
    case paused = 4
    case stopping = 5
    case stuck = 6
    case exited = 7
    case failed = 8
}

public enum ShimEvent: Hashable, Sendable {
    case started(pid: Int32)
    case exited(ExitRecord)
    case execStarted(String, pid: Int32)
    case execExited(String, ExitStatus)
    case stop(job: UInt32, StopUpdate)
    case paused
    case resumed
    case oomKilled
    /// The container was sent KILL; once for each stop job.
    case killed(KillMechanism)
    case output(OutputStream, [UInt8])
    /// No more output will come on this attached connection.
    case outputEnd
}

public enum OutputStream: UInt8, Hashable, Sendable, CaseIterable {
    case output = 1
    case error = 2
}

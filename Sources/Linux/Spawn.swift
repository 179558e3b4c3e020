internal import CLinux
public import Lifecycle

/// A descriptor of the new program: its number there, and the open descriptor of ours it stands for.
public struct DescriptorMapping: Hashable, Sendable {
    public var target: Int32
    public var source: Int32

    public init(_ target: Int32, from source: Int32) { (self.target, self.source) = (target, source) }
}

/// What to start, and in what surroundings. Whatever is not named here is not inherited: signal handlers are reset, the
/// signal mask is cleared, descriptors that are not mapped are closed.
public struct SpawnRequest: Sendable {
    /// A path, or a bare name that is looked up in PATH of `environment`, else of this process.
    public var executable: String
    /// With argument 0.
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    /// At most 64. Empty: the program has not even standard input, output and error; mostly a mistake.
    public var descriptors: [DescriptorMapping]
    public var newSession = false
    /// The control groups the program starts in; nil: this process's.
    public var cgroups: CgroupDoors?
    /// Mount points to detach in a mount namespace of the child's own; none: no new namespace. A path that is no mount
    /// point is passed over.
    public var hiddenMounts: [String] = []
    /// Sent when the *thread* that spawned ends (prctl(2)).
    public var parentDeathSignal: Signal?
    /// Entered before `workingDirectory` is.
    public var root: String?
    public var workingDirectory: String?
    public var user: (uid: UInt32, gid: UInt32)?
    /// Written to oom_score_adj; a refusal (no CAP_SYS_RESOURCE) is overlooked.
    public var oomScoreAdjust: Int?
    public var noNewPrivileges = false

    public init(
        _ executable: String, _ arguments: [String], environment: [String] = [],
        descriptors: [DescriptorMapping] = SpawnRequest.ownStandardStreams
    ) {
        self.executable = executable
        self.arguments = [executable] + arguments
        self.environment = environment
        self.descriptors = descriptors
    }

    /// 0, 1 and 2 as this process has them.
    public static let ownStandardStreams = (0...2).map { DescriptorMapping(Int32($0), from: Int32($0)) }
}

/// A child of this process that has executed its program.
@frozen
public struct SpawnedProcess: ~Copyable, Sendable {
    public let pid: Int32
    public var pidfd: Pidfd

    init(pid: Int32, pidfd: consuming Pidfd) {
        self.pid = pid
        self.pidfd = pidfd
    }

    /// The pidfd alone, to be kept in a table.
    public consuming func takePidfd() -> Pidfd { pidfd }
}

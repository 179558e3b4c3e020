public import Lifecycle

/// What evidence means: what a stop would do now, and what keeps the subject from ending.
public struct Explanation: Hashable, Sendable {
    public var evidence: Evidence
    public var outlook: StopOutlook
    /// The first one is the one that counts. Empty: nothing was found that would hold up a KILL.
    public var causes: [Cause]
    /// Load of the host that explains slowness, in a line each.
    public var pressure: [String]

    public init(_ evidence: Evidence, outlook: StopOutlook, causes: [Cause], pressure: [String]) {
        (self.evidence, self.outlook, self.causes, self.pressure) = (evidence, outlook, causes, pressure)
    }

    public var reason: Reason? { causes.first?.reason }
    /// KILL was sent and cannot work: proven, not guessed.
    public var isStuck: Bool { causes.contains { $0.certainty == .proven } }
    /// Of all causes that hold up a KILL, and of freezers and tracers; each once, the one that helps most first.
    public var remedies: [Remedy] {
        causes.filter { $0.certainty != .harmless || [.frozenCgroup, .traced].contains($0.reason) }.flatMap(\.remedies)
            .reduce(into: []) {
                if !$0.contains($1) { $0.append($1) }
            }
    }
}

extension Explanation {
    /// Processes in whose memory alone it is told on which path they hang: with that memory the way to free them would be lost.
    public var witnesses: Set<Int32> {
        let freeable = causes.filter { cause in
            cause.certainty != .harmless && cause.remedies.contains(where: \.frees)
        }
        return Set(freeable.flatMap(\.tasks).filter { $0.file != nil && $0.file?.descriptor == nil }.map(\.pid))
    }

    /// The option of `quell release` that the remedy wants; nil: none, as it reaches no further than the subject.
    public func option(for remedy: Remedy) -> String? { evidence.option(for: remedy) }
}

/// One thing that keeps tasks from ending.
public struct Cause: Hashable, Sendable {
    public enum Certainty: Int, Hashable, Sendable {
        /// KILL is pending and does not work.
        case proven
        /// A KILL would not end it, as far as can be told: none has been sent yet.
        case expected
        /// It waits there now, but KILL does end it.
        case harmless
    }
    public var reason: Reason
    public var certainty: Certainty
    /// One sentence without a full stop: `2 tasks wait for an answer of the FUSE file system /mnt/data`.
    public var summary: String
    public var tasks: [TaskEvidence]
    public var blockers: [Blocker]
    public var remedies: [Remedy]

    public init(
        _ reason: Reason, _ certainty: Certainty, summary: String, tasks: [TaskEvidence] = [], blockers: [Blocker] = [],
        remedies: [Remedy] = []
    ) {
        (self.reason, self.certainty, self.summary) = (reason, certainty, summary)
        (self.tasks, self.blockers, self.remedies) = (tasks, blockers, remedies)
    }
}

/// Who or what is waited for, by name.
public enum Blocker: Hashable, Sendable {
    case fuse(FuseConnection)
    case networkServer(String, mountPoint: String)
    case device(BlockDevice)
    case fileSystem(mountPoint: String, type: String, source: String)
    case freezer(FreezerEvidence)
    case parent(Outsider, of: ProcessName)
    case tracer(Outsider, of: ProcessName)
    case lockOwner(LockOwner)
    /// That a vfork waits for.
    case child(ProcessName)
    /// The outermost function of a driver that is on the stack: `nvidia_ioctl`, and its module, where it is one.
    case driver(function: String, module: String?)
}

/// What a stop would do now, without anything that may hang.
public struct StopOutlook: Hashable, Sendable {
    /// The outcome to expect. The raw values are part of the JSON documents.
    public enum Expectation: String, Hashable, Sendable, CaseIterable {
        /// The main process gets the signal: it has a handler or blocks it.
        case graceful
        /// The main process does not get it, but processes below it handle it, and are sent it.
        case forwarded
        /// The main process is a shell in a foreground child: its trap runs when that has ended.
        case late
        /// The main process ignores it on purpose, and gets the whole grace period.
        case ignored
        /// Its default action ends the main process: it is no init of a PID namespace.
        case defaultAction = "default-action"
        /// Nothing can react: the init of a PID namespace never gets a signal without a handler.
        case unhandled
        /// The ladder has no signal before KILL.
        case kill
        /// Nothing runs.
        case gone
        /// The main process was not to be read.
        case unknown
    }
    public var expectation: Expectation
    public var signal: Signal?
    /// Who would be sent the signal.
    public var recipients: [ProcessName]
    /// Sentences for people, without full stops, the most important first.
    public var notes: [String]

    public init(
        _ expectation: Expectation, signal: Signal?, recipients: [ProcessName] = [], notes: [String] = []
    ) {
        (self.expectation, self.signal, self.recipients, self.notes) = (expectation, signal, recipients, notes)
    }
}

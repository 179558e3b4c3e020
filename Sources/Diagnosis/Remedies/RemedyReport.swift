/// What came of one remedy.
public struct RemedyReport: Hashable, Sendable {
    /// The raw values are part of the JSON documents.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        case done
        /// A dry run: everything that was checked allows it.
        case wouldDo = "would-do"
        /// What it would change is so already.
        case nothingToDo = "nothing-to-do"
        /// It reaches beyond the subject, and was not asked for.
        case needsOption = "needs-option"
        /// A precondition does not hold, or others would suffer and it was not forced.
        case refused
        case failed
        /// Its disposable child did not come back in time, and was left behind.
        case unfinished
    }
    public var remedy: Remedy
    public var outcome: Outcome
    /// Why, in one sentence without full stop; empty where the outcome says all.
    public var detail: String
    /// What is different now, a sentence each.
    public var changes: [String]
    /// Who else would suffer, or did.
    public var users: [MountUser]

    public init(
        _ remedy: Remedy, _ outcome: Outcome, _ detail: String = "", changes: [String] = [], users: [MountUser] = []
    ) {
        (self.remedy, self.outcome, self.detail) = (remedy, outcome, detail)
        (self.changes, self.users) = (changes, users)
    }
}

/// A process outside of the subject that uses the same file system.
public struct MountUser: Hashable, Sendable {
    public var pid: Int32
    public var comm: String
    /// Its control group, as the membership hierarchy names it; empty: not known.
    public var cgroup: String
    /// `descriptor 3`, `working directory`, `root`, `program`, `mount /data`.
    public var use: String

    public init(pid: Int32, comm: String, cgroup: String, use: String) {
        (self.pid, self.comm, self.cgroup, self.use) = (pid, comm, cgroup, use)
    }
}

/// What somebody wants to have done. Nothing of it: what reaches no further than the subject.
public struct ReleaseWishes: Hashable, Sendable {
    /// Also the groups above the subject.
    public var thaw = false
    /// Also processes outside of the subject.
    public var resumeProcesses = false
    /// Tracers that are to let go, as far as they do when they run.
    public var tracers: Set<Int32> = []
    public var killedTracers: Set<Int32> = []
    public var abortFuse = false
    public var thawFileSystem = false
    public var resumeDevice = false
    public var forceUnmount = false
    public var parents: Set<Int32> = []
    /// Though others suffer.
    public var isForced = false
    public var isDryRun = false

    public init() {}
}

// `POST /quell/v1/containers/{id}/release`: freeing what hangs.

/// What is to be done beside what is safe: thawing the container's own freezers, continuing its stopped processes, giving
/// back the memory of the killed.
public struct ReleaseRequest: DockerObject, Hashable {
    /// Also freezers above the container's control group.
    public var thaw: Bool?
    /// Also stopped processes outside of it that it waits for.
    public var resume: Bool?
    /// Tracers that are to let go: those that are stopped are continued.
    public var detachTracer: [Int]?
    /// Tracers to kill.
    public var killTracer: [Int]?
    public var abortFuse: Bool?
    public var thawFs: Bool?
    public var resumeDm: Bool?
    public var umount: Bool?
    /// Parents outside to kill, which do not reap their dead children.
    public var killParent: [Int]?
    /// Though others use the file system, or are traced by the same tracer.
    public var force: Bool?
    /// Everything is checked, nothing is done.
    public var dryRun: Bool?

    public init() {}
}

/// What a release found, did and changed.
public struct ReleaseResult: DockerObject, Hashable {
    public var id: String = ""
    public var name: String = ""
    public var dryRun: Bool = false
    /// Why it did not end, before: `fuse`, `fs-frozen`…; nil: nothing was found to hold it up.
    public var reason: String?
    /// The same as a sentence.
    public var summary: String?
    public var remedies: [ReleaseRemedy] = []
    /// Tasks that hung and have gone on or are gone.
    public var freed: [ReleaseTask] = []
    /// Tasks that hung and still do.
    public var held: [ReleaseTask] = []
    /// Whether anything of it is still alive; nil: it was not to be read.
    public var populated: Bool?
    public var elapsedMs: Int = 0

    public init() {}
}

/// One remedy, and what came of it.
public struct ReleaseRemedy: DockerObject, Hashable {
    /// `thaw-cgroup`, `continue-process`, `detach-tracer`, `kill-tracer`, `abort-fuse`, `thaw-fs`, `resume-device`,
    /// `force-unmount`, `kill-parent`, `release-memory`.
    public var remedy: String = ""
    /// `done`, `would-do`, `nothing-to-do`, `needs-option`, `refused`, `failed`, `unfinished`.
    public var outcome: String = ""
    /// Why, in one sentence.
    public var detail: String?
    public var changes: [String]?
    /// The option of `quell release` that asks for it; nil: none is needed.
    public var option: String?
    /// What it costs others.
    public var cost: String = ""
    /// The same for a shell; nil: there is no command for it.
    public var command: String?
    /// Who else uses the file system.
    public var users: [ReleaseUser]?

    public init() {}
}

/// A process outside of the container that uses the same file system.
public struct ReleaseUser: DockerObject, Hashable {
    public var pid: Int = 0
    public var comm: String = ""
    /// `descriptor 3`, `working directory`, `root`, `program`, `mount /data`.
    public var use: String = ""
    /// The container it belongs to, when it is one of ours.
    public var container: String?
    public var cgroup: String?

    public init() {}
}

public struct ReleaseTask: DockerObject, Hashable {
    public var pid: Int = 0
    public var tid: Int = 0
    public var comm: String = ""
    /// Before: for the letter see proc_pid_stat(5).
    public var state: String = ""
    public var wchan: String?

    public init() {}
}

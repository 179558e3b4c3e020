/// What has been observed about a container's end. `exited` may be said only when all of it is present.
public struct Evidence: Hashable, Sendable {
    /// The main process was reaped, with this status.
    public internal(set) var mainStatus: ExitStatus?
    /// The cgroup subtree still has live tasks.
    public internal(set) var isPopulated = true
    /// Exec children that the supervisor has not reaped.
    public internal(set) var unreapedExecs = 0

    public init() {}

    /// The main process's status, once nothing of the container is left; nil before.
    public var conclusion: ExitStatus? {
        guard let mainStatus, !isPopulated, unreapedExecs == 0 else { return nil }
        return mainStatus
    }
}

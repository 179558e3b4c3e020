/// What somebody asks of a stop job.
public struct StopOrder: Hashable, Sendable {
    public var ladder: Ladder
    public var unhandled: Unhandled
    /// From the first KILL to the verdict `stuck`.
    public var killDeadline: Duration

    public static let defaultKillDeadline = Duration.seconds(10)

    public init(ladder: Ladder, unhandled: Unhandled, killDeadline: Duration = defaultKillDeadline) {
        (self.ladder, self.unhandled, self.killDeadline) = (ladder, unhandled, killDeadline)
    }

    /// Kill at once.
    public static func kill(deadline: Duration = defaultKillDeadline) -> StopOrder {
        StopOrder(ladder: .kill, unhandled: .kill, killDeadline: deadline)
    }

    public var isKill: Bool { ladder.rungs.isEmpty }
}

import Lifecycle
import Linux
import Synchronization

/// What a look at this moment shows of a container's tasks. Only files that cannot hang are read.
enum Observation: Hashable, Sendable {
    /// Nothing was thought alive, and nothing was looked at.
    case idle
    case alive
    /// The main process has ended; others live on.
    case mainEnded
    /// No task lives: the record of the end is under way.
    case empty
    /// It could not be looked at.
    case unknown

    static func look(_ container: Container, _ snapshot: ContainerSnapshot) -> Observation {
        guard snapshot.isRunning || snapshot.live == .quarantined else { return .idle }
        do throws(SystemError) {
            let populated = try container.population.withLock { (held) throws(SystemError) in
                try held.borrow { (events) throws(SystemError) in try events.current().populated }
            }
            if let populated {
                guard populated else { return .empty }
            } else {
                guard try container.core.cgroup(container.id).isPopulated() else { return .empty }
            }
            let gone = try container.mainProcess.withLock { (held) throws(SystemError) in
                try held.borrow { (pidfd) throws(SystemError) in try pidfd.isGone() }
            }
            return gone == true ? .mainEnded : .alive
        } catch { return .unknown }
    }

    var populated: Bool? {
        switch self {
        case .idle, .empty: false
        case .alive, .mainEnded: true
        case .unknown: nil
        }
    }
}

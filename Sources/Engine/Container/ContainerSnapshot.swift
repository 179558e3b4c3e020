import Lifecycle

/// A container as the last change left it: what inspect and list read, without waiting for anything.
struct ContainerSnapshot: Sendable {
    var name: String
    var document: ContainerDocument
    var state: RunState
    var live: ContainerMachine.State
    /// Its shim is connected.
    var supervised = false
    /// When the running stop job was accepted.
    var stopSince: Instant?
    var finding: StuckFinding?
    var execIDs: [String] = []

    var id: String { document.id }

    /// Tasks may be alive.
    var isActive: Bool { ContainerMachine(live).isActive }
    /// As Docker counts it: its main process was started and is not known to have ended.
    var isRunning: Bool { isActive && live != .starting }
}

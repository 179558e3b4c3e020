import Diagnosis
import Lifecycle

/// A document that does not change.
final class DocumentBox: Sendable {
    let value: ContainerDocument
    init(_ value: ContainerDocument) { self.value = value }
}

/// A container as the last change left it: what inspect and list read, without waiting for anything.
struct ContainerSnapshot: Sendable {
    var name: String
    /// Shared by all snapshots between two changes of it: a copy of it costs a hundred references.
    var documentBox: DocumentBox
    var state: RunState
    var live: ContainerMachine.State
    /// Its shim is connected.
    var supervised = false
    /// When the running stop job was accepted.
    var stopSince: Instant?
    /// What that waits for, as the shim told last.
    var stopStep: StopUnderWay.Step?
    var finding: StuckFinding?
    var execIDs: [String] = []

    var document: ContainerDocument {
        _read { yield documentBox.value }
    }
    var id: String { documentBox.value.id }

    /// Tasks may be alive.
    var isActive: Bool { ContainerMachine(live).isActive }
    /// As Docker counts it: its main process was started and is not known to have ended.
    var isRunning: Bool { isActive && live != .starting && live != .quarantined }
}

import Lifecycle

/// The life of a container, as a state machine: one function per event, each telling the caller what to do.
struct ContainerMachine: Sendable {
    enum State: Hashable, Sendable {
        case created
        /// Bundle, shim, runtime are being set up.
        case starting
        case running
        case paused
        /// A stop job goes on.
        case stopping
        /// Its kill deadline passed; the job goes on.
        case stuck
        /// Set aside: what is left of it is watched to its end, and everything else that it had is free.
        case quarantined
        /// Ended; waits for its back-off to be started again.
        case restarting
        case exited
        case removing
    }

    private(set) var state: State
    /// A stop was asked while it was starting: it is carried out when the start is done.
    private(set) var stopsAfterStart = false

    init(_ state: State) { self.state = state }

    /// A shim or leftover tasks may exist.
    var isActive: Bool {
        switch state {
        case .starting, .running, .paused, .stopping, .stuck, .quarantined: true
        case .created, .restarting, .exited, .removing: false
        }
    }

    /// Why nothing can be asked of a quarantined container.
    static let quarantineText = "it is quarantined: it was killed, and is removed as soon as its last process has ended"

    // MARK: start

    enum StartAction: Equatable { case begin, alreadyRunning, refuse(String) }

    /// `policy`: the back-off has passed; anything else cancels it.
    mutating func startRequested() -> StartAction {
        switch state {
        case .created, .exited, .restarting:
            (state, stopsAfterStart) = (.starting, false)
            return .begin
        case .starting, .running, .stopping: return .alreadyRunning
        case .stuck:
            return .refuse("cannot start a stuck container: its processes are still being killed (inspect names them)")
        case .paused: return .refuse("cannot start a paused container, try unpause instead")
        case .quarantined: return .refuse("cannot start the container: " + ContainerMachine.quarantineText)
        case .removing: return .refuse("container is marked for removal and cannot be started")
        }
    }

    mutating func startSucceeded() {
        if state == .starting { state = stopsAfterStart ? .stopping : .running }
    }

    /// Also when the container had never been active.
    mutating func startFailed(restarts: Bool = false) {
        if state == .starting { state = restarts ? .restarting : .exited }
    }

    // MARK: stop

    enum StopAction: Equatable {
        /// Nothing runs.
        case already
        /// Nothing runs, but something was going to: it must not.
        case cancelRestart
        case order
        /// When the start is done.
        case orderLater
        /// It was killed already, and nothing sharper is there.
        case refuse(String)
    }

    mutating func stopRequested() -> StopAction {
        switch state {
        case .created, .exited, .removing: return .already
        case .restarting:
            state = .exited
            return .cancelRestart
        case .starting:
            stopsAfterStart = true
            return .orderLater
        case .running, .paused, .stopping:
            state = .stopping
            return .order
        case .stuck: return .order
        case .quarantined: return .refuse("cannot stop the container: " + ContainerMachine.quarantineText)
        }
    }

    /// The supervisor's job reached its deadline.
    mutating func stuckObserved() {
        switch state {
        case .running, .paused, .stopping: state = .stuck
        case .stuck, .quarantined, .starting, .created, .restarting, .exited, .removing: break
        }
    }

    /// A shim was found that went on while no engine was there.
    mutating func adopted(_ shim: ShimState) {
        guard isActive, state != .quarantined else { return }
        switch shim {
        case .created, .starting: state = .starting
        case .running: state = .running
        case .paused: state = .paused
        case .stopping: state = .stopping
        case .stuck: state = .stuck
        case .exited, .failed: break
        }
    }

    // MARK: end

    /// True when this is news. What was quarantined has no restart duty any more.
    mutating func exitObserved(restarts: Bool) -> Bool {
        guard isActive else { return false }
        state = restarts && state != .quarantined ? .restarting : .exited
        return true
    }

    // MARK: pause

    /// Nil when it may be paused, else why not.
    func refusesPause(_ name: String) -> String? {
        switch state {
        case .running: nil
        case .paused: "Container \(name) is already paused"
        case .stopping, .stuck: "Container \(name) is stopping, stop the container or wait for it"
        case .quarantined: "cannot pause container \(name): " + ContainerMachine.quarantineText
        case .restarting: "Container \(name) is restarting, wait until the container is running"
        case .created, .starting, .exited, .removing: "Container \(name) is not running"
        }
    }

    mutating func pauseObserved() {
        if state == .running { state = .paused }
    }

    mutating func resumeObserved() {
        if state == .paused { state = .running }
    }

    // MARK: remove

    enum RemoveAction: Equatable { case begin, killFirst, cancelRestart, refuse(String) }

    mutating func removeRequested(force: Bool, name: String) -> RemoveAction {
        switch state {
        case .created, .exited:
            state = .removing
            return .begin
        case .restarting:
            guard force else {
                return .refuse(
                    "cannot remove container \"/\(name)\": container is restarting: stop the container before removing or force remove"
                )
            }
            state = .exited
            return .cancelRestart
        case .removing: return .refuse("removal of container \(name) is already in progress")
        case .quarantined:
            return .refuse("cannot remove container \"/\(name)\": " + ContainerMachine.quarantineText)
        case .starting, .running, .stopping, .stuck:
            if force { return .killFirst }
            return .refuse(
                "cannot remove container \"/\(name)\": container is running: stop the container before removing or force remove"
            )
        case .paused:
            if force { return .killFirst }
            return .refuse("cannot remove container \"/\(name)\": container is paused and must be unpaused first")
        }
    }

    /// The removal could not be finished; it may be tried again.
    mutating func removeFailed() {
        if state == .removing { state = .exited }
    }
}

// MARK: quarantine

extension ContainerMachine {
    enum QuarantineAction: Equatable {
        /// Its kill deadline has passed: it is quarantined from here on, if that can be recorded.
        case begin
        case killFirst
        /// Nothing lives: there is nothing to set aside.
        case remove
        case already
        case refuse(String)
    }

    /// `killed`: by this request, and the deadline has passed with tasks alive.
    mutating func quarantineRequested(killed: Bool, name: String) -> QuarantineAction {
        switch state {
        case .created, .exited, .restarting: return .remove
        case .removing: return .refuse("removal of container \(name) is already in progress")
        case .quarantined: return .already
        case .starting, .running, .paused, .stopping:
            guard killed else { return .killFirst }
            state = .quarantined
            return .begin
        case .stuck:
            state = .quarantined
            return .begin
        }
    }

    /// It could not be recorded. Its kill deadline has passed all the same.
    mutating func quarantineFailed() {
        if state == .quarantined { state = .stuck }
    }
}

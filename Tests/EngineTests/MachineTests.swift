import Testing

@testable import Engine

/// The container's machine against every sequence of events up to a length.
struct MachineTests {
    private enum Event: CaseIterable {
        case start, started, startFailed, stop, stuck, exit, exitRestarting, pause, resume, remove, forceRemove,
            removeFailed, quarantine, quarantineKilled, quarantineFailed
    }

    private func apply(_ event: Event, to machine: inout ContainerMachine) {
        let before = machine.state
        switch event {
        case .start:
            let action = machine.startRequested()
            #expect((action == .begin) == (machine.state == .starting && before != .starting))
        case .started: machine.startSucceeded()
        case .startFailed: machine.startFailed()
        case .stop:
            let action = machine.stopRequested()
            // A stop is accepted exactly where something may run or will, and has not been killed for good.
            if before == .quarantined {
                guard case .refuse = action else {
                    Issue.record("\(action)")
                    return
                }
            }
            #expect((action == .already) == (before == .created || before == .exited || before == .removing))
            #expect((action == .cancelRestart) == (before == .restarting))
        case .stuck: machine.stuckObserved()
        case .exit: #expect(machine.exitObserved(restarts: false) == ContainerMachine(before).isActive)
        case .exitRestarting: #expect(machine.exitObserved(restarts: true) == ContainerMachine(before).isActive)
        case .pause: machine.pauseObserved()
        case .resume: machine.resumeObserved()
        case .remove: check(machine.removeRequested(force: false, name: "x"), before, machine, force: false)
        case .forceRemove: check(machine.removeRequested(force: true, name: "x"), before, machine, force: true)
        case .removeFailed: machine.removeFailed()
        case .quarantine: check(machine.quarantineRequested(killed: false, name: "x"), before, machine, killed: false)
        case .quarantineKilled:
            check(machine.quarantineRequested(killed: true, name: "x"), before, machine, killed: true)
        case .quarantineFailed: machine.quarantineFailed()
        }
        if before == .quarantined {
            // It ends, or it is what it was before; nothing is ever asked of it.
            let allowed: [ContainerMachine.State] =
                event == .exit || event == .exitRestarting
                ? [.exited] : event == .quarantineFailed ? [.stuck] : [before]
            #expect(allowed.contains(machine.state))
        }
        // Only a removal that failed leaves the state removing; nothing that is active is ever being removed.
        if before == .removing, event != .removeFailed { #expect(machine.state == .removing) }
        if before == .stuck { #expect([.stuck, .exited, .restarting, .quarantined].contains(machine.state)) }
    }

    private func check(
        _ action: ContainerMachine.RemoveAction, _ before: ContainerMachine.State, _ machine: ContainerMachine,
        force: Bool
    ) {
        if ContainerMachine(before).isActive {
            #expect(machine.state == before, "nothing active is removed")
            if force, before != .quarantined { #expect(action == .killFirst) }
        }
        if action == .begin { #expect(machine.state == .removing) }
    }

    /// Nothing is set aside before its kill deadline has passed, nor what has ended.
    private func check(
        _ action: ContainerMachine.QuarantineAction, _ before: ContainerMachine.State, _ machine: ContainerMachine,
        killed: Bool
    ) {
        #expect((action == .begin) == (machine.state == .quarantined && before != .quarantined))
        if action == .begin { #expect(killed || before == .stuck) }
        #expect((action == .already) == (before == .quarantined))
        #expect((action == .remove) == (before == .created || before == .exited || before == .restarting))
    }

    @Test func everySequenceOfFiveEventsKeepsTheRules() {
        func explore(_ machine: ContainerMachine, _ depth: Int) {
            guard depth > 0 else { return }
            for event in Event.allCases {
                var next = machine
                apply(event, to: &next)
                explore(next, depth - 1)
            }
        }
        explore(ContainerMachine(.created), 5)
    }

    @Test func aStopDuringTheStartIsCarriedOutAfterIt() {
        var machine = ContainerMachine(.created)
        #expect(machine.startRequested() == .begin)
        #expect(machine.stopRequested() == .orderLater)
        machine.startSucceeded()
        #expect(machine.state == .stopping)
    }
}

import Testing

@testable import Engine

/// The container's machine against every sequence of events up to a length.
struct MachineTests {
    private enum Event: CaseIterable {
        case start, started, startFailed, stop, stuck, exit, exitRestarting, pause, resume, remove, forceRemove,
            removeFailed
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
            // A stop is accepted exactly where something may run or will.
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
        }
        // Only a removal that failed leaves the state removing; nothing that is active is ever being removed.
        if before == .removing, event != .removeFailed { #expect(machine.state == .removing) }
        if before == .stuck { #expect([.stuck, .exited, .restarting].contains(machine.state)) }
    }

    private func check(
        _ action: ContainerMachine.RemoveAction, _ before: ContainerMachine.State, _ machine: ContainerMachine,
        force: Bool
    ) {
        if ContainerMachine(before).isActive {
            #expect(machine.state == before, "nothing active is removed")
            if force { #expect(action == .killFirst) }
        }
        if action == .begin { #expect(machine.state == .removing) }
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

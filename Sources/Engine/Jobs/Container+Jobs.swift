import Diagnosis
import Lifecycle
import Linux

// The stop of a run in the register of calls. Others are there as long as a task carries them out; a stop is the shim's, and
// lasts until the container has ended.

extension Container {
    /// The entry of the stop that goes on, or a new one; who joins can only make it sooner.
    func enterStop(_ order: StopOrder) -> Job {
        let span = order.ladder.totalGrace.map { $0 + order.killDeadline }
        let kind = order.isKill ? Job.Kind.kill : .stop
        guard let entry = stopEntry else {
            let entry = core.jobs.begin(kind, id, within: span)
            stopEntry = entry
            return entry
        }
        let past = MonotonicClock.now() - entry.since
        core.jobs.sharpen(entry, isKill: order.isKill, within: span.map { past + $0 })
        return entry
    }

    /// A stop that was found under way, from before this engine.
    func enterFoundStop(isStuck: Bool) {
        guard stopEntry == nil else { return }
        let order = intendedOrder ?? .kill(deadline: stopDefaults.killDeadline)
        let span = order.ladder.totalGrace.map { $0 + order.killDeadline }
        let entry = core.jobs.begin(
            order.isKill ? .kill : .stop, id, asker: .engine("earlier engine"), within: isStuck ? .zero : span)
        entry.waits(on: isStuck ? .kernel : .container)
        stopEntry = entry
    }

    /// Where the shim's own stop is: of one it began by itself too, when the main process had left others behind.
    func noteStop(_ update: StopUpdate) {
        if stopEntry == nil, machine.isActive, case .killing(let until) = update {
            stopEntry = core.jobs.begin(.kill, id, asker: .engine("shim"), within: until - MonotonicClock.now())
        }
        if let hop = update.hop { stopEntry?.waits(on: hop) }
        guard let step = update.step else { return }
        stopStep = step
        publish()
    }

    func endStopEntry() {
        if let entry = stopEntry.take() { core.jobs.end(entry) }
    }
}

extension StopUpdate {
    /// What a stop waits for after this, and until when; nil: as before.
    var step: StopUnderWay.Step? {
        switch self {
        case .waiting(_, let until): .container(until: until)
        case .killing(let until): .kernel(until: until)
        case .signalled, .unhandled, .thawed, .mainEnded, .stuck, .ended: nil
        }
    }

    /// What a stop waits on after this; nil: as before.
    var hop: Hop? {
        switch self {
        case .signalled, .waiting, .unhandled, .thawed, .mainEnded: .container
        case .killing, .stuck: .kernel
        case .ended: nil
        }
    }
}

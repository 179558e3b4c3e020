import Testing

@testable import Lifecycle

/// Drives a machine as a shim does, with a clock of its own and processes that the test moves.
struct Stage {
    private(set) var machine = StopMachine()
    /// Milliseconds since the stage was set.
    private(set) var now = 0
    private(set) var alarm: Int?
    /// What was done, and when.
    private(set) var history: [(at: Int, action: StopMachine.Action)] = []
    /// What the next look finds.
    var members: [Member]
    /// What the next examination finds.
    var tasks = [LiveTask(pid: 7, tid: 7, comm: "cat", state: "D", wchan: "request_wait_answer", killPending: true)]

    init(_ members: Member...) { self.members = members }

    static func instant(_ milliseconds: Int) -> Instant {
        Instant(sinceBoot: .seconds(1000) + .milliseconds(milliseconds))
    }

    private var instant: Instant { Stage.instant(now) }

    // MARK: What happens

    @discardableResult
    mutating func order(_ ladder: String, _ unhandled: Unhandled = .wait, deadline: Duration = .seconds(10)) throws
        -> [StopMachine.Action]
    {
        let order = StopOrder(ladder: try Ladder(parsing: ladder), unhandled: unhandled, killDeadline: deadline)
        return perform(machine.stopRequested(order, at: instant))
    }

    /// The main process ended and was reaped.
    mutating func reapMain(_ status: ExitStatus, remaining: Int = 0) {
        members.removeAll(where: \.isMain)
        perform(machine.mainReaped(status, remaining: remaining, at: instant))
    }

    mutating func populate(_ populated: Bool) { perform(machine.populationObserved(populated, at: instant)) }
    mutating func execs(_ count: Int) { perform(machine.unreapedExecsObserved(count, at: instant)) }

    /// All ends at once: reaped, and nobody left.
    mutating func end(_ status: ExitStatus) {
        members = []
        populate(false)
        reapMain(status)
    }

    /// Lets time pass, with every alarm in it.
    mutating func pass(_ milliseconds: Int) {
        let end = now + milliseconds
        while let due = alarm, due <= end {
            now = max(now, due)
            alarm = nil
            perform(machine.deadlineReached(at: instant))
        }
        now = end
    }

    mutating func passToAlarm() { if let alarm { pass(alarm - now) } }

    @discardableResult
    private mutating func perform(_ actions: [StopMachine.Action]) -> [StopMachine.Action] {
        for action in actions {
            history.append((now, action))
            switch action {
            case .look: perform(machine.observed(members, at: instant))
            case .examine:
                let since = machine.killedSince.map { instant - $0 } ?? .zero
                perform(machine.examined(StuckFinding(tasks: tasks, sinceKill: since), at: instant))
            case .arm(let due): alarm = Int((due - Stage.instant(0)).wholeMilliseconds)
            case .send, .thaw, .killAll, .tell, .conclude: break
            }
        }
        return actions
    }

    // MARK: What was done

    struct Sent: Equatable, CustomStringConvertible {
        var at: Int
        var signal: Signal
        var pids: [Int32]
        init(_ at: Int, _ signal: Signal, _ pids: Int32...) { (self.at, self.signal, self.pids) = (at, signal, pids) }
        var description: String { "\(signal) to \(pids) at \(at)" }
    }

    var sent: [Sent] {
        history.compactMap { at, action in
            guard case .send(let signal, let pids) = action else { return nil }
            var sent = Sent(at, signal)
            sent.pids = pids
            return sent
        }
    }

    var kills: [Int] { history.filter { $0.action == .killAll }.map(\.at) }
    var thaws: [Int] { history.filter { $0.action == .thaw }.map(\.at) }
    var conclusions: [ExitStatus] {
        history.compactMap { if case .conclude(let status) = $0.action { status } else { nil } }
    }

    var told: [StopUpdate] { history.compactMap { if case .tell(let update) = $0.action { update } else { nil } } }
    var unhandled: [StopUpdate] { told.filter { if case .unhandled = $0 { true } else { false } } }
    var stuck: [Int] {
        history.compactMap { if case .tell(.stuck) = $0.action { $0.at } else { nil } }
    }

    var reports: [StopReport] { told.compactMap { if case .ended(let report) = $0 { report } else { nil } } }

    /// The end of the job; nil while it goes on, or when it ended more than once.
    var report: StopReport? { reports.count == 1 && conclusions.count == 1 ? reports[0] : nil }
}

func report(_ status: ExitStatus, _ how: How, _ rung: String?, _ milliseconds: Int) throws -> StopReport {
    StopReport(
        status: status, how: how, rung: try rung.flatMap { try Ladder(parsing: $0).rungs.first },
        elapsed: .milliseconds(milliseconds))
}

@testable import Lifecycle

// MARK: - What was promised

extension World {
    mutating func take(_ order: StopOrder) -> String? {
        ordersTaken += 1
        let before = killInstant
        if let total = order.ladder.totalGrace {
            let due = now + Int(total.wholeMilliseconds)
            if !isKilled { killDue = min(killDue ?? due, due) }
        }
        mayCut = mayCut || order.unhandled == .kill
        let deadline = Int(order.killDeadline.wholeMilliseconds)
        shortestDeadline = min(shortestDeadline, deadline)
        if isKilled { verdictDue = min(verdictDue ?? .max, now + deadline) }
        let actions = machine.stopRequested(order, at: instant)
        if order.isKill && !isConcluded && !actions.contains(.killAll) { return "a kill order without killAll" }
        if case .some(let limit) = before {
            let isLater: Bool =
                switch (killInstant, limit) {
                case (.none, _), (_, .never): false
                case (.some(.never), .at): true
                case (.some(.at(let later)), .at(let earlier)): later > earlier
                }
            if isLater { return "an order moved the kill later" }
        }
        return perform(actions)
    }

    private enum KillInstant: Equatable { case never, at(Instant) }

    /// What the machine itself means to do; nil when it is not waiting.
    private var killInstant: KillInstant? {
        guard case .waiting(let attempt) = machine.phase, let job = machine.job else { return nil }
        let mainEnded = machine.evidence.mainStatus != nil
        return job.killInstant(during: attempt, mainEnded: mainEnded).map { .at($0) } ?? .never
    }

    mutating func perform(_ actions: [StopMachine.Action]) -> String? {
        if isEnded && !actions.isEmpty { return "it acts after its end: \(actions)" }
        for action in actions {
            if let broken = perform(action) { return broken }
        }
        if isConcluded && !isEnded {
            guard ordersTaken == 0 && !isKilled else { return "concluded without telling" }
            isEnded = true
        }
        if machine.isStopping && alarm == nil && !looksPending && !examinePending { return "it went silent" }
        if isEnded && machine.isStopping { return "it goes on after its end" }
        return nil
    }

    private mutating func perform(_ action: StopMachine.Action) -> String? {
        switch action {
        case .look: looksPending = true
        case .examine: examinePending = true
        case .thaw: if ordersTaken != 1 { return "a thaw that is not the first order's" }
        case .arm(let due): alarm = Int((due - World.instant(0)).wholeMilliseconds)
        case .send(let signal, let pids): return send(signal, pids)
        case .killAll: return killAll()
        case .conclude(let status): return conclude(status)
        case .tell(let update): return tell(update)
        }
        return nil
    }

    private mutating func send(_ signal: Signal, _ pids: [Int32]) -> String? {
        guard let position = World.signals.firstIndex(of: signal) else { return "an unknown signal" }
        let bit = UInt8(1) << UInt8(position)
        if !isMainReaped { somebodyAsked = true }
        for pid in pids {
            let process = processes[Int(pid)]
            if process.got & bit != 0 { return "\(signal) is sent to \(pid) again" }
            if process.isInit && process.handles & bit == 0 && process.life == .alive {
                return "\(signal) is lost on init"
            }
            if process.life == .alive { processes[Int(pid)].got |= bit }
        }
        return nil
    }

    private mutating func killAll() -> String? {
        if !isKilled {
            if let broken = judgeFirstKill() { return broken }
            isKilled = true
            verdictDue = now + (shortestDeadline == .max ? 10_000 : shortestDeadline)
        }
        for index in processes.indices where processes[index].life == .alive { processes[index].isDoomed = true }
        return nil
    }

    /// The grace that was promised is kept, unless there is nothing to wait for.
    private func judgeFirstKill() -> String? {
        if let killDue, now >= killDue { return nil }
        guard let main = processes.first(where: \.isMain), main.life == .alive else { return nil }
        return mayCut && isUnhandledTold ? nil : "the grace was cut short"
    }

    /// The main process would really not react to the signal.
    private mutating func judge(unhandled signal: Signal) -> String? {
        isUnhandledTold = true
        guard let main = processes.first(where: \.isMain), main.life == .alive else { return nil }
        let bit = World.signals.firstIndex(of: signal).map { UInt8(1) << UInt8($0) } ?? 0
        if main.handles & bit != 0 { return "unhandled, though it handles it" }
        if main.ignores & bit != 0 { return "unhandled, though it ignores it on purpose" }
        if !main.isInit { return "unhandled, though the default action ends it" }
        // What it was sent before, it may still be handling.
        if main.got != 0 { return "unhandled, though it was asked" }
        return nil
    }

    private mutating func conclude(_ status: ExitStatus) -> String? {
        if isConcluded { return "concluded twice" }
        isConcluded = true
        if !isMainReaped { return "concluded though the main process is not reaped" }
        if isPopulated { return "concluded though the cgroup is populated" }
        if processes.contains(where: { $0.isExec && !$0.isReaped }) { return "concluded though an exec is not reaped" }
        if status != mainStatus { return "concluded with another status" }
        verdictDue = nil
        return nil
    }

    private mutating func tell(_ update: StopUpdate) -> String? {
        switch update {
        case .ended(let report):
            if !isConcluded { return "ended before it was concluded" }
            if isEnded { return "ended twice" }
            isEnded = true
            return judge(report)
        case .stuck:
            if !isKilled { return "stuck before the kill" }
            guard let verdictDue else { return "stuck twice" }
            if now < verdictDue { return "stuck before the deadline" }
            self.verdictDue = nil
        case .unhandled(let signal, _): return judge(unhandled: signal)
        case .signalled, .waiting, .thawed, .killing, .mainEnded: break
        }
        return nil
    }

    private func judge(_ report: StopReport) -> String? {
        switch report.how {
        case .already: if somebodyAsked { return "already, though somebody had been asked" }
        case .handled: if !somebodyAsked { return "handled, though nobody was asked" }
        case .defaultAction:
            guard case .signal(let signal, _) = report.status, signal == report.rung?.signal,
                processes.contains(where: { $0.isMain && $0.got != 0 })
            else { return "default action without its signal" }
        case .killed: if report.status != .signal(.kill, coreDumped: false) { return "killed without KILL" }
        }
        return nil
    }
}

// MARK: - What may always happen again

extension World {
    /// Everything that was told may be told again, and changes nothing.
    func repetitionBreaks() -> String? {
        var machine = machine
        if isMainReaped, !machine.mainReaped(.code(77), remaining: 3, at: instant).isEmpty { return "a second reaping" }
        if !machine.populationObserved(machine.evidence.isPopulated, at: instant).isEmpty {
            return "a repeated population"
        }
        if !machine.unreapedExecsObserved(machine.evidence.unreapedExecs, at: instant).isEmpty {
            return "a repeated count"
        }
        if isEnded {
            let strays =
                machine.observed(members, at: instant) + machine.deadlineReached(at: instant)
                + machine.examined(finding, at: instant) + machine.stopRequested(.kill(), at: instant)
            if !strays.isEmpty { return "it acts after its end: \(strays)" }
        }
        return machine == self.machine ? nil : "what was known already changed something"
    }
}

// MARK: - That it ends

extension World {
    /// Let go on, with a kill order and nothing hung any more, the stop comes to its end. Returns what is wrong, or nil.
    func settling(in setting: Setting) -> String? {
        var setting = setting
        (setting.hungMayBeFreed, setting.horizon, setting.strays, setting.orderLimit) = (true, .max, 0, 0)
        setting.orders = [.kill(deadline: .milliseconds(setting.tick * 5))]
        var world = self
        if let broken = world.take(.order(0), in: setting) { return broken }
        for _ in 0..<100 {
            if world.isEnded { return nil }
            guard let step = world.steps(in: setting).min(by: { $0.urgency < $1.urgency }) else {
                return "nothing can happen"
            }
            if let broken = world.take(step, in: setting) { return "\(broken) when it settles" }
        }
        return "it does not end"
    }
}

extension World.Step {
    fileprivate var urgency: Int {
        switch self {
        case .freed: 0
        case .ends: 1
        case .execReaped, .mainReaped, .population: 2
        case .look, .examine, .alarm: 3
        case .order, .wait, .strayLook, .strayExamine, .strayAlarm, .handlerAppears: 4
        }
    }
}

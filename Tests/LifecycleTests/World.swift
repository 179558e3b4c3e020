@testable import Lifecycle

/// A container, its clients, the clock and the kernel, as small as they can be made: what the stop machine is explored in.
///
/// A value: copied at each step, compared and hashed. What may happen next is `steps`; `take` lets it happen and says
/// what promise the machine broke, if any. The promises are judged by what the world knows, not by what the machine says.
struct World: Hashable {
    struct Process: Hashable {
        enum Life: UInt8 { case alive, leaving, dead }
        var isMain = false
        var isInit = false
        /// An exec's process: its parent is the shim, which must reap it.
        var isExec = false
        /// Sets of signals, as bits of `signals`.
        var handles: UInt8 = 0
        var ignores: UInt8 = 0
        /// Handlers that may appear later.
        var later: UInt8 = 0
        /// In uninterruptible sleep.
        var isHung = false
        var life = Life.alive
        /// Signals it has been sent.
        var got: UInt8 = 0
        /// KILL was sent to it, or its namespace went down.
        var isDoomed = false
        var isReaped = false

        var member: Member.Traits { Member.Traits(isMain: isMain, isInit: isInit, handles: handles, ignores: ignores) }
        var fatal: UInt8 { isInit ? 0 : got & ~handles & ~ignores }
        var reacted: Bool { got & handles != 0 }
    }

    /// What stays the same during an exploration.
    struct Setting {
        var processes: [Process]
        var orders: [StopOrder]
        /// Orders that may come in all.
        var orderLimit = 2
        /// Stray alarms, looks and examinations that may come in all.
        var strays: UInt8 = 0
        /// The main process may end by itself, at any time.
        var mainMayLeave = false
        var hungMayBeFreed = false
        /// Milliseconds of a step of the clock, and after how many nothing more is explored.
        var tick = 10
        var horizon = 200
        /// How much later than armed an alarm may come.
        var lateness = 0
        /// The clock may also go on to the next alarm in one step.
        var jumps = false
    }

    static let signals: [Signal] = [.term, .int, .quit]

    var processes: [Process]
    var machine = StopMachine()
    var now = 0
    var alarm: Int?
    var looksPending = false
    var examinePending = false
    var ordersTaken: UInt8 = 0
    var straysTaken: UInt8 = 0
    var mainStatus: ExitStatus?
    var isMainReaped = false
    var isConcluded = false
    var isEnded = false
    /// By when KILL was promised at the latest; nil: no bound. And whether any order permits to cut the grace short.
    var killDue: Int?
    var mayCut = false
    var isUnhandledTold = false
    var shortestDeadline = Int.max
    var isKilled = false
    /// By when a verdict is due; nil: none is.
    var verdictDue: Int?
    /// Something was sent before the main process was reaped.
    var somebodyAsked = false

    init(_ setting: Setting) {
        processes = setting.processes
        let execs = processes.count { $0.isExec }
        if execs > 0 { _ = machine.unreapedExecsObserved(execs, at: World.instant(0)) }
    }

    static func instant(_ milliseconds: Int) -> Instant {
        Instant(sinceBoot: .seconds(1) + .milliseconds(milliseconds))
    }
    var instant: Instant { World.instant(now) }

    /// Only what differs most: comparing tells the rest.
    func hash(into hasher: inout Hasher) {
        var bits: UInt64 = 0
        for process in processes {
            bits = bits << 3 ^ UInt64(process.got)
            bits = bits << 2 ^ UInt64(process.life.rawValue)
            bits = bits << 4 ^ UInt64(process.handles)
            bits = bits << 2 ^ (process.isDoomed ? 2 : 0) ^ (process.isHung ? 1 : 0)
        }
        hasher.combine(bits)
        hasher.combine(now &* 4096 &+ (alarm ?? -1) &* 4 &+ (looksPending ? 2 : 0) &+ (examinePending ? 1 : 0))
        hasher.combine(UInt32(ordersTaken) << 8 | UInt32(straysTaken))
        hasher.combine((killDue ?? -1) &* 1024 &+ (verdictDue ?? -1) &+ (machine.job?.deliveries.count ?? 9) &* 65536)
        switch machine.phase {
        case .waiting(let attempt): hasher.combine(attempt.index &* 16 &+ attempt.looks)
        case .killing(let killing), .stuck(let killing): hasher.combine(killing.nextRepeat.sinceBoot)
        case .idle, .ended: break
        }
    }
}

extension Member {
    struct Traits {
        var isMain: Bool
        var isInit: Bool
        var handles: UInt8
        var ignores: UInt8

        func member(_ pid: Int32) -> Member {
            func mask(_ bits: UInt8) -> UInt64 {
                World.signals.indices.reduce(0) { mask, index in
                    bits & 1 << UInt8(index) == 0 ? mask : mask | 1 << UInt64(World.signals[index].number - 1)
                }
            }
            return Member(
                pid: pid, isMain: isMain, isNamespaceInit: isInit,
                masks: SignalMasks(caught: mask(handles), blocked: 0, ignored: mask(ignores)))
        }
    }
}

// MARK: - What may happen

extension World {
    enum Step: Hashable {
        case order(Int)
        case look, examine, alarm
        case wait(Int)
        case strayLook, strayExamine, strayAlarm
        case ends(Int), handlerAppears(Int), freed(Int)
        case mainReaped, execReaped(Int), population
    }

    func steps(in setting: Setting) -> [Step] {
        var steps: [Step] = []
        if ordersTaken < setting.orderLimit { steps += setting.orders.indices.map { .order($0) } }
        if looksPending { steps.append(.look) }
        if examinePending { steps.append(.examine) }
        if let alarm, alarm <= now, !looksPending, !examinePending { steps.append(.alarm) }
        if ordersTaken > 0 || isKilled { steps += waits(in: setting) }
        if straysTaken < setting.strays && machine.isStopping { steps += [.strayLook, .strayExamine, .strayAlarm] }
        for index in processes.indices { steps += self.steps(of: index, in: setting) }
        if let main = processes.first(where: \.isMain), main.life == .dead, !isMainReaped { steps.append(.mainReaped) }
        if isPopulated != machine.evidence.isPopulated { steps.append(.population) }
        return steps
    }

    /// The shim answers at once, and is at most `lateness` late for an alarm: no time passes beyond that.
    private func waits(in setting: Setting) -> [Step] {
        guard !looksPending, !examinePending, now < setting.horizon, !isEnded else { return [] }
        guard alarm.map({ now + setting.tick <= $0 + setting.lateness }) ?? true else { return [] }
        guard setting.jumps, let alarm, alarm > now + setting.tick else { return [.wait(setting.tick)] }
        return [.wait(setting.tick), .wait(alarm - now)]
    }

    private func steps(of index: Int, in setting: Setting) -> [Step] {
        let process = processes[index]
        var steps: [Step] = []
        switch process.life {
        case .alive:
            let may =
                process.isDoomed || process.fatal != 0 || process.reacted || (process.isMain && setting.mainMayLeave)
            if may && !process.isHung { steps.append(.ends(index)) }
            if process.later != 0 && !process.isDoomed { steps.append(.handlerAppears(index)) }
            if process.isHung && setting.hungMayBeFreed { steps.append(.freed(index)) }
        case .leaving: break
        case .dead: if process.isExec && !process.isReaped { steps.append(.execReaped(index)) }
        }
        return steps
    }

    var isPopulated: Bool { processes.contains { $0.life == .alive } }

    var members: [Member] {
        processes.enumerated().filter { $1.life == .alive }.map { $1.member.member(Int32($0)) }
    }
}

// MARK: - What happens

extension World {
    /// Lets one thing happen. Returns the promise that was broken by it, or nil.
    mutating func take(_ step: Step, in setting: Setting) -> String? {
        switch step {
        case .order(let index): return take(setting.orders[index])
        case .look:
            looksPending = false
            return perform(machine.observed(members, at: instant))
        case .examine:
            examinePending = false
            return perform(machine.examined(finding, at: instant))
        case .alarm:
            alarm = nil
            return perform(machine.deadlineReached(at: instant))
        case .wait(let milliseconds): return wait(milliseconds, in: setting)
        case .strayLook: return stray { $0.machine.observed($0.members, at: $0.instant) }
        case .strayExamine: return stray { $0.machine.examined($0.finding, at: $0.instant) }
        case .strayAlarm: return stray { $0.machine.deadlineReached(at: $0.instant) }
        case .ends(let index): end(index)
        case .handlerAppears(let index):
            processes[index].handles |= processes[index].later
            processes[index].later = 0
        case .freed(let index): processes[index].isHung = false
        case .mainReaped:
            isMainReaped = true
            guard let mainStatus else { return "the model reaped a living process" }
            return perform(machine.mainReaped(mainStatus, remaining: members.count, at: instant))
        case .execReaped(let index):
            processes[index].isReaped = true
            settleMain()
            let count = processes.count { $0.isExec && !$0.isReaped }
            return perform(machine.unreapedExecsObserved(count, at: instant))
        case .population: return perform(machine.populationObserved(isPopulated, at: instant))
        }
        return nil
    }

    private var finding: StuckFinding { StuckFinding(tasks: [], sinceKill: .zero) }

    private mutating func stray(_ event: (inout World) -> [StopMachine.Action]) -> String? {
        straysTaken += 1
        return perform(event(&self))
    }

    private mutating func end(_ index: Int) {
        let process = processes[index]
        guard process.isMain else {
            processes[index].life = .dead
            return settleMain()
        }
        if process.isDoomed {
            mainStatus = .signal(.kill, coreDumped: false)
        } else if let fatal = World.signals.indices.first(where: { process.fatal & 1 << UInt8($0) != 0 }) {
            mainStatus = .signal(World.signals[fatal], coreDumped: false)
        } else {
            mainStatus = .code(0)
        }
        processes[index].life = process.isInit ? .leaving : .dead
        // The kernel takes the namespace down with its init.
        if process.isInit { for other in processes.indices { processes[other].isDoomed = true } }
        settleMain()
    }

    /// An init becomes a zombie when nobody is left in its namespace, and every exec in it was reaped outside.
    private mutating func settleMain() {
        guard let main = processes.firstIndex(where: { $0.life == .leaving }) else { return }
        let holds = processes.contains { $0.life == .alive || ($0.isExec && !$0.isReaped) }
        if !holds { processes[main].life = .dead }
    }

    private mutating func wait(_ milliseconds: Int, in setting: Setting) -> String? {
        now += milliseconds
        if let verdictDue, now > verdictDue + setting.lateness { return "no verdict by \(verdictDue)" }
        // Each rung of at most three, and the kill, may begin late.
        if let killDue, !isKilled, !isConcluded, now > killDue + 4 * setting.lateness { return "no kill by \(killDue)" }
        return nil
    }
}

// MARK: - What was promised

extension World {
    private mutating func take(_ order: StopOrder) -> String? {
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

    private mutating func perform(_ actions: [StopMachine.Action]) -> String? {
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

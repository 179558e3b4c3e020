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
    /// Two looks take less.
    static let leavingLimit = 300

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
    /// Since when a stop goes on though init is exiting; kept where the clock runs far enough to judge by it.
    var leavingSince: Int?
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
            let before = self
            alarm = nil
            return perform(machine.deadlineReached(at: instant)) ?? (self == before ? "the alarm rings for ever" : nil)
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
            let actions = machine.mainReaped(mainStatus, remaining: members.count, at: instant)
            if case .waiting(let attempt) = machine.phase, attempt.rung.scope != .all { return "it waits for nobody" }
            return perform(actions)
        case .execReaped(let index):
            processes[index].isReaped = true
            settleMain()
            let count = processes.count { $0.isExec && !$0.isReaped }
            return perform(machine.unreapedExecsObserved(count, at: instant))
        case .population: return perform(machine.populationObserved(isPopulated, at: instant))
        }
        return nil
    }

    var finding: StuckFinding { StuckFinding(tasks: [], sinceKill: .zero) }

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
        if setting.horizon > World.leavingLimit, processes.contains(where: { $0.life == .leaving }) {
            leavingSince = leavingSince ?? now
            let due = (leavingSince ?? now) + World.leavingLimit + 2 * setting.lateness
            if !isKilled, now > due { return "it waits for an init that is exiting" }
        }
        if let verdictDue, now > verdictDue + setting.lateness { return "no verdict by \(verdictDue)" }
        // Each rung of at most three, and the kill, may begin late.
        if let killDue, !isKilled, !isConcluded, now > killDue + 4 * setting.lateness { return "no kill by \(killDue)" }
        return nil
    }
}

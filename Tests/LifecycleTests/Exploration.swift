@testable import Lifecycle
import TestKit

/// A breadth-first walk through every state that can be reached. Stops at the first broken promise.
struct Exploration {
    private(set) var broken: String?
    private(set) var states = 0
    /// States in which the container has ended.
    private(set) var ends = 0
    private var path: [(parent: Int, step: World.Step?)] = [(0, nil)]
    private var last = 0

    init(_ setting: World.Setting) {
        let first = World(setting)
        var known: Set<World> = [first]
        var frontier = [(first, 0)]
        while !frontier.isEmpty && broken == nil {
            var next: [(World, Int)] = []
            for (world, index) in frontier {
                for step in world.steps(in: setting) {
                    var after = world
                    broken = after.take(step, in: setting)
                    guard broken != nil || known.insert(after).inserted else { continue }
                    path.append((index, step))
                    last = path.count - 1
                    broken = broken ?? after.repetitionBreaks()
                    if last % 64 == 0 { broken = broken ?? after.settling(in: setting) }
                    if broken != nil { return }
                    if after.isEnded { ends += 1 }
                    next.append((after, last))
                }
            }
            frontier = next
        }
        states = known.count
    }

    /// How it came to the broken promise.
    var trace: String {
        var steps: [String] = []
        var index = last
        while let step = path[index].step {
            steps.append("\(step)")
            index = path[index].parent
        }
        return (broken ?? "") + " after " + steps.reversed().joined(separator: ", ")
    }
}

/// One random way through a random world of several processes.
struct Walk {
    let setting: World.Setting
    private(set) var world: World
    private(set) var trace: [World.Step] = []
    private(set) var broken: String?

    init(using random: inout SplitMix) {
        let others = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            World.Process(
                isExec: Int.random(in: 0..<6, using: &random) == 0, handles: .signals(&random),
                ignores: .signals(&random),
                later: .signals(&random), isHung: Int.random(in: 0..<6, using: &random) == 0)
        }
        let main = World.Process(
            isMain: true, isInit: Int.random(in: 0..<4, using: &random) > 0, handles: .signals(&random),
            ignores: .signals(&random), later: .signals(&random), isHung: Int.random(in: 0..<8, using: &random) == 0)
        let orders = (0..<5).map { _ in StopOrder.random(using: &random) } + [.kill(deadline: .milliseconds(500))]
        setting = World.Setting(
            processes: ([main] + others).map(\.consistent).shuffled(using: &random), orders: orders, orderLimit: 4,
            strays: 3,
            mainMayLeave: Bool.random(using: &random), hungMayBeFreed: Bool.random(using: &random), tick: 10,
            horizon: 60_000, lateness: 50, jumps: true)
        world = World(setting)
    }

    mutating func run(using random: inout SplitMix) {
        for _ in 0..<120 where broken == nil {
            let steps = world.steps(in: setting)
            // Mostly what the shim and the clock do: else all are dead before anything was waited for.
            let plain = steps.filter(\.isPlain)
            let isPlain = !plain.isEmpty && Int.random(in: 0..<4, using: &random) > 0
            guard let step = (isPlain ? plain : steps).randomElement(using: &random) else { break }
            trace.append(step)
            broken = world.take(step, in: setting) ?? world.repetitionBreaks()
        }
        if broken == nil && !world.isEnded { broken = world.settling(in: setting) }
    }
}

extension World.Step {
    fileprivate var isPlain: Bool {
        switch self {
        case .look, .examine, .alarm, .wait: true
        case .order, .strayLook, .strayExamine, .strayAlarm, .ends, .handlerAppears, .freed: false
        case .mainReaped, .execReaped, .population: false
        }
    }
}

extension World.Process {
    /// A signal is handled or ignored, or neither.
    fileprivate var consistent: Self {
        var process = self
        process.ignores &= ~(handles | later)
        process.later &= ~handles
        return process
    }
}

extension UInt8 {
    fileprivate static func signals(_ random: inout SplitMix) -> UInt8 {
        UInt8.random(in: 0..<8, using: &random) & UInt8.random(in: 0..<8, using: &random)
    }
}

extension StopOrder {
    fileprivate static func random(using random: inout SplitMix) -> StopOrder {
        let signals = World.signals.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
        let rungs = signals.map { signal in
            let grace = Int64.random(in: 0...20, using: &random)
            return Rung(
                signal: signal, scope: Scope.allCases.randomElement(using: &random) ?? .auto,
                grace: grace == 20 ? .unbounded : .bounded(.milliseconds(grace * grace * 10)))
        }
        return StopOrder(
            ladder: Ladder(rungs: rungs), unhandled: Bool.random(using: &random) ? .kill : .wait,
            killDeadline: .milliseconds(10 * Int64.random(in: 0...300, using: &random)))
    }
}

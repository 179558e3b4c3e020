import TestKit
import Testing

@testable import Lifecycle

/// The stop machine against everything that can happen: all of it in small worlds, at random in bigger ones.
///
/// One after the other, so that the others have the second core.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ExplorationTests {
    typealias Process = World.Process

    static let term: UInt8 = 1
    static let int: UInt8 = 2

    static func order(_ ladder: String, _ unhandled: Unhandled = .wait, deadline: Int = 60) throws -> StopOrder {
        StopOrder(ladder: try Ladder(parsing: ladder), unhandled: unhandled, killDeadline: .milliseconds(deadline))
    }

    static func settings() throws -> [(name: String, setting: World.Setting)] {
        let kill = StopOrder.kill(deadline: .milliseconds(60))
        let handling = Process(isMain: true, isInit: true, handles: term)
        let deaf = Process(isMain: true, isInit: true, later: term)
        let hung = Process(isHung: true)
        return [
            (
                "init handles TERM, a child",
                .init(
                    processes: [handling, Process()],
                    orders: [try order("TERM:30ms"), try order("TERM:20ms", .kill), kill],
                    horizon: 120)
            ),
            (
                "init handles it later, a child hangs",
                .init(
                    processes: [deaf, hung], orders: [try order("TERM:30ms"), try order("INT:20ms"), kill],
                    hungMayBeFreed: true,
                    horizon: 140)
            ),
            (
                "shell form: a child handles TERM",
                .init(
                    processes: [Process(isMain: true, isInit: true), Process(handles: term)],
                    orders: [try order("TERM:30ms", .kill), try order("TERM@all:20ms")], mainMayLeave: true,
                    horizon: 100)
            ),
            (
                "shared namespace: leftovers",
                .init(
                    processes: [Process(isMain: true), Process(isExec: true, ignores: term)],
                    orders: [try order("TERM@all:20ms, INT:20ms"), try order("TERM@all:30ms", .kill)],
                    mainMayLeave: true,
                    horizon: 110)
            ),
            (
                "an exec, and init that leaves",
                .init(
                    processes: [handling, Process(isExec: true), Process(isExec: true, isHung: true)],
                    orders: [try order("TERM:20ms"), kill], hungMayBeFreed: true, horizon: 100)
            ),
            (
                "a ladder, joined",
                .init(
                    processes: [
                        Process(isMain: true, isInit: true, handles: int, later: term), Process(handles: term),
                    ],
                    orders: [try order("INT:20ms, TERM@all:20ms", .kill), try order("TERM:30ms, INT:10ms")], horizon: 70
                )
            ),
            (
                "unbounded, and three orders",
                .init(
                    processes: [Process(isMain: true, isInit: true, ignores: term), hung],
                    orders: [try order("TERM:inf"), try order("TERM:20ms", .kill, deadline: 30), kill], orderLimit: 3,
                    horizon: 120)
            ),
            (
                "stray events",
                .init(
                    processes: [deaf], orders: [try order("TERM:30ms", deadline: 30), kill], strays: 1,
                    mainMayLeave: true,
                    horizon: 60)
            ),
        ]
    }

    @Test func exploresEverySmallWorld() throws {
        let clock = ContinuousClock()
        var total = 0
        for (name, setting) in try Self.settings() {
            let start = clock.now
            let exploration = Exploration(setting)
            total += exploration.states
            print("explored \(exploration.states) states (\(exploration.ends) ends) in \(clock.now - start): \(name)")
            #expect(exploration.broken == nil, "\(name): \(exploration.trace)")
            // What hangs for ever must not keep the others from a verdict, but it is no end.
            let ends = setting.hungMayBeFreed || !setting.processes.contains { $0.isHung }
            #expect((exploration.ends > 0) == ends, "\(name)")
        }
        print("explored \(total) states in all")
    }

    @Test func walksAtRandomThroughBigWorlds() {
        var random = Seed.generator(for: "stop machine")
        var steps = 0
        var ends = 0
        for number in 0..<Self.walks {
            var walk = Walk(using: &random)
            walk.run(using: &random)
            steps += walk.trace.count
            if walk.world.isEnded { ends += 1 }
            guard let broken = walk.broken else { continue }
            Issue.record("walk \(number) of QUELL_SEED=\(Seed.value): \(broken) after \(walk.trace) in \(walk.setting)")
            return
        }
        print("walked \(steps) steps in \(Self.walks) worlds, \(ends) of them to the end; QUELL_SEED=\(Seed.value)")
        #expect(ends > 0)
    }

    static let walks = 1000
}

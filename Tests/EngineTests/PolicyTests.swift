import APITypes
import Lifecycle
import Linux
import Testing

@testable import Engine

struct PolicyTests {
    private func rule(_ name: String, _ limit: Int = 0) throws -> RestartRule {
        var policy = RestartPolicy()
        (policy.name, policy.maximumRetryCount) = (name, limit)
        return try RestartRule(policy)
    }

    @Test func afterAnEnd() throws {
        #expect(try !rule("no").restarts(after: .code(1), count: 0))
        #expect(try rule("always").restarts(after: .code(0), count: 99))
        #expect(try rule("unless-stopped").restarts(after: .code(0), count: 0))
        #expect(try !rule("on-failure").restarts(after: .code(0), count: 0))
        #expect(try rule("on-failure", 2).restarts(after: .code(1), count: 1))
        #expect(try !rule("on-failure", 2).restarts(after: .code(1), count: 2))
        // What nobody saw is no success.
        #expect(try rule("on-failure").restarts(after: .unobserved(.supervisorGone), count: 0))
    }

    @Test func whenTheEngineStarts() throws {
        var state = RunState()
        (state.phase, state.desired, state.exit) = (.exited, .stopped, StoredStatus(.code(1)))
        #expect(try rule("always").restartsAtOpen(state))
        #expect(try !rule("unless-stopped").restartsAtOpen(state))
        #expect(try !rule("on-failure").restartsAtOpen(state))
        state.desired = .running
        #expect(try rule("unless-stopped").restartsAtOpen(state))
        #expect(try rule("on-failure").restartsAtOpen(state))
        state.phase = .created
        #expect(try !rule("always").restartsAtOpen(state))
    }

    @Test func policiesThatMakeNoSenseAreRefused() {
        #expect(throws: EngineError.self) { try rule("sometimes") }
        #expect(throws: EngineError.self) { try rule("always", 3) }
        #expect(throws: EngineError.self) { try rule("on-failure", -1) }
    }

    @Test func theBackOffDoublesAndForgets() {
        var backOff = RestartBackOff()
        let waits = (0..<12).map { _ in backOff.next(afterRunOf: .seconds(1)).wholeMilliseconds }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000])
        #expect(backOff.next(afterRunOf: .seconds(10)) == .milliseconds(100))
    }

    // MARK: stop orders

    private func defaults(_ change: (inout ContainerConfig) -> Void = { _ in }) throws -> StopDefaults {
        var config = ContainerConfig()
        change(&config)
        return try StopDefaults(config: config, engine: EngineConfiguration(shimPath: "", unpackPath: ""))
    }

    @Test func aStopOrderIsAssembledStrongestFirst() throws {
        let plain = try defaults().order(for: StopOptions())
        #expect(
            plain.ladder.description == "TERM:10s, KILL" && plain.unhandled == .wait
                && plain.killDeadline == .seconds(10))
        let configured = try defaults { ($0.stopSignal, $0.stopTimeout) = ("SIGINT", 3) }
        #expect(configured.order(for: StopOptions()).ladder.description == "INT:3s, KILL")
        #expect(configured.order(for: StopOptions(timeout: .bounded(.seconds(7)))).ladder.description == "INT:7s, KILL")
        #expect(try defaults { $0.stopTimeout = -1 }.order(for: StopOptions()).ladder.totalGrace == nil)
        let labelled = try defaults { config in
            config.stopSignal = "INT"
            config.labels = [
                "quell.stop.ladder": "USR1@all:1s, TERM:2s", "quell.stop.unhandled": "kill",
                "quell.stop.kill-deadline": "3s", "quell.stop.scope": "all",
            ]
        }
        let order = labelled.order(for: StopOptions())
        #expect(order.ladder.description == "USR1@all:1s, TERM:2s, KILL" && order.unhandled == .kill)
        #expect(order.killDeadline == .seconds(3))
        // A request's own wish sets the labels' ladder aside.
        #expect(labelled.order(for: StopOptions(signal: .quit)).ladder.description == "QUIT@all:10s, KILL")
        #expect(labelled.order(for: StopOptions(ladder: .kill)).isKill)
    }

    @Test(arguments: [
        ("quell.stop.ladder", "HOP:1s"), ("quell.stop.scope", "some"), ("quell.stop.unhandled", "maybe"),
        ("quell.stop.kill-deadline", "soon"), ("quell.stop.kill-deadline", "0"),
    ])
    func aWrongLabelIsRefused(_ key: String, _ value: String) {
        #expect(throws: EngineError.self) { try defaults { $0.labels = [key: value] } }
    }

    // MARK: health

    @Test func healthIsJudgedByResultsInARow() throws {
        var config = HealthConfig()
        (config.test, config.retries, config.startPeriod) = (["CMD", "true"], 2, 5_000_000_000)
        let plan = try #require(HealthPlan(config, shell: nil))
        func result(_ code: Int) -> HealthState.Result { .init(start: 0, end: 0, exitCode: code, output: "") }
        var state = HealthState()
        state = plan.advance(state, result(1), sinceStart: .seconds(1))
        #expect(state.failingStreak == 0 && state.status == .starting)
        state = plan.advance(state, result(1), sinceStart: .seconds(6))
        #expect(state.status == .starting)
        state = plan.advance(state, result(1), sinceStart: .seconds(7))
        #expect(state.status == .unhealthy && state.failingStreak == 2)
        state = plan.advance(state, result(0), sinceStart: .seconds(8))
        #expect(state.status == .healthy && state.failingStreak == 0 && state.log.count == 4)
        #expect(HealthPlan(HealthConfig(), shell: nil) == nil)
        config.test = ["NONE"]
        #expect(HealthPlan(config, shell: nil) == nil)
    }
}

/// What is written of a container that chose its numbers.
@Suite struct NumberTests {
    @Test func sumsOfSizesSaturate() {
        #expect(Int.max.saturatingSum(1) == .max && Int.min.saturatingSum(-1) == .min && 1.saturatingSum(2) == 3)
    }

    @Test(arguments: [(Int.min, Int64.min), (Int.max, .max), (9_223_372_036, .max), (-1, -1), (0, 999_999_999)])
    func nanosecondsSaturate(_ seconds: Int, _ expected: Int64) {
        #expect(Timestamp(seconds: seconds, nanoseconds: 999_999_999).nanosecondsSince1970 == expected)
    }

    @Test func timesBefore1970AreWritten() {
        #expect(Timestamp(nanosecondsSince1970: -1).description == "1969-12-31T23:59:59.999999999Z")
        #expect(!Timestamp(nanosecondsSince1970: .min).description.isEmpty)
    }

    @Test func swapOfAHugeLimitIsNotDoubledBeyondTheRange() throws {
        var (host, facts) = (HostConfig(), try HostFacts.read(try CgroupHost.detect()))
        (host.memory, facts.limitsSwap) = (.max, true)
        #expect(try Spec.memory(host, facts)?["swap"] == .integer(.max))
    }
}

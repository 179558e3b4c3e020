import Testing

@testable import Lifecycle

/// The kill, what proves the end, and what is said when the kernel does not let go.
@Suite(.timeLimit(.minutes(1))) struct StopEndTests {
    static let killed = ExitStatus.signal(.kill, coreDumped: false)
    static let app = Member.process(1, isInit: true, handles: [.term])

    @Test func everyPieceOfEvidenceIsWaitedForInAnyOrder() throws {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var stage = Stage(Self.app)
            stage.execs(1)
            try stage.order("TERM:10s")
            for (position, piece) in order.enumerated() {
                #expect(stage.conclusions.isEmpty, "before piece \(position) of \(order)")
                switch piece {
                case 0: stage.reapMain(.code(0))
                case 1: stage.populate(false)
                default: stage.execs(0)
                }
            }
            #expect(stage.report?.status == .code(0), "\(order)")
            #expect(!stage.machine.isStopping && !stage.machine.isKilling && !stage.machine.isStuck)
        }
    }

    @Test func theRecordComesBeforeTheNews() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.end(.code(0))
        let last = stage.history.suffix(2).map(\.action)
        #expect(last == [.conclude(.code(0)), .tell(.ended(try report(.code(0), .handled, "TERM:10s", 0)))])
    }

    @Test func anEndByItselfIsConcludedWithoutAJob() {
        var stage = Stage(Self.app)
        stage.end(.code(4))
        #expect(stage.history.map(\.action) == [.conclude(.code(4))])
    }

    @Test func everythingAfterTheEndIsSilent() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.end(.code(0))
        let count = stage.history.count
        let machine = stage.machine
        stage.reapMain(.code(1))
        stage.populate(true)
        stage.populate(false)
        stage.execs(2)
        stage.execs(0)
        stage.pass(100_000)
        try stage.order("KILL")
        #expect(stage.history.count == count)
        #expect(stage.machine == machine)
    }

    @Test func repeatedEvidenceIsHarmless() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.populate(true)
        stage.execs(0)
        stage.reapMain(.code(0), remaining: 1)
        stage.reapMain(.code(9), remaining: 1)
        stage.populate(false)
        #expect(stage.report?.status == .code(0))
    }

    @Test func stuckAndTheLateEnd() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:1s", deadline: .seconds(10))
        stage.pass(10_999)
        #expect(stage.stuck.isEmpty && !stage.machine.isStuck)
        stage.pass(1)
        #expect(stage.stuck == [11_000])
        #expect(stage.told.last == .stuck(StuckFinding(tasks: stage.tasks, sinceKill: .seconds(10))))
        #expect(stage.machine.isStuck && stage.machine.isStopping && stage.machine.isKilling)
        stage.pass(3_600_000)
        #expect(stage.stuck == [11_000])
        stage.reapMain(Self.killed)
        #expect(stage.report == nil)
        stage.populate(false)
        #expect(stage.report == (try report(Self.killed, .killed, nil, 3_611_000)))
    }

    @Test func itKillsAgainWhileItWaits() throws {
        var stage = Stage(Self.app)
        try stage.order("KILL", deadline: .seconds(2))
        stage.pass(10_000)
        #expect(stage.kills.prefix(6) == [0, 50, 150, 350, 750, 1550])
        // Once a second, also when it is stuck.
        #expect(zip(stage.kills.dropFirst(6), stage.kills.dropFirst(7)).allSatisfy { $1 - $0 == 1000 })
        #expect((stage.kills.last ?? 0) >= 9000)
    }

    @Test func earlyAlarmsDoNotSlowTheKillsDown() throws {
        for wait in [100, 3000] {
            var stage = Stage(Self.app)
            try stage.order("KILL", deadline: .seconds(2))
            stage.pass(wait)
            var machine = stage.machine
            let armed = machine.deadlineReached(at: Stage.instant(wait))
            #expect(armed == [.arm(Stage.instant(try #require(stage.alarm)))])
            #expect(machine == stage.machine)
        }
    }

    @Test func anOrderWhileStuckGetsAVerdictOfItsOwn() throws {
        var stage = Stage(Self.app)
        try stage.order("KILL", deadline: .seconds(1))
        stage.pass(5000)
        #expect(stage.stuck == [1000])
        #expect(try stage.order("TERM:10s", deadline: .seconds(2)).first == .killAll)
        #expect(!stage.machine.isStuck && stage.machine.isKilling)
        #expect(stage.told.last == .killing(until: Stage.instant(7000)))
        stage.pass(5000)
        #expect(stage.stuck == [1000, 7000])
        // Since the first KILL, not since the second order.
        #expect(stage.told.last == .stuck(StuckFinding(tasks: stage.tasks, sinceKill: .seconds(7))))
        stage.end(Self.killed)
        #expect(stage.report?.elapsed == .seconds(10))
    }

    @Test func anExaminationThatComesTwiceOrLateSaysNothingNew() throws {
        var machine = StopMachine()
        _ = machine.stopRequested(.kill(deadline: .seconds(1)), at: Stage.instant(0))
        let finding = StuckFinding(tasks: [], sinceKill: .seconds(1))
        #expect(machine.examined(finding, at: Stage.instant(500)) == [.arm(Stage.instant(50))])
        #expect(machine.deadlineReached(at: Stage.instant(1000)) == [.examine])
        #expect(machine.deadlineReached(at: Stage.instant(1001)) == [.examine])
        #expect(machine.examined(finding, at: Stage.instant(1002)).first == .tell(.stuck(finding)))
        #expect(machine.examined(finding, at: Stage.instant(1003)).isEmpty)
    }

    @Test func theEndWhileItIsExaminedIsNoStuck() throws {
        var machine = StopMachine()
        _ = machine.stopRequested(.kill(deadline: .seconds(1)), at: Stage.instant(0))
        #expect(machine.deadlineReached(at: Stage.instant(1000)) == [.examine])
        _ = machine.mainReaped(Self.killed, remaining: 0, at: Stage.instant(1000))
        #expect(machine.populationObserved(false, at: Stage.instant(1000)).first == .conclude(Self.killed))
        #expect(machine.examined(StuckFinding(tasks: [], sinceKill: .zero), at: Stage.instant(1001)).isEmpty)
    }

    // MARK: Leftovers

    @Test func leftoversOfAMainProcessThatEndedByItselfAreKilled() {
        var stage = Stage(.process(50, isMain: true), .process(51))
        stage.reapMain(.code(0), remaining: 1)
        #expect(stage.kills == [0] && stage.machine.isStopping)
        stage.pass(30)
        stage.populate(false)
        #expect(stage.report?.how == .already && stage.report?.status == .code(0))
    }

    @Test func leftoversThatCannotDieAreStuck() {
        var stage = Stage(.process(50, isMain: true), .process(51))
        stage.reapMain(.code(0), remaining: 1)
        stage.pass(10_000)
        #expect(stage.stuck == [10_000])
    }

    @Test func leftoversThatWereNotAskedHaveNothingToWaitFor() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.term]), .process(51, handles: [.term]))
        try stage.order("TERM:10s", .wait)
        stage.pass(100)
        stage.reapMain(.code(0), remaining: 1)
        #expect(stage.kills == [100])
        #expect(stage.told.contains(.mainEnded(.code(0), remaining: 1)))
        stage.populate(false)
        #expect(stage.report == (try report(.code(0), .handled, "TERM:10s", 100)))
    }

    @Test func leftoversThatWereAskedKeepTheirGrace() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.term]), .process(51, handles: [.term]))
        try stage.order("TERM@all:10s", .kill)
        stage.reapMain(.code(0), remaining: 1)
        stage.pass(9999)
        #expect(stage.kills.isEmpty && stage.sent.count == 1)
        stage.pass(1)
        #expect(stage.kills == [10_000])
    }

    /// INT to the main process, then TERM to everybody: the second rung is what the leftovers are owed.
    @Test func leftoversGetTheNextRungForAll() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.int]), .process(51, handles: [.term]))
        try stage.order("INT:5s, QUIT:5s, TERM@all:3s, KILL", .wait)
        stage.pass(1000)
        stage.reapMain(.code(0), remaining: 1)
        #expect(stage.sent == [.init(0, .int, 50), .init(1000, .term, 51)])
        #expect(stage.kills.isEmpty)
        stage.pass(3000)
        #expect(stage.kills == [4000])
    }

    @Test func leftoversThatCannotBeAskedEndTheWait() throws {
        // The init of another namespace (a container within), which gets no signal that it does not handle.
        let inner = Member.process(60, isInit: true, isMain: false)
        var stage = Stage(.process(50, isMain: true, handles: [.term]), inner)
        try stage.order("TERM@all:10s", .kill)
        stage.reapMain(.code(0), remaining: 1)
        stage.pass(100)
        #expect(stage.kills.count > 0)
    }

    /// With the main process gone its rungs are no longer climbed, and an order must not be taken for sooner by them.
    @Test func skippedRungsDoNotMoveTheKillLater() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.term]), .process(51, handles: [.term]))
        try stage.order("TERM@all:5s, INT:100s, KILL", .wait)
        stage.reapMain(.code(0), remaining: 1)
        try stage.order("TERM@all:50s", .wait)
        stage.pass(5000)
        #expect(stage.kills == [5000])
    }

    @Test func anUnreapedExecHoldsTheEndBack() throws {
        var stage = Stage(Self.app, .process(9))
        stage.execs(1)
        try stage.order("KILL")
        stage.reapMain(Self.killed)
        stage.populate(false)
        #expect(stage.conclusions.isEmpty)
        stage.pass(10_000)
        #expect(stage.stuck == [10_000])
        stage.execs(0)
        #expect(stage.report?.how == .killed)
    }

    // MARK: A main process that is exiting

    /// zap_pid_ns_processes: init has left its cgroup, is not reaped, and kills the rest. Nobody is left to be graceful.
    @Test func anInitThatLeftItsMembersIsFollowedByTheKill() throws {
        var stage = Stage(Self.app, .process(2))
        try stage.order("TERM:10s")
        stage.pass(100)
        stage.members.removeFirst()
        stage.pass(400)
        let first = try #require(stage.kills.first)
        #expect((100...300).contains(first))
        stage.end(.code(0))
        #expect(stage.report == (try report(.code(0), .handled, "TERM:10s", 500)))
    }

    @Test func oneMissIsNoProof() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        let all = stage.members
        for _ in 0..<5 {
            stage.members = []
            stage.passToAlarm()
            stage.members = all
            stage.passToAlarm()
        }
        #expect(stage.kills.isEmpty)
    }

    /// It had left before the stop was asked for: with `-t -1` nothing would ever have happened.
    @Test func anInitThatWasNeverSeenIsLeaving() throws {
        var stage = Stage(.process(2, handles: [.term]))
        try stage.order("TERM:inf")
        stage.pass(100)
        #expect(stage.kills.first == 20)
        #expect(stage.sent.isEmpty)
    }

    /// It left just before the next rung began: what the looks on the rung before had seen was forgotten.
    @Test func anInitThatLeavesBetweenRungsIsNoticed() throws {
        var stage = Stage(Self.app, .process(2))
        try stage.order("TERM:1s, INT:inf")
        stage.pass(990)
        stage.members.removeFirst()
        stage.pass(200)
        #expect(stage.kills.count > 0)
    }

    /// No namespace goes down with it: its thread group may be listed in other ways, and it is not judged by that.
    @Test func aMainProcessThatIsNoInitMayBeMissed() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.term]), .process(51))
        try stage.order("TERM:10s")
        stage.members.removeFirst()
        stage.pass(9999)
        #expect(stage.kills.isEmpty)
    }

    // MARK: What did it

    @Test func itEndedBeforeTheFirstSignal() throws {
        var machine = StopMachine()
        let order = StopOrder(ladder: try Ladder(parsing: "TERM:10s"), unhandled: .wait)
        #expect(machine.stopRequested(order, at: Stage.instant(0)) == [.thaw, .look])
        _ = machine.populationObserved(false, at: Stage.instant(1))
        let actions = machine.mainReaped(.code(0), remaining: 0, at: Stage.instant(1))
        #expect(actions.last == .tell(.ended(try report(.code(0), .already, nil, 1))))
    }

    /// The rung before had been handled: this one's silence does not make it "already".
    @Test func aRungWithoutASignalDoesNotHideTheOneBefore() throws {
        for unhandled in Unhandled.allCases {
            var stage = Stage(.process(1, isInit: true, handles: [.int]))
            try stage.order("INT:5s, QUIT:5s, KILL", unhandled)
            stage.pass(5001)
            stage.end(.code(7))
            #expect(stage.report == (try report(.code(7), .handled, "INT:5s", 5001)))
        }
    }

    @Test func aCodeDuringTheKillWasTheProgramsOwn() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:1s")
        stage.pass(1000)
        stage.end(.code(0))
        #expect(stage.report == (try report(.code(0), .handled, "TERM:1s", 1000)))
    }

    /// It was dumping core from QUIT when the next rung began.
    @Test func aSlowCoreDumpIsTheDefaultActionOfItsOwnRung() throws {
        var stage = Stage(.process(50, isMain: true))
        try stage.order("QUIT:1s, TERM:5s")
        stage.pass(2000)
        stage.end(.signal(.quit, coreDumped: true))
        #expect(stage.report == (try report(.signal(.quit, coreDumped: true), .defaultAction, "QUIT:1s", 2000)))
    }

    /// The OOM killer was quicker; the program did not react to our signal.
    @Test func somebodyElsesKillIsNotCalledHandled() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.pass(1000)
        stage.end(Self.killed)
        #expect(stage.report == (try report(Self.killed, .killed, nil, 1000)))
    }

    @Test func whatWasNotObservedStaysUnobserved() throws {
        var stage = Stage(Self.app)
        try stage.order("KILL")
        stage.end(.unobserved(.reapedElsewhere))
        #expect(stage.report?.status == .unobserved(.reapedElsewhere))
    }
}

import Testing

@testable import Lifecycle

/// Who is asked to end, and how long is waited.
@Suite(.timeLimit(.minutes(1))) struct StopGraceTests {
    static let killed = ExitStatus.signal(.kill, coreDumped: false)
    static let shell = Member.process(1, isInit: true)
    static let app = Member.process(1, isInit: true, handles: [.term])

    @Test func aHandledSignalEndsIt() throws {
        var stage = Stage(Self.app, .process(2))
        try stage.order("TERM:10s")
        #expect(stage.sent == [.init(0, .term, 1)])
        #expect(stage.thaws == [0])
        stage.pass(300)
        stage.end(.code(0))
        #expect(stage.report == (try report(.code(0), .handled, "TERM:10s", 300)))
        #expect(stage.kills.isEmpty)
        #expect(
            stage.told.prefix(2) == [
                .signalled(.term, pids: [1], rung: 0), .waiting(rung: 0, until: Stage.instant(10_000)),
            ])
    }

    @Test func theGraceIsKeptAndThenKillComes() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s", .kill)
        stage.pass(9999)
        #expect(stage.kills.isEmpty)
        stage.pass(1)
        #expect(stage.kills == [10_000])
        #expect(stage.sent.count == 1)
        stage.end(Self.killed)
        #expect(stage.report == (try report(Self.killed, .killed, nil, 10_000)))
    }

    @Test func unhandledKillGoesOnAtOnce() throws {
        var stage = Stage(Self.shell, .process(2))
        try stage.order("TERM:10s", .kill)
        #expect(stage.kills == [0])
        #expect(stage.sent.isEmpty)
        #expect(stage.unhandled == [.unhandled(.term, .kill)])
        stage.end(Self.killed)
        #expect(stage.report?.how == .killed)
    }

    @Test func unhandledWaitKeepsTheGrace() throws {
        var stage = Stage(Self.shell)
        try stage.order("TERM:10s", .wait)
        stage.pass(9999)
        #expect(stage.kills.isEmpty)
        #expect(stage.sent.isEmpty)
        #expect(stage.unhandled == [.unhandled(.term, .wait)])
        stage.pass(1)
        #expect(stage.kills == [10_000])
    }

    @Test func aHandlerThatAppearsGetsTheSignalThenAndOnce() throws {
        var stage = Stage(Self.shell)
        try stage.order("TERM:10s", .wait)
        stage.pass(450)
        stage.members = [Self.app]
        stage.pass(5000)
        #expect(stage.sent.count == 1)
        let sent = try #require(stage.sent.first)
        #expect(sent.pids == [1] && (450...550).contains(sent.at))
        stage.end(.code(3))
        #expect(stage.report == (try report(.code(3), .handled, "TERM:10s", 5450)))
    }

    /// `sh -c app`: the shell is PID 1 and gets nothing, its child handles the signal.
    @Test func shellFormAsksOnlyTheChildrenThatHandleIt() throws {
        var stage = Stage(Self.shell, .process(2, handles: [.term]), .process(3), .process(4, blocks: [.term]))
        try stage.order("TERM:10s", .kill)
        #expect(stage.sent == [.init(0, .term, 2, 4)])
        #expect(stage.kills.isEmpty)
        stage.pass(200)
        stage.end(.code(143))
        #expect(stage.report == (try report(.code(143), .handled, "TERM:10s", 200)))
    }

    @Test func aChildThatAppearsIsAskedTooAndNobodyTwice() throws {
        var stage = Stage(Self.shell, .process(2, handles: [.term]))
        try stage.order("TERM:10s", .kill)
        stage.members.append(.process(3, handles: [.term]))
        stage.pass(2000)
        #expect(stage.sent.map(\.pids) == [[2], [3]])
        // The shell installs its trap late.
        stage.members[0] = Self.app
        stage.pass(2000)
        #expect(stage.sent.map(\.pids) == [[2], [3], [1]])
    }

    @Test(arguments: Scope.allCases, Unhandled.allCases)
    func ignoringOnPurposeKeepsTheGrace(scope: Scope, unhandled: Unhandled) throws {
        var stage = Stage(.process(1, isInit: true, ignores: [.term]))
        try stage.order("TERM@\(scope):3s", unhandled)
        stage.pass(2999)
        #expect(stage.kills.isEmpty && stage.sent.isEmpty && stage.unhandled.isEmpty)
        stage.pass(1)
        #expect(stage.kills == [3000])
    }

    @Test(arguments: Scope.allCases)
    func blockedCountsAsHandled(scope: Scope) throws {
        var stage = Stage(.process(1, isInit: true, blocks: [.term]))
        try stage.order("TERM@\(scope):3s", .kill)
        #expect(stage.sent == [.init(0, .term, 1)])
        #expect(stage.kills.isEmpty)
    }

    @Test func scopeInitAsksTheMainProcessAlone() throws {
        var stage = Stage(Self.app, .process(2, handles: [.term]), .process(3))
        try stage.order("TERM@init:3s")
        #expect(stage.sent == [.init(0, .term, 1)])
        // Its children would handle it, but the order is to ask nobody else.
        stage = Stage(Self.shell, .process(2, handles: [.term]))
        try stage.order("TERM@init:3s", .kill)
        #expect(stage.sent.isEmpty && stage.kills == [0])
    }

    @Test func scopeAllAsksWhoCanReceive() throws {
        var stage = Stage(Self.shell, .process(2, handles: [.term]), .process(3), .process(4, ignores: [.term]))
        try stage.order("TERM@all:3s", .kill)
        #expect(stage.sent == [.init(0, .term, 2, 3)])
        #expect(stage.kills.isEmpty)
        stage.pass(3000)
        #expect(stage.kills == [3000] && stage.sent.count == 1)
    }

    /// With the host's or another's PID namespace the main process is no init: the default action is taken.
    @Test(arguments: Scope.allCases)
    func theDefaultActionEndsAMainProcessThatIsNoInit(scope: Scope) throws {
        var stage = Stage(.process(50, isMain: true))
        try stage.order("TERM@\(scope):10s", .kill)
        #expect(stage.sent == [.init(0, .term, 50)])
        stage.end(.signal(.term, coreDumped: false))
        #expect(stage.report == (try report(.signal(.term, coreDumped: false), .defaultAction, "TERM@\(scope):10s", 0)))
    }

    /// A well-behaved program cleans up, and then ends itself by the signal it was sent.
    @Test func aHandlerThatRaisesTheSignalAgainHasHandledIt() throws {
        var stage = Stage(.process(50, isMain: true, handles: [.term]))
        try stage.order("TERM:10s")
        stage.end(.signal(.term, coreDumped: false))
        #expect(stage.report?.how == .handled)
    }

    /// httpd's stop signal is WINCH: where nobody handles it, its default action is nothing, and waiting is in vain.
    @Test func aSignalWhoseDefaultIsNothingIsUnhandled() throws {
        var stage = Stage(.process(50, isMain: true))
        try stage.order("WINCH:10s", .kill)
        #expect(stage.sent.isEmpty && stage.kills == [0])
    }

    @Test func severalRungsAreClimbedInOrder() throws {
        var stage = Stage(.process(1, isInit: true, handles: [.int, .term]), .process(2, handles: [.term]))
        try stage.order("INT:5s, TERM@all:2s, QUIT:1s, KILL", .wait)
        stage.pass(20_000)
        #expect(stage.sent == [.init(0, .int, 1), .init(5000, .term, 1, 2)])
        #expect(stage.kills.first == 8000)
        let rungs = stage.told.compactMap { if case .waiting(let rung, _) = $0 { rung } else { nil } }
        #expect(rungs == [0, 1, 2])
    }

    @Test func aLadderThatRepeatsASignalSendsItAgain() throws {
        var stage = Stage(.process(1, isInit: true, handles: [.int]))
        try stage.order("INT:5s, INT:5s, KILL", .kill)
        stage.pass(10_000)
        #expect(stage.sent == [.init(0, .int, 1), .init(5000, .int, 1)])
        #expect(stage.kills == [10_000])
    }

    @Test func rungsThatNobodyHandlesAreSkipped() throws {
        var stage = Stage(.process(1, isInit: true, handles: [.quit]))
        try stage.order("INT:5s, TERM:5s, QUIT:5s, KILL", .kill)
        #expect(stage.sent == [.init(0, .quit, 1)])
        #expect(stage.unhandled == [.unhandled(.int, .kill), .unhandled(.term, .kill)])
        stage.pass(5000)
        #expect(stage.kills == [5000])
    }

    /// INT is being handled, slowly; that nobody handles TERM is no reason to cut that short.
    @Test func aProcessStillHandlingAnEarlierRungKeepsTheGraceOfTheNext() throws {
        var stage = Stage(.process(1, isInit: true, handles: [.int]))
        try stage.order("INT:5s, TERM:5s, KILL", .kill)
        stage.pass(9000)
        #expect(stage.kills.isEmpty)
        stage.end(.code(0))
        #expect(stage.report == (try report(.code(0), .handled, "INT:5s", 9000)))
    }

    @Test func killFirstAsksNobody() throws {
        for ladder in ["KILL", "9"] {
            var stage = Stage(Self.app)
            let actions = try stage.order(ladder)
            #expect(actions.contains(.killAll))
            #expect(stage.kills == [0] && stage.sent.isEmpty)
            stage.end(Self.killed)
            #expect(stage.report == (try report(Self.killed, .killed, nil, 0)))
        }
    }

    /// `stop -t 0`.
    @Test func noGraceIsASignalAndKillAtOnce() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:0")
        stage.pass(0)
        #expect(stage.sent == [.init(0, .term, 1)] && stage.kills == [0])
    }

    @Test func aNegativeGraceFromTheWireIsNoGrace() throws {
        var machine = StopMachine()
        let rung = Rung(signal: .term, grace: .bounded(.seconds(-5)))
        let order = StopOrder(ladder: Ladder(rungs: [rung]), unhandled: .wait, killDeadline: .seconds(-1))
        #expect(machine.stopRequested(order, at: Stage.instant(0)) == [.thaw, .look])
        _ = machine.observed([Self.app], at: Stage.instant(0))
        #expect(machine.deadlineReached(at: Stage.instant(0)).contains(.killAll))
        #expect(machine.deadlineReached(at: Stage.instant(0)) == [.examine])
    }

    /// `stop -t -1`.
    @Test func anUnboundedGraceNeverKills() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:inf", .kill)
        stage.pass(100_000)
        #expect(stage.kills.isEmpty && stage.sent.count == 1 && stage.alarm != nil)
        #expect(stage.told.contains(.waiting(rung: 0, until: nil)))
        stage.end(.code(0))
        #expect(stage.report?.how == .handled)
    }

    @Test func anUnboundedGraceForNobodyIsCutWhereUnhandledSaysKill() throws {
        var stage = Stage(Self.shell)
        try stage.order("TERM:inf", .kill)
        #expect(stage.kills == [0])
    }

    /// KILL to init alone is a rung of its own: the kernel ends the namespace, and the grace lets it.
    @Test func aKillRungIsReportedAsKilled() throws {
        var stage = Stage(Self.app, .process(2))
        try stage.order("KILL@init:5s, KILL", .kill)
        #expect(stage.sent == [.init(0, .kill, 1)])
        stage.end(Self.killed)
        #expect(stage.report == (try report(Self.killed, .killed, "KILL@init:5s", 0)))
    }

    @Test func itLooksOftenAtFirstAndSeldomLater() throws {
        var stage = Stage(Self.shell)
        try stage.order("TERM:10s", .wait)
        stage.pass(1000)
        let looks = stage.history.filter { $0.action == .look }.map(\.at)
        #expect(looks.prefix(5) == [0, 20, 60, 140, 240])
        #expect(looks.count <= 15)
    }
}

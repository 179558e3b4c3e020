import Testing

@testable import Lifecycle

/// Orders that come while a stop goes on: they join it, and may only sharpen it.
@Suite(.timeLimit(.minutes(1))) struct StopJoiningTests {
    static let app = Member.process(1, isInit: true, handles: [.term, .int])

    @Test func aShorterGraceIsTaken() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.pass(1000)
        try stage.order("TERM:2s")
        stage.pass(1999)
        #expect(stage.kills.isEmpty)
        stage.pass(1)
        #expect(stage.kills == [3000])
        #expect(stage.sent == [.init(0, .term, 1)])
        #expect(stage.told.contains(.waiting(rung: 0, until: Stage.instant(3000))))
    }

    @Test func theReportNamesTheRungThatWasSharpened() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        try stage.order("TERM:2s")
        stage.pass(500)
        stage.end(.code(0))
        #expect(stage.report == (try report(.code(0), .handled, "TERM:2s", 500)))
    }

    @Test(arguments: ["TERM:10s", "TERM:1h", "TERM:inf", "INT:20s"])
    func aLongerGraceJoinsWithoutEffect(ladder: String) throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.pass(1000)
        let actions = try stage.order(ladder)
        #expect(actions.contains(.tell(.waiting(rung: 0, until: Stage.instant(10_000)))))
        stage.pass(9000)
        #expect(stage.kills == [10_000])
        #expect(stage.sent == [.init(0, .term, 1)])
    }

    @Test func aHarderSignalWithLessGraceIsSent() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.pass(1000)
        try stage.order("INT:1s")
        #expect(stage.sent == [.init(0, .term, 1), .init(1000, .int, 1)])
        stage.pass(1000)
        #expect(stage.kills == [2000])
    }

    @Test func aBoundReplacesAnUnboundedGrace() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:inf")
        stage.pass(5000)
        try stage.order("TERM:1s")
        stage.pass(1000)
        #expect(stage.kills == [6000])
        #expect(stage.sent.count == 1)
    }

    @Test func killOvertakesAtOnce() throws {
        for ladder in ["TERM:10s", "TERM:inf", "INT:1s, TERM:10s"] {
            var stage = Stage(Self.app)
            try stage.order(ladder)
            stage.pass(100)
            #expect(try stage.order("KILL").contains(.killAll))
            #expect(stage.kills == [100])
        }
    }

    /// The grace is over, its alarm has not come yet: the kill order was not "sooner" than it, and was left to the alarm.
    @Test func killAtTheVeryEndOfTheGraceKillsToo() throws {
        var machine = StopMachine()
        let order = StopOrder(ladder: try Ladder(parsing: "TERM:0s"), unhandled: .wait)
        _ = machine.stopRequested(order, at: Stage.instant(0))
        _ = machine.observed([Self.app], at: Stage.instant(0))
        #expect(machine.stopRequested(.kill(), at: Stage.instant(0)).first == .killAll)
    }

    @Test func aKillOrderDuringTheKillKillsAgainAtOnce() throws {
        var stage = Stage(Self.app)
        try stage.order("KILL")
        stage.pass(20)
        #expect(try stage.order("KILL").first == .killAll)
        #expect(stage.kills == [0, 20])
    }

    @Test func theSameSignalIsNotSentTwiceThoughTheScopeDiffers() throws {
        var stage = Stage(Self.app, .process(2))
        try stage.order("TERM:10s")
        try stage.order("TERM@all:5s")
        #expect(stage.sent == [.init(0, .term, 1), .init(0, .term, 2)])
        stage.pass(5000)
        #expect(stage.kills == [5000])
    }

    /// TERM, INT, and TERM again by a third order, which only shortens the wait.
    @Test func aSignalOfAnEarlierOrderIsNotSentAgain() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        try stage.order("INT:8s")
        try stage.order("TERM:6s")
        #expect(stage.sent == [.init(0, .term, 1), .init(0, .int, 1)])
        stage.pass(6000)
        #expect(stage.kills == [6000])
    }

    /// TERM is being handled: an INT that nobody handles must not cut its grace to nothing.
    @Test func anUnhandledSignalDoesNotCutShortWhatIsHandled() throws {
        var stage = Stage(.process(1, isInit: true, handles: [.term]))
        try stage.order("TERM:10s", .kill)
        stage.pass(100)
        try stage.order("INT:2s", .kill)
        #expect(stage.kills.isEmpty)
        stage.pass(2000)
        #expect(stage.kills == [2100])
    }

    @Test func unhandledKillCanBeAskedForLater() throws {
        var stage = Stage(.process(1, isInit: true))
        try stage.order("TERM:10s", .wait)
        stage.pass(1000)
        try stage.order("TERM:20s", .kill)
        #expect(stage.kills == [1000])
        #expect(stage.unhandled == [.unhandled(.term, .wait), .unhandled(.term, .kill)])
    }

    @Test func unhandledWaitDoesNotSoften() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s", .kill)
        try stage.order("TERM:5s", .wait)
        #expect(stage.machine.job?.order.unhandled == .kill)
    }

    @Test func theShorterKillDeadlineCounts() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s", deadline: .seconds(20))
        try stage.order("TERM:20s", deadline: .seconds(2))
        stage.pass(10_000 + 2000)
        #expect(stage.stuck == [12_000])
    }

    @Test func aStopDuringTheKillMayOnlyBringTheVerdictForward() throws {
        var stage = Stage(Self.app)
        try stage.order("KILL", deadline: .seconds(10))
        stage.pass(1000)
        try stage.order("TERM:1h", deadline: .seconds(60))
        try stage.order("KILL", deadline: .seconds(3))
        stage.pass(5000)
        #expect(stage.stuck == [4000])
    }

    @Test func elapsedCountsFromTheFirstOrder() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        stage.pass(1000)
        try stage.order("KILL")
        stage.pass(10)
        stage.end(.signal(.kill, coreDumped: false))
        #expect(stage.report?.elapsed == .milliseconds(1010))
    }

    @Test func onlyTheFirstOrderThaws() throws {
        var stage = Stage(Self.app)
        try stage.order("TERM:10s")
        try stage.order("TERM:5s")
        try stage.order("KILL")
        #expect(stage.thaws.count == 1)
    }

    @Test func ordersAfterTheEndDoNothing() throws {
        var stage = Stage(Self.app)
        stage.end(.code(0))
        #expect(try stage.order("KILL").isEmpty)
        #expect(try stage.order("TERM:1s").isEmpty)
        #expect(stage.reports.isEmpty && stage.conclusions == [.code(0)])
    }
}

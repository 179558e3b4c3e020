import TestKit
import Testing

@testable import Lifecycle

@Suite(.timeLimit(.minutes(1))) struct LadderTests {
    static let term10 = Rung(signal: .term, grace: .bounded(.seconds(10)))
    static let full = [
        Rung(signal: .int, grace: .bounded(.seconds(5))),
        Rung(signal: .term, scope: .all, grace: .bounded(.milliseconds(500))),
    ]

    @Test(arguments: [
        ("TERM:10s, KILL", [term10]), ("TERM:10s", [term10]), ("TERM", [term10]), ("15:10", [term10]),
        ("\t sigterm @ auto : 10s\t,KILL ", [term10]), ("TERM:10s,KILL@all:3s", [term10]),
        ("INT:5s, TERM@all:500ms, KILL", full),
        ("KILL", []), ("9", []), ("KILL:10s", []),
        ("TERM@init:inf", [Rung(signal: .term, scope: .initial, grace: .unbounded)]),
        ("TERM:-1", [Rung(signal: .term, grace: .unbounded)]),
        ("RTMIN+3:0", [Rung(signal: Signal(number: 37) ?? .kill, grace: .bounded(.zero))]),
        ("KILL@init:5s, KILL", [Rung(signal: .kill, scope: .initial, grace: .bounded(.seconds(5)))]),
    ])
    func parses(text: String, rungs: [Rung]) throws {
        let ladder = try Ladder(parsing: text)
        #expect(ladder.rungs == rungs)
        #expect(try Ladder(parsing: ladder.description) == ladder)
    }

    @Test(arguments: [
        ("", "an empty rung"), (",", "an empty rung"), ("TERM:10s,", "an empty rung"),
        ("TERM:10s,,KILL", "an empty rung"),
        ("  ", "an empty rung"), ("KILL, TERM:1s", "KILL must be the last rung"),
        ("TERM:1s, 9:1s, KILL", "KILL must be the last rung"),
        ("TERM@some:1s", "unknown scope \"some\" (init, all or auto)"),
        ("TERM@:1s", "unknown scope \"\" (init, all or auto)"),
        ("TERM@ALL:1s", "unknown scope \"ALL\" (init, all or auto)"),
        ("TERM:", "wait \"\" is no duration (10s, 500ms, 2m, inf)"),
        ("TERM:-5s", "wait \"-5s\" is no duration (10s, 500ms, 2m, inf)"),
        ("TERM:1s:2s", "wait \"1s:2s\" is no duration (10s, 500ms, 2m, inf)"),
        ("TERM:11y", "wait \"11y\" is no duration (10s, 500ms, 2m, inf)"),
        ("KILL:soon", "wait \"soon\" is no duration (10s, 500ms, 2m, inf)"),
        ("NOPE:1s", SignalError(text: "NOPE").description), ("0:1s", SignalError(text: "0").description),
        ("SIG42", SignalError(text: "SIG42").description), (":1s", SignalError(text: "").description),
        ("@all", SignalError(text: "").description),
        ("TERM:1s; KILL", "wait \"1s; KILL\" is no duration (10s, 500ms, 2m, inf)"),
    ])
    func refuses(text: String, fault: String) {
        #expect(throws: LadderError(text: text, fault: fault)) { try Ladder(parsing: text) }
    }

    @Test func theErrorShowsTextFaultAndExample() {
        let error = LadderError(text: "x", fault: "y")
        #expect(error.description.hasPrefix("invalid stop ladder \"x\": y; expected rungs such as"))
    }

    /// The text of sixteen rungs has seventeen parts, the closing KILL being one: it could not be read back.
    @Test func theLongestLadderIsReadBack() throws {
        let ladder = Ladder(rungs: Array(repeating: Self.term10, count: Ladder.limit))
        #expect(try Ladder(parsing: ladder.description) == ladder)
    }

    @Test(arguments: [17, 18, 100_000])
    func tooManyRungsAreRefused(count: Int) {
        let text = Array(repeating: "TERM:1s", count: count).joined(separator: ",")
        #expect(throws: LadderError(text: text, fault: "more than 16 rungs")) { try Ladder(parsing: text) }
    }

    @Test func aRungWithoutAWaitTakesTheDefault() throws {
        let ladder = try Ladder(parsing: "TERM, INT:1s", defaultGrace: .seconds(3))
        #expect(ladder.rungs.map(\.grace) == [.bounded(.seconds(3)), .bounded(.seconds(1))])
    }

    @Test func theLadderOfDocker() {
        #expect(Ladder(stopSignal: .term, grace: .bounded(.seconds(10))).rungs == [Self.term10])
        #expect(Ladder(stopSignal: .kill, grace: .unbounded) == .kill)
        #expect(StopOrder.kill().isKill)
        #expect(!StopOrder(ladder: Ladder(rungs: [Self.term10]), unhandled: .wait).isKill)
    }

    @Test func theTotalOfTheGraces() {
        #expect(Ladder(rungs: Self.full).totalGrace == .milliseconds(5500))
        #expect(Ladder.kill.totalGrace == .zero)
        #expect(Ladder(rungs: Self.full + [Rung(signal: .quit, grace: .unbounded)]).totalGrace == nil)
    }

    @Test func namesOfScopesAndOfUnhandled() {
        for scope in Scope.allCases { #expect(Scope(name: scope.description) == scope) }
        for unhandled in Unhandled.allCases { #expect(Unhandled(name: unhandled.description) == unhandled) }
        #expect(Scope.initial.description == "init")
        #expect(Scope(name: "initial") == nil)
        #expect(Unhandled(name: "") == nil)
    }

    @Test func printedLaddersAreReadBack() throws {
        var random = Seed.generator(for: "ladders")
        for _ in 0..<200 {
            let ladder = Ladder(
                rungs: (0..<Int.random(in: 0...16, using: &random)).map { _ in Rung.random(using: &random) })
            #expect(try Ladder(parsing: ladder.description) == ladder)
        }
    }

    @Test func randomTextsNeverTrap() {
        var random = Seed.generator(for: "ladder texts")
        let alphabet = Array("TERMKILNabc0159:@,.-+ \t\u{301}µinfsmh🛑\n\0")
        for _ in 0..<3000 {
            let length = Int.random(in: 0...24, using: &random)
            let text = String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
            do throws(LadderError) {
                let ladder = try Ladder(parsing: text)
                #expect(throws: Never.self) { try Ladder(parsing: ladder.description) }
            } catch {
                #expect(error.text == text)
            }
        }
    }
}

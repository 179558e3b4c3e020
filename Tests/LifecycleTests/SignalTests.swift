import Testing

@testable import Lifecycle

@Suite(.timeLimit(.minutes(1))) struct SignalTests {
    @Test(arguments: [
        ("TERM", 15), ("SIGTERM", 15), ("sigterm", 15), ("Term", 15), ("15", 15), ("015", 15), ("HUP", 1), ("KILL", 9),
        ("SIGKILL", 9), ("9", 9), ("SYS", 31), ("UNUSED", 31), ("IOT", 6), ("ABRT", 6), ("CLD", 17), ("POLL", 29),
        ("IO", 29),
        ("WINCH", 28), ("STKFLT", 16), ("RTMIN", 34), ("SIGRTMIN", 34), ("RTMIN+0", 34), ("RTMIN+3", 37),
        ("sigrtmin+15", 49), ("RTMIN+30", 64), ("RTMAX", 64), ("RTMAX-0", 64), ("SIGRTMAX-2", 62), ("RTMAX-30", 34),
        ("32", 32), ("33", 33), ("34", 34), ("64", 64),
    ])
    func parses(text: String, number: Int32) throws {
        #expect(try Signal(parsing: text).number == number)
    }

    @Test(arguments: [
        "", "0", "00", "65", "-1", "+15", "15.0", "0x0f", "99999999999", "4294967311", "18446744073709551631", "NOPE",
        "SIG",
        "SIG42", "SIG15", "SIGSIGTERM", "TERM ", " TERM", "TERM\n", "TERM\0", "RTMIN+", "RTMIN+31", "RTMIN-1",
        "RTMAX-31",
        "RTMAX+1", "RTMAX-", "RTMIN+-1", "RTMINX", "EXIT", "SIGRT34", "ＴＥＲＭ", "ſIGTERM", "ıNT", "TE\u{301}RM", "٩", "９",
        "🛑", "SIGTERM,SIGKILL",
    ])
    func refuses(text: String) {
        #expect(throws: SignalError(text: text)) { try Signal(parsing: text) }
    }

    @Test func aLongTextIsRefusedQuickly() {
        let text = String(repeating: "9", count: 1_000_000)
        #expect(throws: SignalError.self) { try Signal(parsing: text) }
    }

    @Test(arguments: 1...64 as ClosedRange<Int32>)
    func roundTrips(number: Int32) throws {
        let signal = try #require(Signal(number: number))
        #expect(try Signal(parsing: signal.description) == signal)
        #expect(try Signal(parsing: signal.shortName) == signal)
        #expect(try Signal(parsing: signal.shortName.lowercased()) == signal)
        #expect(try Signal(parsing: "\(number)") == signal)
    }

    @Test(arguments: [Int32.min, -1, 0, 65, 128, Int32.max])
    func numbersOutsideAreNoSignals(number: Int32) {
        #expect(Signal(number: number) == nil)
    }

    @Test func namesAreThoseOfTheManual() throws {
        #expect(Signal.term.description == "SIGTERM")
        #expect(Signal.kill.shortName == "KILL")
        #expect(Signal(number: 37)?.description == "SIGRTMIN+3")
        #expect(Signal(number: 62)?.description == "SIGRTMAX-2")
        #expect(Signal(number: 32)?.description == "32")
        let all = (1...64).compactMap { Signal(number: $0) }
        #expect(Set(all.map(\.description)).count == 64)
        #expect(all == all.sorted())
    }

    @Test func theErrorSaysWhatIsExpected() {
        #expect(
            SignalError(text: "NOPE").description
                == "invalid signal \"NOPE\": expected a name such as TERM, SIGTERM or RTMIN+3, or a number from 1 to 64"
        )
    }

    @Test func defaultActions() throws {
        let ignored: [Signal] = [.chld, .urg, .winch]
        let stopping: [Signal] = [.stop, .tstp, .ttin, .ttou]
        for number in 1...64 as ClosedRange<Int32> {
            let signal = try #require(Signal(number: number))
            let expected: DefaultAction =
                if ignored.contains(signal) { .ignore } else if stopping.contains(signal) {
                    .stop
                } else if signal == .cont {
                    .resume
                } else { .terminate }
            #expect(signal.defaultAction == expected)
        }
    }
}

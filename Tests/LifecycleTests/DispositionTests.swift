import Lifecycle
import Testing

@Suite(.timeLimit(.minutes(1))) struct DispositionTests {
    /// Bits as `/proc/PID/status` shows them: the lowest is signal 1.
    @Test func masksAreReadBitByBit() throws {
        for number in 1...64 as ClosedRange<Int32> {
            let signal = try #require(Signal(number: number))
            let bit = UInt64(1) << UInt64(number - 1)
            #expect(SignalMasks(caught: bit, blocked: 0, ignored: 0).disposition(of: signal) == .handled)
            #expect(SignalMasks(caught: 0, blocked: bit, ignored: 0).disposition(of: signal) == .blocked)
            #expect(SignalMasks(caught: 0, blocked: 0, ignored: bit).disposition(of: signal) == .ignored)
            #expect(SignalMasks(caught: ~bit, blocked: ~bit, ignored: ~bit).disposition(of: signal) == .byDefault)
        }
    }

    @Test func aHandlerCountsBeforeABlock() {
        #expect(SignalMasks(caught: 0x4000, blocked: 0x4000, ignored: 0).disposition(of: .term) == .handled)
    }

    /// The kernel discards an ignored signal only when it is not blocked (sig_ignored): a signalfd reader gets it.
    @Test func aBlockedSignalStaysPendingThoughItIsIgnored() {
        #expect(SignalMasks(caught: 0, blocked: 0x4000, ignored: 0x4000).disposition(of: .term) == .blocked)
    }

    @Test func whoReacts() {
        #expect(Disposition.allCases.filter(\.reacts) == [.handled, .blocked])
    }

    @Test(arguments: [
        (Member.process(1, isInit: true), Signal.term, false),
        (.process(1, isInit: true, handles: [.term]), .term, true),
        (.process(1, isInit: true, blocks: [.term]), .term, true),
        (.process(1, isInit: true, ignores: [.term]), .term, false),
        (.process(2), .term, true), (.process(2, ignores: [.term]), .term, false),
        (.process(1, isInit: true), .kill, true),
        (.process(1, isInit: true), .stop, true), (.process(1, isInit: true, handles: [.term]), .int, false),
    ])
    func whoReceives(member: Member, signal: Signal, receives: Bool) {
        #expect(member.canReceive(signal) == receives)
    }

    /// WINCH (the stop signal of httpd's image) neither ends nor is noticed by a process without a handler for it.
    @Test(arguments: [Signal.winch, .chld, .urg, .cont, .tstp])
    func aDefaultActionThatDoesNotEndIsNotReceived(signal: Signal) {
        #expect(!Member.process(2).canReceive(signal))
        #expect(Member.process(2, handles: [signal]).canReceive(signal))
    }
}

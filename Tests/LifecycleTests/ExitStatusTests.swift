import Testing

@testable import Lifecycle

@Suite(.timeLimit(.minutes(1))) struct ExitStatusTests {
    @Test func shellCodes() {
        for code in UInt8.min...UInt8.max { #expect(ExitStatus.code(code).shellCode == Int32(code)) }
        #expect(ExitStatus.signal(.kill, coreDumped: false).shellCode == 137)
        #expect(ExitStatus.signal(.term, coreDumped: true).shellCode == 143)
        #expect(ExitStatus.signal(Signal(number: 64) ?? .hup, coreDumped: false).shellCode == 192)
    }

    @Test(arguments: UnobservedReason.allCases)
    func whatWasNotObservedHasNoNumber(reason: UnobservedReason) {
        let status = ExitStatus.unobserved(reason)
        #expect(status.shellCode == nil)
        #expect(!status.isSuccess)
        #expect(status.description == "exited, status unknown: \(reason)")
    }

    @Test func successIsZeroAlone() {
        #expect(ExitStatus.code(0).isSuccess)
        #expect(!ExitStatus.code(1).isSuccess)
        #expect(!ExitStatus.signal(.hup, coreDumped: false).isSuccess)
    }

    @Test func descriptions() {
        #expect(ExitStatus.code(3).description == "exited 3")
        #expect(ExitStatus.signal(.segv, coreDumped: true).description == "ended by SIGSEGV (core dumped)")
        #expect(ExitStatus.signal(.kill, coreDumped: false).description == "ended by SIGKILL")
    }

    @Test func aConclusionNeedsEveryPieceOfEvidence() {
        for bits in 0..<8 {
            var evidence = Evidence()
            if bits & 1 != 0 { evidence.mainStatus = .code(7) }
            if bits & 2 != 0 { evidence.isPopulated = false }
            if bits & 4 == 0 { evidence.unreapedExecs = 1 }
            #expect(evidence.conclusion == (bits == 7 ? .code(7) : nil))
        }
    }
}

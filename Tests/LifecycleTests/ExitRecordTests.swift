import Lifecycle
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExitRecordTests {
    static let records: [ExitRecord] =
        [
            ExitRecord(status: .code(0), finishedAt: 0), ExitRecord(status: .code(255), finishedAt: .max),
            ExitRecord(
                status: .signal(.kill, coreDumped: false), finishedAt: 1_700_000_000_123_456_789, oomKilled: true),
            ExitRecord(status: .signal(.segv, coreDumped: true), finishedAt: -1, lostLogBytes: .max),
        ] + UnobservedReason.allCases.map { ExitRecord(status: .unobserved($0), finishedAt: .min) }

    @Test(arguments: records)
    func roundTrips(record: ExitRecord) {
        #expect(ExitRecord(text: record.text) == record)
    }

    @Test func theTextIsStable() {
        #expect(
            Self.records[2].text == """
                quell-exit 1
                status signal 9 nocore
                finished 1700000000123456789
                oom 1
                lost-log-bytes 0
                end

                """)
    }

    @Test(arguments: records)
    func aTornRecordIsNone(record: ExitRecord) {
        for length in 0..<record.text.utf8.count {
            #expect(ExitRecord(text: String(decoding: record.text.utf8.prefix(length), as: UTF8.self)) == nil)
        }
        #expect(ExitRecord(text: record.text + "x") == nil)
        #expect(ExitRecord(text: record.text + "\n") == nil)
        #expect(ExitRecord(text: record.text + record.text) == nil)
    }

    /// Whatever byte is damaged, what is read is no record or one that is written in just this way.
    @Test func aDamagedRecordIsNoneOrItself() {
        let bytes = Array(Self.records[2].text.utf8)
        for index in bytes.indices {
            for byte in [0, 9, 10, 13, 32, 43, 45, 48, 57, 65, 127, 0x80, 0xff] as [UInt8] {
                var damaged = bytes
                damaged[index] = byte
                let text = String(decoding: damaged, as: UTF8.self)
                if let record = ExitRecord(text: text) { #expect(record.text == text) }
            }
        }
    }

    @Test(arguments: [
        "", "\n", "end\n", "quell-exit 2\nstatus code 0\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\r\nstatus code 0\r\nfinished 1\r\noom 0\r\nlost-log-bytes 0\r\nend\r\n",
        "quell-exit 1\nstatus code 256\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code -1\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code 007\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code +7\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code  7\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code 7 \nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus signal 0 nocore\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus signal 65 core\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus signal 9 maybe\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus unobserved 0\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus unobserved 99\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus \nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code 0\nfinished 9223372036854775808\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code 0\nfinished 1\noom 2\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus code 0\nfinished 1\noom 0\nlost-log-bytes -1\nend\n",
        "quell-exit 1\nfinished 1\nstatus code 0\noom 0\nlost-log-bytes 0\nend\n",
        "quell-exit 1\nstatus \u{301}code 0\nfinished 1\noom 0\nlost-log-bytes 0\nend\n",
    ])
    func hostileTextsAreNone(text: String) {
        #expect(ExitRecord(text: text) == nil)
    }
}

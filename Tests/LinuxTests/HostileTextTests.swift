import Linux
import Testing

/// Whatever bytes come, the parsers answer nil or a value: they never trap.
@Suite struct HostileTextTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    @Test func randomAndDamagedBytes() {
        let seed = UInt64.random(in: 1...UInt64.max)
        print("HostileTextTests seed \(seed)")
        var random = Generator(state: seed)
        let samples = [
            Array(ProcessStatusTests.recorded.utf8), ProcessStatTests.line(name: "a) (b"),
            Array("36 35 98:7 /a\\040b /mnt rw shared:1 - ext3 /dev/root rw,cpu,name=x\n".utf8),
            Array("4:memory,cpu:/a\n0::/b (deleted)\n".utf8),
        ]
        for _ in 0..<3000 {
            var bytes = samples[Int(random.next() % UInt64(samples.count))]
            for _ in 0..<Int(random.next() % 8) {
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + 7))
                case 2: bytes.insert(contentsOf: [58, 45, 32, 40, 41, 92, 10].shuffled(using: &random), at: at)
                default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: at)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            _ = ProcessStatus(parsing: bytes)
            _ = ProcessStat(parsing: bytes)
            _ = CgroupHost(mountinfo: MountInfo.parse(bytes))
            _ = CgroupMembership.parse(bytes)
        }
    }
}

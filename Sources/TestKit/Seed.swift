internal import FoundationEssentials

/// The seed of this run's random tests: QUELL_SEED, or a fresh one. Printed once, so that a failure can be had again.
public enum Seed {
    public static let value: UInt64 = {
        let given = ProcessInfo.processInfo.environment["QUELL_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("QUELL_SEED=\(seed)")
        return seed
    }()

    /// A generator of its own for each purpose: the order in which tests run makes no difference.
    public static func generator(for purpose: String) -> SplitMix {
        var mixed = value
        for byte in purpose.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return SplitMix(seed: mixed)
    }
}

/// SplitMix64: small, and the same on every host.
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

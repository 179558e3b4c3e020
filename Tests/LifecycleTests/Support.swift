import FoundationEssentials
import Lifecycle

/// Testing has an ExitStatus too.
typealias ExitStatus = Lifecycle.ExitStatus

/// SplitMix64: small, and the same on every host.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The seed of this run's random tests: QUELL_SEED, or a fresh one. Printed once, so that a failure can be had again.
enum Seed {
    static let value: UInt64 = {
        let given = ProcessInfo.processInfo.environment["QUELL_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("QUELL_SEED=\(seed)")
        return seed
    }()

    /// A generator of its own for each purpose: the order in which tests run makes no difference.
    static func generator(for purpose: String) -> SplitMix {
        var mixed = value
        for byte in purpose.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return SplitMix(seed: mixed)
    }
}

extension SignalMasks {
    init(handles: [Signal] = [], blocks: [Signal] = [], ignores: [Signal] = []) {
        func mask(_ signals: [Signal]) -> UInt64 { signals.reduce(0) { $0 | 1 << UInt64($1.number - 1) } }
        self.init(caught: mask(handles), blocked: mask(blocks), ignored: mask(ignores))
    }
}

extension Member {
    /// A process of a container; `isInit` makes it process 1 of its PID namespace, and the main process.
    static func process(
        _ pid: Int32, isInit: Bool = false, isMain: Bool? = nil, handles: [Signal] = [], blocks: [Signal] = [],
        ignores: [Signal] = []
    ) -> Member {
        Member(
            pid: pid, isMain: isMain ?? isInit, isNamespaceInit: isInit,
            masks: SignalMasks(handles: handles, blocks: blocks, ignores: ignores))
    }
}

extension Rung {
    static func random(using random: inout SplitMix) -> Rung {
        // A KILL to all closes a ladder and is no rung of its own.
        let number = Int32.random(in: 1...63, using: &random)
        let signal = Signal(number: number < 9 ? number : number + 1) ?? .term
        let scope = Scope.allCases.randomElement(using: &random) ?? .auto
        if Int.random(in: 0..<8, using: &random) == 0 { return Rung(signal: signal, scope: scope, grace: .unbounded) }
        let nanoseconds = Int64.random(in: 0...1 << 50, using: &random)
        return Rung(signal: signal, scope: scope, grace: .bounded(.nanoseconds(nanoseconds)))
    }
}

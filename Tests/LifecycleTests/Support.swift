import Lifecycle
import TestKit

/// Testing has an ExitStatus too.
typealias ExitStatus = Lifecycle.ExitStatus

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

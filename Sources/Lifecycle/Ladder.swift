/// Whom a rung's signal goes to.
public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
    /// The main process, where the signal gets through to it; else the processes that handle it.
    case auto
    /// The main process only.
    case initial
    /// Every process of the container.
    case all
}

/// How long a rung waits before the next one is taken.
public enum Grace: Hashable, Sendable {
    case bounded(Duration)
    /// Docker's `-t -1`: as long as it takes.
    case unbounded
}

/// One step of a stop: a signal, its scope, and the grace period after it.
public struct Rung: Hashable, Sendable {
    public var signal: Signal
    public var scope: Scope
    public var grace: Grace

    public init(signal: Signal, scope: Scope = .auto, grace: Grace) {
        (self.signal, self.scope, self.grace) = (signal, scope, grace)
    }
}

/// The steps of a stop, softest first. What follows the last rung is always the kill of the whole container.
///
/// Written `TERM:10s, KILL` or `INT:5s, TERM@all:5s, KILL`; a closing `KILL` may be left out.
public struct Ladder: Hashable, Sendable {
    /// Without the closing KILL. Empty: kill at once.
    public var rungs: [Rung]

    public static let kill = Ladder(rungs: [])
    /// Rungs that a text or a message may have, without the closing KILL.
    static let limit = 16

    public init(rungs: [Rung]) { self.rungs = rungs }

    /// The ladder of `docker stop -t`: the signal, the grace, then KILL. A stop signal of KILL needs no grace.
    public init(stopSignal: Signal, scope: Scope = .auto, grace: Grace) {
        rungs = stopSignal == .kill ? [] : [Rung(signal: stopSignal, scope: scope, grace: grace)]
    }

    /// The sum of all grace periods; nil when one is unbounded.
    public var totalGrace: Duration? {
        var sum = Duration.zero
        for rung in rungs {
            guard case .bounded(let grace) = rung.grace else { return nil }
            sum += grace
        }
        return sum
    }
}

/// What follows when no process of the container can react to the stop signal.
public enum Unhandled: UInt8, Hashable, Sendable, CaseIterable {
    /// Waiting cannot help: go on to the next rung at once.
    case kill
    /// Keep the whole grace period, as Docker does.
    case wait
}

/// A text that is no ladder: which part, and what is wrong with it.
public struct LadderError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public let fault: String
    public var description: String {
        "invalid stop ladder \"\(text)\": \(fault); expected rungs such as \"TERM:10s, KILL\" or \"INT@all:5s\""
    }
}

extension Ladder {
    /// Reads a ladder as users write it. A rung without a wait takes `defaultGrace`.
    public init(parsing text: String, defaultGrace: Duration = .seconds(10)) throws(LadderError) {
        var rungs: [Rung] = []
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let excess = LadderError(text: text, fault: "more than \(Ladder.limit) rungs")
        // One more: the closing KILL.
        guard parts.count <= Ladder.limit + 1 else { throw excess }
        for (index, part) in parts.enumerated() {
            let rung = try Rung(parsing: part.trimmed, of: text, defaultGrace: defaultGrace)
            if rung.signal == .kill && rung.scope != .initial {
                guard index == parts.count - 1 else {
                    throw LadderError(text: text, fault: "KILL must be the last rung")
                }
                break
            }
            rungs.append(rung)
        }
        guard rungs.count <= Ladder.limit else { throw excess }
        self.rungs = rungs
    }
}

extension Rung {
    init(parsing part: Substring, of text: String, defaultGrace: Duration) throws(LadderError) {
        guard !part.isEmpty else { throw LadderError(text: text, fault: "an empty rung") }
        let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let address = halves[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        do throws(SignalError) {
            signal = try Signal(parsing: String(address[0].trimmed))
        } catch {
            throw LadderError(text: text, fault: error.description)
        }
        scope = .auto
        if address.count == 2 {
            guard let named = Scope(name: address[1].trimmed) else {
                throw LadderError(text: text, fault: "unknown scope \"\(address[1])\" (init, all or auto)")
            }
            scope = named
        }
        grace = .bounded(defaultGrace)
        if halves.count == 2 {
            guard let parsed = Grace(parsing: halves[1].trimmed) else {
                throw LadderError(text: text, fault: "wait \"\(halves[1])\" is no duration (10s, 500ms, 2m, inf)")
            }
            grace = parsed
        }
    }
}

extension Scope: CustomStringConvertible {
    public init?(name: some StringProtocol) {
        switch name {
        case "auto": self = .auto
        case "init": self = .initial
        case "all": self = .all
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .auto: "auto"
        case .initial: "init"
        case .all: "all"
        }
    }
}

extension Unhandled: CustomStringConvertible {
    public init?(name: some StringProtocol) {
        switch name {
        case "kill": self = .kill
        case "wait": self = .wait
        default: return nil
        }
    }

    public var description: String { self == .kill ? "kill" : "wait" }
}

extension Rung: CustomStringConvertible {
    /// `TERM:10s`, or with its scope where that is not `auto`: `TERM@all:5s`.
    public var description: String {
        signal.shortName + (scope == .auto ? "" : "@\(scope)") + ":\(grace)"
    }
}

extension Ladder: CustomStringConvertible {
    public var description: String { (rungs.map(\.description) + ["KILL"]).joined(separator: ", ") }
}

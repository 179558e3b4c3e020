public import Lifecycle

/// Reads what may hang, by disposable children.
public protocol Prober: Sendable {
    /// What a child with these words wrote until it ended or the instant came: in the second case the child is killed and left
    /// behind, and its output is what it had written. Nil: none was started, as too many are hanging.
    func output(of words: [String], until deadline: Instant) -> ProbeResult?

    /// Children that were left behind and are still there.
    var hanging: Int { get }
}

public struct ProbeResult: Hashable, Sendable {
    public var bytes: [UInt8]
    /// It ended by itself.
    public var isComplete: Bool

    public init(bytes: [UInt8], isComplete: Bool) { (self.bytes, self.isComplete) = (bytes, isComplete) }
}

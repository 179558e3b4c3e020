/// How often values were at most so large. Pure.
public struct Histogram: Hashable, Sendable {
    /// Upper bounds, growing; what is above the last one counts in `count` alone.
    public let bounds: [Double]
    /// Per bound, not accumulated.
    public private(set) var counts: [UInt64]
    public private(set) var count: UInt64 = 0
    public private(set) var sum = 0.0

    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count)
    }

    public mutating func record(_ value: Double) {
        count += 1
        sum += value
        if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
    }

    public mutating func record(_ duration: Duration) { record(duration.seconds) }

    /// Of stops: from what needs no wait to long grace periods.
    public static let stops = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300]
    /// Of calls.
    public static let calls = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Of event loops.
    public static let delays = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
}

extension Duration {
    /// As a floating-point number.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

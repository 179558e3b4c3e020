/// What calls may take before the watchdog speaks up. Nothing is cut off by it. A stop has its ladder and kill deadline.
public struct JobExpectations: Hashable, Sendable {
    public var start: Duration
    public var exec: Duration
    /// Without the kill that comes first, which is a job of its own.
    public var remove: Duration
    /// A call of the API that neither watches something nor moves much data.
    public var call: Duration
    /// A call that moves images or files.
    public var transfer: Duration

    public init(
        start: Duration = .seconds(15), exec: Duration = .seconds(10), remove: Duration = .seconds(30),
        call: Duration = .seconds(15), transfer: Duration = .seconds(600)
    ) { (self.start, self.exec, self.remove, self.call, self.transfer) = (start, exec, remove, call, transfer) }
}

/// How long a call may take on each of its hops. Nil: no bound.
public struct Deadlines: Hashable, Sendable {
    /// Until the connection stands.
    public var connect: Duration
    /// From the last byte of the request that was taken to the head of the answer.
    public var head: Duration?
    /// Between two pieces of the answer, while somebody wants to read one.
    public var idle: Duration?
    /// From the request to the end of the answer.
    public var total: Duration?

    public init(connect: Duration = .seconds(5), head: Duration?, idle: Duration?, total: Duration? = nil) {
        (self.connect, self.head, self.idle, self.total) = (connect, head, idle, total)
    }

    /// Calls that look or change something at once.
    public static let short = Deadlines(head: .seconds(30), idle: .seconds(30))
    /// Calls that move much data: every piece is awaited this long.
    public static let transfer = Deadlines(head: .seconds(120), idle: .seconds(120))
    /// Calls that last as long as what they watch: logs, events, wait, stop.
    public static let streaming = Deadlines(head: nil, idle: nil)
}

internal import CLinux
public import Lifecycle

/// What to wait for on a descriptor, or what was found there.
public struct PollEvents: OptionSet, Hashable, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    public static let readable = PollEvents(rawValue: 0x001)
    /// A change of cgroup.events, among others.
    public static let priority = PollEvents(rawValue: 0x002)
    public static let writable = PollEvents(rawValue: 0x004)
    /// Only ever found, never asked for.
    public static let error = PollEvents(rawValue: 0x008)
    /// Only ever found, never asked for.
    public static let hangUp = PollEvents(rawValue: 0x010)
    /// The descriptor is not open: a bug of ours.
    public static let invalid = PollEvents(rawValue: 0x020)
    public static let peerClosed = PollEvents(rawValue: 0x2000)
}

/// The descriptors of one ppoll(2). Kept and refilled, it allocates only when it grows.
public struct PollSet: Sendable {
    private var entries: [pollfd] = []

    public init() {}

    public var count: Int { entries.count }

    public mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Returns the entry's index, for `found(at:)`. Asking for nothing still reports error and hang-up.
    @discardableResult
    public mutating func add(_ raw: Int32, _ events: PollEvents) -> Int {
        entries.append(pollfd(fd: raw, events: events.rawValue, revents: 0))
        return entries.count - 1
    }

    /// Waits until a descriptor is ready or the deadline has come; nil waits without a bound, a past one not at all.
    /// Returns the number of ready entries. EINTR is retried.
    public mutating func wait(until deadline: Instant?) throws(SystemError) -> Int {
        while true {
            var nanoseconds: Int64 = -1
            if let deadline { nanoseconds = max(0, (deadline - MonotonicClock.now()).wholeNanoseconds) }
            let count = UInt32(entries.count)
            // SAFETY: `count` entries of the array, used within the closure.
            let ready = unsafe entries.withUnsafeMutableBufferPointer {
                unsafe clinux_ppoll($0.baseAddress, count, nanoseconds)
            }
            if ready == -CLinux.EINTR { continue }
            return Int(try check(ready, "ppoll"))
        }
    }

    /// What the last wait found.
    public func found(at index: Int) -> PollEvents { PollEvents(rawValue: entries[index].revents) }
}

/// A counter that wakes a poll loop (eventfd(2)); safe from any thread.
public struct Wakeup: ~Copyable, Sendable {
    public let descriptor: OwnedDescriptor

    public init() throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try check(clinux_eventfd(0), "eventfd"))
    }

    public borrowing func wake() throws(SystemError) {
        _ = try descriptor.write([1, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Takes all wakes so far.
    public borrowing func clear() throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 8)
        _ = try descriptor.read(into: &buffer)
    }
}

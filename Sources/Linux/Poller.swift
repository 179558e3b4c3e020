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

/// Descriptors that are watched for long, by marks that the caller chooses (epoll(7)): a wait costs what it finds, however
/// many there are. Safe from any thread; one waits at a time.
public struct EventQueue: ~Copyable, Sendable {
    private let queue: OwnedDescriptor
    /// Told by one wait.
    private static let most = 64

    public init() throws(SystemError) { queue = OwnedDescriptor(adopting: try check(clinux_epoll(), "epoll_create1")) }

    /// Asking for nothing still reports error and hang-up. EPERM for a regular file.
    public borrowing func add(_ raw: Int32, _ events: PollEvents, mark: UInt64) throws(SystemError) {
        try control(1, raw, events, mark)
    }

    public borrowing func change(_ raw: Int32, _ events: PollEvents, mark: UInt64) throws(SystemError) {
        try control(3, raw, events, mark)
    }

    /// One that was closed, and so removed itself, is fine.
    public borrowing func remove(_ raw: Int32) throws(SystemError) {
        do throws(SystemError) { try control(2, raw, [], 0) } catch {
            guard error.errno == CLinux.EBADF || error.errno == CLinux.ENOENT else { throw error }
        }
    }

    private borrowing func control(
        _ operation: Int32, _ raw: Int32, _ events: PollEvents, _ mark: UInt64
    ) throws(SystemError) {
        let bits = UInt32(UInt16(bitPattern: events.rawValue))
        try check(clinux_epoll_control(queue.raw, operation, raw, bits, mark), "epoll_ctl", "descriptor \(raw)")
    }

    /// Waits until a descriptor is ready or the deadline has come; nil waits without a bound, a past one not at all. EINTR
    /// is retried. There may be more than it tells: the next wait does.
    public borrowing func wait(until deadline: Instant?) throws(SystemError) -> [(mark: UInt64, events: PollEvents)] {
        var marks = [UInt64](repeating: 0, count: EventQueue.most)
        var bits = [UInt32](repeating: 0, count: EventQueue.most)
        while true {
            var nanoseconds: Int64 = -1
            if let deadline { nanoseconds = max(0, (deadline - MonotonicClock.now()).wholeNanoseconds) }
            // SAFETY: both arrays have the number of elements that is passed, and live through the call.
            let found = unsafe clinux_epoll_wait(queue.raw, &marks, &bits, UInt32(EventQueue.most), nanoseconds)
            if found == -CLinux.EINTR { continue }
            let count = Int(try check(found, "epoll_wait"))
            return (0..<count).map {
                (marks[$0], PollEvents(rawValue: Int16(bitPattern: UInt16(truncatingIfNeeded: bits[$0]))))
            }
        }
    }
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

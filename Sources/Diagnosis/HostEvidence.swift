public import Linux

/// One group of a freezer hierarchy that concerns a process of the subject.
public struct FreezerEvidence: Hashable, Sendable {
    public enum Version: Int, Hashable, Sendable { case v1 = 1, v2 = 2 }
    public var version: Version
    /// Below the hierarchy: `/quell/0123`.
    public var path: String
    /// Its directory: `/sys/fs/cgroup/freezer/quell/0123`.
    public var directory: String
    /// This group itself was asked to freeze (v1: freezer.self_freezing; v2: cgroup.freeze).
    public var isSelfFrozen: Bool
    /// It is frozen or about to be, by itself or by one above it.
    public var isFrozen: Bool
    /// v1: not all of its tasks could be frozen yet; one that sleeps elsewhere in D cannot.
    public var isFreezing = false

    public init(version: Version, path: String, directory: String, isSelfFrozen: Bool, isFrozen: Bool) {
        (self.version, self.path, self.directory) = (version, path, directory)
        (self.isSelfFrozen, self.isFrozen) = (isSelfFrozen, isFrozen)
    }
}

/// A FUSE connection.
public struct FuseConnection: Hashable, Sendable {
    /// The minor of its device, its name in fusectl.
    public var number: UInt32
    public var mountPoint: String
    /// `fuse.sshfs`.
    public var type: String
    public var source: String
    /// Processes that have /dev/fuse open for it; those that only have some /dev/fuse open, where the kernel does not tell for
    /// which (before 6.11).
    public var servers: [Outsider] = []
    /// The kernel said that they serve this connection.
    public var isServerKnown = false
    /// Requests without an answer, where fusectl is mounted.
    public var waiting: Int?

    public init(number: UInt32, mountPoint: String, type: String, source: String) {
        (self.number, self.mountPoint, self.type, self.source) = (number, mountPoint, type, source)
    }
}

/// A block device.
public struct BlockDevice: Hashable, Sendable {
    public var number: DeviceNumber
    /// `sda1`, `dm-0`; empty: not known to sysfs.
    public var name: String
    /// The name in /dev/mapper; nil: no device-mapper device.
    public var mapperName: String?
    public var isSuspended = false
    /// Requests given to it that are not done, at the second sample.
    public var inFlight = 0
    /// It completed something between the two samples.
    public var hasProgressed = false
    /// Requests that were done at the first sample.
    public var completed: UInt64 = 0

    public init(number: DeviceNumber, name: String) { (self.number, self.name) = (number, name) }

    /// It has requests, and has completed none of them meanwhile.
    public var isStalled: Bool { inFlight > 0 && !hasProgressed }
}

/// Pressure stall information, in percent of the last ten seconds. Nil: the kernel has it not, or it is switched off.
public struct Pressure: Hashable, Sendable {
    public struct Value: Hashable, Sendable {
        /// Some waited.
        public var some: Double
        /// All that were not idle waited.
        public var full: Double
        public init(some: Double, full: Double) { (self.some, self.full) = (some, full) }
    }
    public var cpu: Value?
    public var memory: Value?
    public var io: Value?

    public init() {}
}

/// From the log of the hung-task detector.
public struct LockOwner: Hashable, Sendable {
    /// Who waits.
    public var waiter: Int32
    /// Who likely holds it.
    public var owner: ProcessName
    /// `mutex`, `semaphore`, `rw-semaphore`.
    public var lock: String

    public init(waiter: Int32, owner: ProcessName, lock: String) {
        (self.waiter, self.owner, self.lock) = (waiter, owner, lock)
    }
}

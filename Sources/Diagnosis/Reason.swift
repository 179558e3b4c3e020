/// Why a task does not end. The raw values are part of the JSON documents: they do not change.
public enum Reason: String, Hashable, Sendable, CaseIterable {
    /// A FUSE file system whose server does not answer.
    case fuse
    /// A network file system whose server does not answer.
    case nfs
    /// A block device that does not answer, or is slow.
    case blockIO = "block-io"
    /// A file system was frozen (fsfreeze, FIFREEZE): writers sleep until it is thawed.
    case frozenFileSystem = "fs-frozen"
    /// A device-mapper device is suspended.
    case suspendedDevice = "dm-suspended"
    /// A freezer, of v1 or v2, of its control group or of one above or below.
    case frozenCgroup = "cgroup-frozen"
    /// The init of a PID namespace waits for a dead process whose parent is outside and does not reap it.
    case unreapedChild = "unreaped-child"
    /// Another process traces it, and holds it or its exit.
    case traced
    /// It waits for a child that has not executed a program yet. KILL does end it.
    case vfork
    /// A driver, or another part of the kernel that the call on a device leads into.
    case driver
    /// It waits for memory.
    case memoryPressure = "memory-pressure"
    /// It sleeps where KILL does not reach it, and nothing that was read tells why.
    case unknown
}

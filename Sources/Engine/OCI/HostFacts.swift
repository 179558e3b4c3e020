/// What of the host decides how a container's OCI configuration looks. Read once when the engine opens.
struct HostFacts: Hashable, Sendable {
    /// As uname(2) has it: `x86_64`.
    var machine: String
    /// Major and minor of the kernel.
    var kernelMajor: Int
    var kernelMinor: Int
    var kernelRelease: String
    /// The engine's own effective capabilities, a mask.
    var capabilities: UInt64
    /// The engine's own hard limit of open files.
    var openFilesHard: UInt64
    var oomScoreAdjust: Int
    /// memory.memsw (v1) or memory.swap (v2) exists.
    var limitsSwap: Bool
    /// Controllers are on one v2 hierarchy.
    var isUnified: Bool
    var processors: Int
    var memoryBytes: UInt64

    /// mount_setattr(2) with AT_RECURSIVE.
    var mountsReadOnlyRecursively: Bool { (kernelMajor, kernelMinor) >= (5, 12) }

    /// CAP_SYS_RESOURCE (24).
    var canRaiseLimits: Bool { capabilities & (1 << 24) != 0 }
}

/// A device node of the host.
struct HostDevice: Hashable, Sendable {
    var path: String
    /// `c` or `b`.
    var type: String
    var major: Int64
    var minor: Int64
    /// Permission bits.
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32
    /// Of `rwm`.
    var access = "rwm"
}

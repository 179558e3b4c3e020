/// Everything an OCI `config.json` is made from: the document, and what was looked up for this start.
struct SpecInput: Sendable {
    var document: ContainerDocument
    var facts: HostFacts
    /// Where the root file system is mounted. Absolute.
    var rootfs: String
    /// Directory with `hostname`, `hosts`, `resolv.conf`; nil: not mounted into the container.
    var fileDirectory: String?
    /// The document's mounts with host paths in place of volume names.
    var mounts: [ResolvedMount]
    var user: ContainerUser
    /// With `CAP_`, as `Capabilities.effective` gives them.
    var capabilities: [String]
    /// `linux.seccomp`; nil: unconfined.
    var seccomp: JSON?
    /// What crun made of it once, in base64; nil: it makes one.
    var seccompFilter: String?
    /// On the host; nil: the command is PID 1 itself.
    var initPath: String?
    /// `/quell/<id>`
    var cgroupPath: String
    /// Main processes of the containers whose namespaces are shared, by container id.
    var sharedPIDs: [String: Int32]
    var devices: [HostDevice]
    var shmSize: Int64
    /// The host's mount that becomes /dev/shm; nil: a tmpfs of the container's own.
    var sharedMemory: String?
    /// The file that holds the network namespace made for it; nil: the runtime makes one.
    var networkNamespace: String?
    /// Members of the OCI's `blockIO`, by their names.
    var blockLimits: [String: JSON] = [:]
}

extension SpecInput {
    /// For a further process of a container that runs: what its own set-up was made from plays no part any more.
    init(document: ContainerDocument, facts: HostFacts, user: ContainerUser, capabilities: [String]) {
        self.init(
            document: document, facts: facts, rootfs: "", mounts: [], user: user, capabilities: capabilities,
            cgroupPath: "", sharedPIDs: [:], devices: [], shmSize: 0)
    }
}

/// A mount plan with its place on the host.
struct ResolvedMount: Hashable, Sendable {
    var plan: MountPlan
    /// Empty for a tmpfs.
    var source: String
    /// Something is mounted below the source of a read-only bind, and shall be read-only too.
    var hasMountsBelow = false
}

import APITypes

/// What was asked when a container was created, with image and engine defaults worked in. Changed by update only.
struct ContainerDocument: Codable, Hashable, Sendable {
    /// 64 hex digits.
    var id: String
    /// Nanoseconds since 1970.
    var created: Int64
    var config: ContainerConfig
    var host: HostConfig
    /// `sha256:…`
    var imageID: String
    /// Network, process id, IPC and UTS modes, resolved: `container:` is followed by a full id.
    var namespaces: NamespaceModes
    var mounts: [MountPlan]
    /// Entrypoint and command together; never empty.
    var command: [String]
    /// The networks it joins, in order; nil and empty: none that has a device.
    var endpoints: [EndpointWish]?
    /// Published through the first of them.
    var ports: [PortWish]?

    /// As Docker's lists show it: what has a blank in it is quoted.
    var commandLine: String {
        let arguments = command.dropFirst().map { $0.contains(" ") ? "'\($0)'" : $0 }
        return (command.prefix(1) + arguments).joined(separator: " ")
    }
}

/// Whose namespaces a container lives in.
struct NamespaceModes: Codable, Hashable, Sendable {
    enum Mode: Codable, Hashable, Sendable {
        case own, host
        /// IPC only: no shared memory mount at all.
        case none
        /// Of the container with this id.
        case shared(String)

        var sharedID: String? {
            if case .shared(let id) = self { id } else { nil }
        }
    }
    var network = Mode.own
    var pid = Mode.own
    var ipc = Mode.own
    var uts = Mode.own
    var cgroup = Mode.own

    /// The containers that must run for this one to start.
    var dependencies: [String] { [network, pid, ipc].compactMap(\.sharedID) }
}

/// One mount of a container, every default decided.
struct MountPlan: Codable, Hashable, Sendable {
    enum Kind: String, Codable, Sendable { case bind, volume, tmpfs }
    var kind: Kind
    /// Bind: an absolute path of the host. Volume: its name. Tmpfs: empty.
    var source: String
    var target: String
    var readOnly = false
    /// `rprivate`, `rslave`, `rshared` or without r.
    var propagation = "rprivate"
    var recursive = true
    /// Read-only with all that is mounted below the source (Linux 5.12); nil: where the kernel can.
    var readOnlyRecursive: Bool?
    /// Make the source directory where it is missing (`-v`, not `--mount`).
    var createsSource = false
    /// Fill an empty volume with what the image has there.
    var copiesImage = true
    var subpath: String?
    /// The volume was made for this container only, and goes with it under `rm -v` and `--rm`.
    var anonymous = false
    /// Of the volume, where it is made for this mount.
    var volumeLabels: [String: String]?
    var volumeOptions: [String: String]?
    /// Further mount options: of a tmpfs.
    var options: [String] = []
    /// As the user wrote them, for `inspect`.
    var mode = ""

    /// The path is its target, or below it.
    func covers(_ path: String) -> Bool {
        let path = Spec.normalised(path.hasPrefix("/") ? path : "/" + path)
        return path == target || path.hasPrefix(target + "/")
    }
}

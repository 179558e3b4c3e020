/// An image that `load` brought, or found to be there already.
public struct LoadedImage: Sendable, Hashable {
    public let image: Image
    /// The names the archive gave it; empty: Docker says `Loaded image ID: sha256:…`.
    public let references: [ImageReference]
}

public struct ImportRequest: Sendable {
    /// Name for the new image; nil leaves it dangling.
    public var reference: String?
    /// Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME,
    /// WORKDIR.
    public var changes: [String] = []
    public var message = ""
    /// `linux`, `linux/arm64`, …; nil is this machine's.
    public var platform: String?

    public init() {}
}

/// `docker commit`: a new image from what a container changed.
public struct CommitRequest: Sendable {
    /// Image the container was made from.
    public var image: Digest
    /// `containers/<id>`, as given to `rootfs(for:container:)`. The caller pauses the container if it wants to.
    public var containerDirectory: String
    public var containerID: String
    /// Name for the new image; nil leaves it dangling.
    public var reference: String?
    public var author = ""
    public var message = ""
    /// As in ``ImportRequest/changes``, applied on `defaults`.
    public var changes: [String] = []
    /// What the container ran, for the history.
    public var command: [String] = []
    /// The container's own configuration (image's merged with what create gave).
    public var defaults: ContainerDefaults
    /// The container's configuration, in Docker's JSON: kept in the image as Docker does it, with the container's id; empty:
    /// neither is.
    public var containerConfiguration: [UInt8] = []

    public init(image: Digest, containerDirectory: String, containerID: String, defaults: ContainerDefaults) {
        self.image = image
        self.containerDirectory = containerDirectory
        self.containerID = containerID
        self.defaults = defaults
    }
}

/// `docker cp` into a container.
public struct CopyInRequest: Sendable {
    /// Root of the file system: the mounted rootfs, or `/proc/<pid>/root` to see a running container's volumes too.
    public var root: String
    /// Directory inside it that the tar is unpacked into; symbolic links are resolved inside the root.
    public var path: String
    /// Docker's `noOverwriteDirNonDir`: it is an error if a directory would become a file, or a file a directory.
    public var keepsKinds = false
    /// Docker's `copyUIDGID`: owners from the archive; otherwise everything belongs to `user`:`group`.
    public var keepsOwners = true
    public var user: UInt32 = 0
    public var group: UInt32 = 0

    public init(root: String, path: String) {
        self.root = root
        self.path = path
    }
}

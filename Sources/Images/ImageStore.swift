public import Linux
public import RegistryWire
import Synchronization

/// Images on disk: an OCI image layout (blobs, index) plus each layer unpacked once, shared by all images that have it.
///
/// Every method may be called from any thread, any number at once. Look-ups answer from memory. Everything `async`
/// works on threads of its own, never on Swift's cooperative pool, and stops early when the calling task is cancelled
/// (`ImageError.cancelled`). Whatever fails, or is killed at any instant, leaves the images that were there intact;
/// what a crash left half-made is swept away by the next `init`.
public final class ImageStore: Sendable {
    public struct Configuration: Sendable {
        /// `<data-root>/images`; made if missing. The caller holds a lock that keeps other daemons out.
        public var directory: String
        /// Path of the executable `quell-unpack`.
        public var helper: String
        public var limits = Limits()
        public var registry = RegistryAccess()
        /// What a crash left is moved aside at once, and deleted while the store is already at work; otherwise `init` waits
        /// for that too.
        public var deletesInBackground = true

        public init(directory: String, helper: String) {
            self.directory = directory
            self.helper = helper
        }
    }

    /// How registries are reached.
    public struct RegistryAccess: Sendable {
        /// Path of the executable `quell-registry`.
        public var helper = "quell-registry"
        public var settings = RegistrySettings()

        public init() {}
    }

    /// Bounds that a hostile archive runs into.
    public struct Limits: Sendable {
        /// Bytes of files one archive or layer may unpack to.
        public var unpackedBytes: Int64 = 64 << 30
        /// Entries in one archive or layer.
        public var entries: Int64 = 4 << 20
        /// Layers of one image.
        public var layers = 127
        /// Bytes of a manifest, index or configuration.
        public var metadataBytes = 8 << 20

        public init() {}
    }

    public let configuration: Configuration
    /// Entries of the index that could not be read at open (a blob is missing, say), each with its reason. They are
    /// kept as they are, are not listed as images, and nothing is swept away as long as there are any.
    public let damaged: [String]

    let layout: StoreLayout
    /// What look-ups see. Held for moments only, never while anything is written.
    let state: Mutex<StoreState>
    /// Held by whoever changes the index, from before the change to after it is on the disk. Blocking.
    let writer = Mutex(())
    /// Blobs and layers that operations under way need, by path below the store, so that no removal takes them.
    let leases = Mutex<[String: Int]>([:])
    /// Pulls under way that fetch a blob, by its digest: what one of them has fetched the others need not.
    let fetching = Mutex<[Digest: Int]>([:])
    /// Whether overlayfs works below a directory, once probed.
    let overlaySupport = Mutex<[String: Bool]>([:])

    /// Opens the store: makes its directories, reads the index, sweeps away what a crash left half-made. Blocks.
    /// - Throws: `.damaged` if the index cannot be read, `.system` if a directory cannot be made.
    public init(_ configuration: Configuration) throws(ImageError) {
        self.configuration = configuration
        layout = StoreLayout(configuration.directory)
        try layout.make()
        let opened = try StoreState.read(layout, metadataLimit: configuration.limits.metadataBytes)
        state = Mutex(opened.state)
        damaged = opened.damaged
        // There is an index from the first moment on: a missing one is a lost one.
        if opened.isNew { try opened.state.write(to: layout) }
        try layout.sweep(keeping: opened.damaged.isEmpty ? opened.state : nil)
        try emptyTrash()
    }
}

extension ImageStore {
    private func emptyTrash() throws(ImageError) {
        guard configuration.deletesInBackground else { return try layout.emptyTrash() }
        let failure = startThread { [layout] in
            // Nobody waits for it. What could not be deleted is tried again at the next open.
            do throws(ImageError) { try layout.emptyTrash() } catch {}
        }
        if let failure { throw failure }
    }
}

/// Where an archive comes from. A stream is read once, to its end; the descriptor is closed by the store.
public enum ArchiveSource: ~Copyable, Sendable {
    /// A file, or for `load` also a directory holding an OCI layout or an unpacked docker-archive.
    case path(String)
    /// `name` is used in messages: "stdin", "request body".
    case stream(OwnedDescriptor, name: String)
}

/// Ways to name an image in calls that take one: `busybox`, `busybox:1.36`, `name@sha256:…`, `sha256:…`, `3f57d9401f`.
public typealias ImageName = String

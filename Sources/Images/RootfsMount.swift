/// What to mount (or copy) to get a container's root file system. Data only: the store mounts nothing.
public enum RootfsMount: Sendable, Hashable {
    case overlay(OverlayMount)
    /// overlayfs does not work on this file system: call ``ImageStore/copyRootfs(_:progress:)`` once at create. The
    /// copy is the root file system itself, nothing is mounted.
    case copy(RootfsCopy)
}

public struct OverlayMount: Sendable, Hashable {
    /// Absolute paths, uppermost first (the order of overlayfs' `lowerdir=`).
    public let lowerDirectories: [String]
    public let upperDirectory: String
    public let workDirectory: String
    /// Mount point; exists, as upper and work do, when `rootfs(for:container:)` has returned.
    public let target: String
    /// Source shown in mountinfo.
    public let source: String
    /// Further options the mount must have, so that the upper directory can be read as a layer.
    public static let settings = ["redirect_dir=off", "metacopy=off", "index=off"]
    /// Option string for mount(2), type `overlay`; always shorter than a page.
    public let options: String
    /// When set, `options` names lower directories relative to this one: make it the current directory of the thread
    /// (unshare(CLONE_FS) first) or process that calls mount(2).
    public let workingDirectory: String?
    /// The short names there, in the order of `lowerDirectories`; else empty.
    public let links: [String]

    /// As `options`, for whoever is in another directory: the short names are reached through `directory`, a path of
    /// `workingDirectory` of at most 20 bytes (`/proc/self/fd/42`), so that this too stays shorter than a page.
    public func options(through directory: String) -> String {
        let named = "lowerdir=" + links.joined(separator: ":")
        return "lowerdir=" + links.map { "\(directory)/\($0)" }.joined(separator: ":") + options.dropFirst(named.count)
    }
}

public struct RootfsCopy: Sendable, Hashable {
    /// Unpacked layers, uppermost first.
    public let lowerDirectories: [String]
    public let target: String
}

/// One line of `docker diff`.
public struct FilesystemChange: Sendable, Hashable, Comparable {
    /// Raw values are those of Docker's API.
    public enum Kind: Int, Sendable { case modified = 0, added = 1, deleted = 2 }
    /// Absolute path inside the container.
    public let path: String
    public let kind: Kind

    public static func < (left: FilesystemChange, right: FilesystemChange) -> Bool { left.path < right.path }
}

/// What is at a path of a root file system, for `docker cp` (Docker's X-Docker-Container-Path-Stat).
public struct PathStatus: Sendable, Hashable {
    public let name: String
    public let size: Int64
    /// st_mode, with the file type bits.
    public let mode: UInt32
    /// Modification time, seconds and nanoseconds.
    public let modified: Int64
    public let modifiedNanoseconds: Int64
    /// Target of a symbolic link, else "".
    public let linkTarget: String
}

/// What a quarantined container was, and what it still keeps from others.
struct QuarantineRecord: Codable, Hashable, Sendable {
    /// The name it had; another container may have it by now.
    var formerName: String
    /// Nanoseconds since 1970.
    var since: Int64
    /// Its anonymous volumes go with it.
    var removesVolumes: Bool
    /// Mounts that its tasks hang on.
    var held: [HeldMount]
}

/// A volume, or a directory of the host, that tasks of a quarantined container hang on.
struct HeldMount: Codable, Hashable, Sendable {
    var kind: MountPlan.Kind
    /// As `MountPlan.source`.
    var source: String
    /// `MAJOR:MINOR` of what was mounted there; nil: not known, so whatever is there now is taken for the same.
    var device: String?
    /// Where a link in the source led to when the container was started; nil: not known.
    var place: FileSystemPlace?
}

/// A directory of a file system, whatever path leads there.
struct FileSystemPlace: Codable, Hashable, Sendable {
    /// `MAJOR:MINOR`.
    var device: String
    /// From the root of that file system.
    var root: String

    func isWithin(_ other: FileSystemPlace) -> Bool { device == other.device && root.isAt(or: other.root) }
}

extension String {
    /// The path is the directory, or leads below it.
    func isAt(or directory: String) -> Bool {
        self == directory || hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
    }
}

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
}

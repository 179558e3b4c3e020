// Containers that do not die, set aside: Quell's own calls under /quell/v1.

/// How a container is to be quarantined (`POST /quell/v1/containers/{id}/quarantine`).
public struct QuarantineRequest: DockerObject, Hashable {
    /// Where it has to be killed first: how long that may take, in milliseconds; nil: as for every kill of it.
    public var killDeadlineMs: Int?
    /// Its anonymous volumes go with it.
    public var volumes: Bool?

    public init() {}
}

/// What became of it.
public struct QuarantineResult: DockerObject, Hashable {
    public var id: String = ""
    /// The name it had.
    public var name: String = ""
    /// `quarantined`; or `removed`: it has ended.
    public var outcome: String = ""
    public var quarantined: QuarantinedContainer?

    public init() {}
}

/// A quarantined container (`GET /quell/v1/quarantine`).
public struct QuarantinedContainer: DockerObject, Hashable {
    public var id: String = ""
    /// What it is called now: the beginning of its id.
    public var name: String = ""
    /// What it was called; another container may have that name.
    public var formerName: String = ""
    /// RFC 3339.
    public var since: String = ""
    public var image: String = ""
    public var imageID: String = ""
    /// Whether its shim answers.
    public var supervised: Bool = false
    /// Whether its cgroup has members; nil: it could not be looked at.
    public var populated: Bool?
    /// The tasks that are left, looked at for this answer.
    public var finding: Finding = Finding()
    /// What they hang on: refused to other containers until they have ended.
    public var held: [HeldPlace] = []

    public init() {}
}

/// A volume or a directory of the host that a quarantined container's tasks hang on.
public struct HeldPlace: DockerObject, Hashable {
    /// `volume` or `bind`.
    public var type: String = ""
    /// The name of the volume, or the path.
    public var source: String = ""

    public init() {}
}

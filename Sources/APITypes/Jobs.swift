// `GET /quell/v1/jobs`: calls in flight.

/// Calls in flight, the oldest first.
public struct JobList: DockerObject, Hashable {
    public var jobs: [JobEntry] = []

    public init() {}
}

/// One call in flight.
public struct JobEntry: DockerObject, Hashable {
    /// Counts up from the engine's start.
    public var id: Int = 0
    /// `stop`, `kill`, `start`, `exec`, `remove`, `restart`, or `call` for a call of the API.
    public var kind: String = ""
    /// Of a call: method and route, `GET /containers/{id}/top`.
    public var call: String?
    /// The id of the container it is about.
    public var container: String?
    public var name: String?
    public var askedBy: JobAsker?
    public var ageMs: Int = 0
    /// From the beginning; nil: it may last as long as it likes.
    public var expectedMs: Int?
    public var overdue: Bool = false
    /// `engine`, `gate`, `store`, `files`, `mount`, `host-look`, `helper`, `shim`, `runtime`, `container`, `kernel`,
    /// `cleanup`, `client`, or `job N`.
    public var waitsOn: String = ""
    public var waitingMs: Int = 0
    /// What the watchdog saw, when it is overdue.
    public var finding: String?

    public init() {}
}

/// Who asked for it.
public struct JobAsker: DockerObject, Hashable {
    /// The process at the other end of the socket.
    public var pid: Int?
    public var uid: Int?
    /// Its name, while it lives.
    public var command: String?
    /// The part of the engine that began it by itself.
    public var engine: String?

    public init() {}
}

/// A process to run in a running container.
public struct ExecCreateRequest: DockerObject, Hashable {
    public var attachStdin: Bool = false
    public var attachStdout: Bool = false
    public var attachStderr: Bool = false
    public var consoleSize: [Int]?
    /// As the specification spells it; see `chosenDetachKeys`.
    public var detachKeys: String?
    /// As docker-py spells it: Docker does not mind the case.
    private var uncapitalisedDetachKeys: String?
    public var tty: Bool = false
    public var env: [String]?
    public var cmd: [String]?
    public var privileged: Bool = false
    public var user: String?
    public var workingDir: String?

    public init() {}

    public var chosenDetachKeys: String? { detachKeys ?? uncapitalisedDetachKeys }

    enum CodingKeys: String, CodingKey {
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case consoleSize = "ConsoleSize"
        case detachKeys = "DetachKeys"
        case uncapitalisedDetachKeys = "detachKeys"
        case tty = "Tty"
        case env = "Env"
        case cmd = "Cmd"
        case privileged = "Privileged"
        case user = "User"
        case workingDir = "WorkingDir"
    }
}

/// How an exec is started.
public struct ExecStartRequest: DockerObject, Hashable {
    public var detach: Bool = false
    public var tty: Bool = false
    public var consoleSize: [Int]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case detach = "Detach"
        case tty = "Tty"
        case consoleSize = "ConsoleSize"
    }
}

/// The state of an exec.
public struct ExecInspect: DockerObject, Hashable {
    public var canRemove: Bool = false
    public var containerID: String = ""
    public var detachKeys: String = ""
    /// nil while it runs.
    public var exitCode: Int?
    public var id: String = ""
    public var openStderr: Bool = false
    public var openStdin: Bool = false
    public var openStdout: Bool = false
    public var processConfig: ExecProcessConfig = ExecProcessConfig()
    public var running: Bool = false
    public var pid: Int = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
        case canRemove = "CanRemove"
        case containerID = "ContainerID"
        case detachKeys = "DetachKeys"
        case exitCode = "ExitCode"
        case id = "ID"
        case openStderr = "OpenStderr"
        case openStdin = "OpenStdin"
        case openStdout = "OpenStdout"
        case processConfig = "ProcessConfig"
        case running = "Running"
        case pid = "Pid"
    }
}

/// The process of an exec.
public struct ExecProcessConfig: DockerObject, Hashable {
    public var tty: Bool = false
    public var entrypoint: String = ""
    public var arguments: [String] = []
    public var privileged: Bool?
    public var user: String?

    public init() {}
}

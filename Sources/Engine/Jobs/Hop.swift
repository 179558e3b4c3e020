/// What a call in flight waits on at this moment.
public enum Hop: Hashable, Sendable {
    /// Nobody else: it is being worked on.
    case engine
    /// A place among those who make blocking calls, or run helper processes.
    case gate
    /// The database, and with it the disk of the data root.
    case store
    /// Files of the engine's own.
    case files
    /// A mount, or its end.
    case mount
    /// A disposable child that looks at a path somebody named.
    case hostLook
    /// Another helper process.
    case helper
    /// What an image registry sends or takes, by way of a helper process.
    case registry
    case shim
    /// The OCI runtime, run by the shim.
    case runtime
    /// The container's processes, in a grace period.
    case container
    /// KILL was sent: the kernel has to let go of every task.
    case kernel
    /// What an earlier run left is being cleared away.
    case cleanup
    /// Who asked: it has to send, or to read.
    case client
    /// Another job, by its number.
    case job(UInt64)

    /// As clients read it; stable.
    public var word: String {
        switch self {
        case .engine: "engine"
        case .gate: "gate"
        case .store: "store"
        case .files: "files"
        case .mount: "mount"
        case .hostLook: "host-look"
        case .helper: "helper"
        case .registry: "registry"
        case .shim: "shim"
        case .runtime: "runtime"
        case .container: "container"
        case .kernel: "kernel"
        case .cleanup: "cleanup"
        case .client: "client"
        case .job(let number): "job \(number)"
        }
    }

    /// For people.
    public var text: String {
        switch self {
        case .engine: "the engine itself"
        case .gate: "a free place: others have not come back"
        case .store: "the database (the disk of the data root)"
        case .files: "files of the engine (the disk of its roots)"
        case .mount: "a mount or unmount"
        case .hostLook: "a look at a path on the host"
        case .helper: "a helper process"
        case .registry: "an image registry"
        case .shim: "an answer of its shim"
        case .runtime: "the runtime"
        case .container: "the container's own processes"
        case .kernel: "the kernel, to let go of its tasks"
        case .cleanup: "the clearing away of its last run"
        case .client: "the client"
        case .job(let number): "job \(number)"
        }
    }
}

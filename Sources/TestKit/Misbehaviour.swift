internal import Linux

/// What `quell-misbehave` does (Sources/quell-misbehave/main.c), as an argument list: for a child of the test by `start`, or
/// in a container that has the program bound in.
public enum Misbehaviour: Hashable, Sendable {
    /// Appends to the file for ever: in D as long as its file system is frozen.
    case write(String)
    /// One of four threads reads the file.
    case threaded(String)
    /// Two threads: one reads the file, the leader ends.
    case leaderless(String)
    /// A vfork parent: in D, and yet KILL ends it.
    case vforkParent
    /// Holds the process as a debugger does, and is stopped itself.
    case traceStopped(Int32)
    /// Traces the process and never waits for it: when it ends, its parent is not told.
    case traceLazily(Int32)
    /// Runs a program in the PID namespace of the process, and never reaps it.
    case enterWithoutReaping(Int32, [String])
    /// A chain of so many processes that ignore TERM.
    case ignoreTERM(Int)
    /// A fork bomb with at most so many processes alive.
    case forkBomb(most: Int)
    /// So many processes that compute.
    case burn(Int)
    /// Touches so many megabytes again and again.
    case grow(megabytes: Int)
    /// Serves NFS on a port of 127.0.0.1.
    case serveFiles
    /// Waits for the lock of the file system on that device.
    case askForFileSystem(major: UInt32, minor: UInt32)
    /// Keeps a removed file open that it writes to as soon as it reads something: its last close is what hangs.
    case orphan(String)
    /// Holds the lock of the FIFO while it waits for the file.
    case holdPipe(fifo: String, file: String)

    public var arguments: [String] {
        switch self {
        case .write(let path): ["write", path]
        case .threaded(let path): ["threaded", path]
        case .leaderless(let path): ["leaderless", path]
        case .vforkParent: ["vfork"]
        case .traceStopped(let pid): ["trace", "\(pid)"]
        case .traceLazily(let pid): ["trace-lazily", "\(pid)"]
        case .enterWithoutReaping(let pid, let words): ["enter", "\(pid)"] + words
        case .ignoreTERM(let count): ["ignore", "\(count)"]
        case .forkBomb(let most): ["forks", "\(most)"]
        case .burn(let count): ["burn", "\(count)"]
        case .grow(let megabytes): ["grow", "\(megabytes)"]
        case .serveFiles: ["nfs"]
        case .askForFileSystem(let major, let minor): ["ustat", "\(major)", "\(minor)"]
        case .orphan(let path): ["orphan", path]
        case .holdPipe(let fifo, let file): ["pipe", fifo, file]
        }
    }

    /// The program, static: it runs in any root file system.
    public static func program() throws -> String { try BuiltProduct.path("quell-misbehave") }

    /// Starts it in a control group of its own; returns once it is so.
    public func start() throws -> MisbehavingProcess { try MisbehavingProcess(self) }
}

/// A misbehaving child of the test, with whatever it started. Going away, all of it is killed.
public final class MisbehavingProcess: Sendable {
    public let process: OwnedProcess
    public let group: TestCgroup
    /// The child it told of, in our PID namespace, or the port that it serves.
    public let child: Int32?
    public var pid: Int32 { process.pid }

    init(_ behaviour: Misbehaviour) throws {
        group = try TestCgroup()
        process = try OwnedProcess(try Misbehaviour.program(), behaviour.arguments, in: group.cgroup)
        let words = try process.nextLine().split(separator: " ")
        guard words.first == "ready" else { throw TestFailure("\(behaviour): \(words)") }
        child = words.count > 1 ? Int32(words[1]) : nil
    }

    deinit {
        do {
            try group.cgroup.kill()
            try process.kill()
        } catch {
            print("cannot end process \(pid): \(error)")
        }
    }
}

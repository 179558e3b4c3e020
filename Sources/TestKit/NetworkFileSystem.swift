internal import Lifecycle
internal import Linux

/// A file system of an NFS server that can be stopped: whoever asks it then waits, and who has written and is killed is in D
/// (LINUX.md 20). It has one file, `data`.
///
/// A keeper process unmounts it, by force where that is needed, whatever becomes of the test.
public final class NetworkFileSystem: Sendable {
    /// The mount point; anybody may write there.
    public let path: String
    public var file: String { path + "/data" }
    /// The process of its server.
    public var server: Int32 { process.pid }
    private let process: MisbehavingProcess
    private let directory: TemporaryDirectory
    private let keeper: OwnedProcess

    /// Mounted, and its server answers.
    public init() throws {
        directory = try TemporaryDirectory("nfs")
        path = try directory.makeDirectory("mount")
        process = try Misbehaviour.serveFiles.start()
        keeper = try OwnedProcess(
            "/bin/sh", ["-c", NetworkFileSystem.script, "keeper", "\(process.child ?? 0)", path],
            ending: .endOfInput(.seconds(20)))
        let line = try keeper.nextLine()
        guard line == "mounted" else { throw TestFailure("\(path): \(line)") }
    }

    /// Before the directory is removed, and before its server ends.
    deinit { keeper.end() }

    /// The kernel has an NFS client.
    public static let isSupported: Bool = {
        do { return try Procfs.hasFileSystem("nfs") } catch { return false }
    }()

    /// It answers nobody from now on.
    public func stop() throws {
        try process.process.send(.stop)
        let pid = server
        try eventually("the server is stopped") { try Procfs.status(of: pid).state == "T" }
    }

    public func goOn() throws { try process.process.send(.cont) }

    /// `-i`: the kernel asks for the file handle itself, no helper program is needed.
    private static let script = """
        exec 2>&1
        trap '' INT TERM HUP
        mount -i -t nfs -o "addr=127.0.0.1,port=$1,mountport=$1,vers=3,proto=tcp,mountproto=tcp,nolock,hard,timeo=600" \
            127.0.0.1:/ "$2" || exit 1
        echo mounted
        read -r word
        exec >/dev/null 2>&1
        for try in 1 2 3 4 5; do umount -f "$2" && exit 0; sleep 0.2; done
        umount -l "$2"
        """
}

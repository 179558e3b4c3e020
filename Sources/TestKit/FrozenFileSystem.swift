internal import Lifecycle
internal import Linux

/// An ext4 on a loop device that can be frozen (FIFREEZE): whoever writes then is in D until it is thawed (LINUX.md 19).
///
/// A keeper process mounts, freezes, thaws and unmounts it. It does so as well when the test is killed: its standard input
/// ends then. A frozen file system that was only unmounted lazily could be reached and thawed by nobody.
public final class FrozenFileSystem: Sendable {
    /// The mount point; anybody may write there.
    public let path: String
    /// A file that is there, and can be read though it is frozen.
    public var file: String { path + "/file" }
    private let directory: TemporaryDirectory
    private let keeper: OwnedProcess

    /// Mounted, and not frozen yet. Needs root, a loop device and mkfs.ext4.
    public init(megabytes: Int = 16) throws {
        directory = try TemporaryDirectory("frozen")
        path = try directory.makeDirectory("mount")
        let image = directory("image")
        keeper = try OwnedProcess(
            "/bin/sh", ["-c", FrozenFileSystem.script, "keeper", image, path, "\(megabytes)"],
            ending: .endOfInput(.seconds(20)))
        try expect("mounted")
    }

    /// Before the directory is removed: that detaches what is mounted there.
    deinit { keeper.end() }

    /// Mkfs and loop devices are there.
    public static let isSupported: Bool = {
        do {
            return try File.status(of: "/dev/loop-control") != nil && Procfs.hasFileSystem("ext4")
                && File.isExecutable("/sbin/mkfs.ext4")
        } catch { return false }
    }()

    public func freeze() throws {
        try keeper.say("freeze")
        try expect("frozen")
    }

    /// As an administrator would. One that is not frozen is no error.
    public func thaw() throws {
        try keeper.say("thaw")
        try expect("thawed")
    }

    private func expect(_ word: String) throws {
        let line = try keeper.nextLine()
        guard line == word else { throw TestFailure("\(path): \(line), not \(word)") }
    }

    /// No journal: its thread would have to be waited for.
    private static let script = """
        exec 2>&1
        trap '' INT TERM HUP
        truncate -s "$3M" "$1" && mkfs.ext4 -q -O ^has_journal "$1" && mount -o loop "$1" "$2" || exit 1
        chmod 1777 "$2"; echo content >"$2/file"; chmod 666 "$2/file"; echo mounted
        while read -r word; do
            case $word in
            freeze) fsfreeze -f "$2" && echo frozen ;;
            thaw) fsfreeze -u "$2" 2>/dev/null; echo thawed ;;
            esac
        done
        exec >/dev/null 2>&1
        fsfreeze -u "$2"
        for try in 1 2 3 4 5 6 7 8 9 10; do umount "$2" && exit 0; sleep 0.2; done
        umount -l "$2"
        """
}

extension Procfs {
    /// `/proc/filesystems` names it.
    static func hasFileSystem(_ type: String) throws(SystemError) -> Bool {
        let text = String(decoding: try File.read("/proc/filesystems"), as: UTF8.self)
        return text.split(separator: "\n").contains { $0.hasSuffix("\t" + type) }
    }
}

internal import Lifecycle
internal import Linux

/// An ext4 on a device-mapper device that can be suspended: whoever reads or writes then waits in the block layer.
///
/// As with `FrozenFileSystem` a keeper process resumes and removes it, whatever becomes of the test.
public final class SuspendedDevice: Sendable {
    /// The mount point; anybody may write there.
    public let path: String
    /// The name dmsetup knows.
    public let name: String
    private let directory: TemporaryDirectory
    private let keeper: OwnedProcess

    /// Mounted, and not suspended yet.
    public init(megabytes: Int = 16) throws {
        directory = try TemporaryDirectory("suspended")
        path = try directory.makeDirectory("mount")
        name = "quell-test-\(ProcessSelf.pid)"
        keeper = try OwnedProcess(
            "/bin/sh", ["-c", SuspendedDevice.script, "keeper", directory("image"), path, "\(megabytes)", name],
            ending: .endOfInput(.seconds(20)))
        try expect("mounted")
    }

    /// Before the directory is removed: that detaches what is mounted there.
    deinit { keeper.end() }

    /// The kernel has device-mapper, and dmsetup is installed.
    public static let isSupported: Bool = {
        do {
            let devices = String(decoding: try File.read("/proc/devices"), as: UTF8.self)
            return devices.contains(" device-mapper\n") && File.isExecutable("/sbin/dmsetup")
                && FrozenFileSystem.isSupported
        } catch { return false }
    }()

    /// Without freezing the file system on it: that would be another way to hang.
    public func suspend() throws {
        try keeper.say("suspend")
        try expect("suspended")
    }

    public func resume() throws {
        try keeper.say("resume")
        try expect("resumed")
    }

    private func expect(_ word: String) throws {
        let line = try keeper.nextLine()
        guard line == word else { throw TestFailure("\(path): \(line), not \(word)") }
    }

    private static let script = """
        exec 2>&1
        trap '' INT TERM HUP
        # Where no udev makes the device's node, dmsetup has to.
        [ -e /run/udev/control ] || export DM_DISABLE_UDEV=1
        truncate -s "$3M" "$1" && loop=$(losetup -f --show "$1") || exit 1
        remove() { dmsetup resume "$4"; umount "$2" || umount -l "$2"; dmsetup remove --retry "$4"; losetup -d "$loop"; }
        dmsetup create "$4" --table "0 $(($3 * 2048)) linear $loop 0" &&
            mkfs.ext4 -q -O ^has_journal "/dev/mapper/$4" && mount "/dev/mapper/$4" "$2" || { remove "$@"; exit 1; }
        chmod 1777 "$2"; echo mounted
        while read -r word; do
            case $word in
            suspend) dmsetup suspend --nolockfs --noflush "$4" && echo suspended ;;
            resume) dmsetup resume "$4"; echo resumed ;;
            esac
        done
        exec >/dev/null 2>&1
        remove "$@"
        """
}

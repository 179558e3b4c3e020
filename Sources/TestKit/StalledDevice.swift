public import Linux

/// An ext4 on a block device that can be made to complete nothing: a loop device on a file of a file system that is frozen. What is
/// in its cache can be read; whoever waits for the device is in D (LINUX.md 17, 19).
///
/// Its inode tables are written when it is made: the kernel would do that in the first seconds after the mount, by requests to zero
/// blocks, which a loop device hands on as fallocate(2) past the freeze, and completes.
///
/// As with `FrozenFileSystem` a keeper process thaws and removes it all, whatever becomes of the test.
public final class StalledDevice: Sendable {
    /// The mount point; anybody may write there.
    public let path: String
    /// `/dev/loop7`.
    public let device: String
    /// `loop7`.
    public var name: String { String(device.dropFirst("/dev/".count)) }
    private let directory: TemporaryDirectory
    private let keeper: OwnedProcess

    /// Mounted, and not stalled yet.
    public init() throws {
        directory = try TemporaryDirectory("stalled")
        path = try directory.makeDirectory("mount")
        let below = try directory.makeDirectory("below")
        keeper = try OwnedProcess(
            "/bin/sh", ["-c", StalledDevice.script, "keeper", directory("image"), below, path],
            ending: .endOfInput(.seconds(20)))
        device = try keeper.nextLine()
        guard device.hasPrefix("/dev/loop") else { throw TestFailure("\(path): \(device)") }
    }

    /// Before the directory is removed: that detaches what is mounted there.
    deinit { keeper.end() }

    public static var isSupported: Bool { FrozenFileSystem.isSupported }

    public func number() throws -> DeviceNumber {
        guard let mount = try Procfs.mountinfo().last(where: { $0.mountPoint == path }) else {
            throw TestFailure("\(path) is not mounted")
        }
        return mount.device
    }

    /// From now on it completes nothing.
    public func stall() throws { try say("stall", "stalled") }

    public func goOn() throws { try say("go", "going") }

    /// In the background: a change of how it is mounted, which writes what is dirty and holds the lock of the file system.
    public func remount() throws { try say("remount", "remounting") }

    /// It has requests that are not done.
    public func isWriting() throws -> Bool {
        let words = String(decoding: try File.read("/sys/block/\(name)/inflight"), as: UTF8.self).split {
            $0 == " " || $0 == "\n"
        }
        return words.contains { $0 != "0" }
    }

    private func say(_ word: String, _ answer: String) throws {
        try keeper.say(word)
        let line = try keeper.nextLine()
        guard line == answer else { throw TestFailure("\(path): \(line), not \(answer)") }
    }

    private static let script = """
        exec 2>&1
        trap '' INT TERM HUP
        image=$1 below=$2 path=$3 loop=
        remove() {
            fsfreeze -u "$below"
            for try in 1 2 3 4 5 6 7 8 9 10; do umount "$path" && break; sleep 0.2; done
            umount -l "$path"
            [ -z "$loop" ] || losetup -d "$loop"
            for try in 1 2 3 4 5 6 7 8 9 10; do umount "$below" && break; sleep 0.2; done
            umount -l "$below"
        }
        truncate -s 48M "$image" && mkfs.ext4 -q -O ^has_journal "$image" && mount -o loop "$image" "$below" &&
            truncate -s 32M "$below/disk" && loop=$(losetup -f --show "$below/disk") &&
            mkfs.ext4 -q -O ^has_journal -E lazy_itable_init=0 "$loop" && mount "$loop" "$path" || { remove; exit 1; }
        chmod 1777 "$path"; echo content >"$path/file"; chmod 666 "$path/file"; sync -f "$path"; echo "$loop"
        while read -r word; do
            case $word in
            stall) fsfreeze -f "$below" && echo stalled ;;
            go) fsfreeze -u "$below"; echo going ;;
            remount)
                echo dirty >"$path/dirt"
                mount -o remount,ro "$path" >/dev/null &
                echo remounting ;;
            esac
        done
        exec >/dev/null 2>&1
        remove
        """
}

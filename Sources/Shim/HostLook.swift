internal import Lifecycle
internal import Linux

/// Calls on paths of the host that may hang for ever, made by a child that the engine can leave behind: whoever sleeps in
/// a hung file system is then this process and not the engine, which must be able to end at any instant.
///
///     look PATH                    it is there, its links followed; says where they lead
///     make PATH                    as look; where nothing is, a directory is made, with its parents
///     devices PATH                 a line for each device node there: c|b MAJOR MINOR MODE UID GID NAME
///     bind VOLUME SUBPATH TARGET   mounts what SUBPATH is inside the volume at TARGET
///     bind-into DIRECTORY SUBPATH ROOT TARGET
///                                  mounts what SUBPATH is inside the directory at TARGET inside the root
///     release-memory PID           gives back the memory of a process that was killed and has not ended (always safe)
///     reclaim CGROUP               asks the kernel for what memory of the control group it can have
///
/// Exit status 0; or 1 and one line, the errno and the fault in words; 2 for wrong arguments.
public enum HostLook {
    public static func run(_ words: [String]) -> Int32 {
        do throws(SystemError) {
            switch (words.first, words.count) {
            case ("look", 2): try look(words[1])
            case ("make", 2): try make(words[1])
            case ("devices", 2): try say(try devices(at: words[1]))
            case ("bind", 4): try bind(volume: words[1], words[2], at: words[3])
            case ("bind-into", 5): try bind(from: words[1], words[2], into: words[3], at: words[4])
            case ("release-memory", 2):
                guard let pid = Int32(words[1]), pid > 0 else { return try usage() }
                try Pidfd(opening: pid).releaseMemory()
            case ("reclaim", 2):
                guard words[1].hasPrefix("/") else { return try usage() }
                try Cgroup(words[1], on: try CgroupHost.detect()).reclaimMemory()
            default: return try usage()
            }
            return 0
        } catch {
            // Nobody is left to tell when this fails.
            do throws(SystemError) { try say("\(error.errno) \(error)") } catch {}
            return 1
        }
    }

    private static func usage() throws(SystemError) -> Int32 {
        try say(
            """
            usage: quell-shim look|make|devices PATH, quell-shim bind VOLUME SUBPATH TARGET,
            quell-shim bind-into DIRECTORY SUBPATH ROOT TARGET,
            quell-shim release-memory PID, quell-shim reclaim CGROUP
            """)
        return 2
    }

    private static func say(_ text: String) throws(SystemError) { try Descriptor.writeAll(1, Array(text.utf8)) }

    private static func look(_ path: String) throws(SystemError) {
        if try File.status(of: path) == nil { throw SystemError("stat", path, errno: 2) }
        try sayPlace(of: path)
    }

    private static func make(_ path: String) throws(SystemError) {
        if try File.status(of: path) == nil { try File.makeDirectories(path) }
        try sayPlace(of: path)
    }

    private static func sayPlace(of path: String) throws(SystemError) {
        let place = try File.open(path, .path)
        try say(try File.readLink("/proc/self/fd/\(place.raw)"))
    }

    // MARK: a part of a volume

    /// What is in a volume is the container's: its links lead nowhere outside, and what was found here once cannot be
    /// changed for something else, as it is mounted by its handle.
    private static func bind(volume: String, _ subpath: String, at target: String) throws(SystemError) {
        let found = try RootedDirectory(volume).open(subpath, .path)
        try clear(target)
        if try File.status(of: found).kind == .directory {
            try File.makeDirectories(target, mode: 0o700)
        } else {
            try File.makeDirectories(String(target[..<(target.lastIndex(of: "/") ?? target.startIndex)]), mode: 0o700)
            try File.open(target, [.writeOnly, .create]).close()
        }
        try Mount.bind("/proc/self/fd/\(found.raw)", at: target)
    }

    /// Both ends are found by handle, so that no link on the way leads out of the root, or changes afterwards.
    private static func bind(
        from directory: String, _ subpath: String, into root: String, at target: String
    ) throws(SystemError) {
        let found = try RootedDirectory(directory).open(subpath, .path)
        let isDirectory = try File.status(of: found).kind == .directory
        let root = try RootedDirectory(root)
        if try root.status(of: target) == nil {
            let parent = String(target[..<(target.lastIndex(of: "/") ?? target.startIndex)])
            try root.makeDirectories(isDirectory ? target : parent)
            if !isDirectory { try root.open(target, [.writeOnly, .create]).close() }
        }
        let place = try root.open(target, .path)
        try Mount.bind("/proc/self/fd/\(found.raw)", at: "/proc/self/fd/\(place.raw)")
    }

    /// Of an earlier run, which may have found something of another kind.
    private static func clear(_ target: String) throws(SystemError) {
        while try Mount.isMountPoint(target) { try Mount.unmount(target, lazily: true) }
        guard let old = try File.status(of: target, following: false) else { return }
        if old.kind == .directory { try File.removeDirectory(target) } else { try File.unlink(target) }
    }

    // MARK: devices

    /// What a container has of its own, or must not see.
    private static let left: Set<String> = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"]

    /// Of the node itself (its name is empty), or of all nodes below a directory. ENODEV for anything else.
    private static func devices(at path: String) throws(SystemError) -> String {
        guard let status = try File.status(of: path) else { throw SystemError("stat", path, errno: 2) }
        if let line = line(status, "") { return line }
        guard status.kind == .directory else { throw SystemError("stat", path, errno: 19) }
        var lines = ""
        var waiting = [""]
        while let directory = waiting.popLast() {
            for entry in try File.list(path + directory) where !left.contains(entry.name) {
                let name = "\(directory)/\(entry.name)"
                if entry.kind == .directory { waiting.append(name) }
                guard entry.kind == .characterDevice || entry.kind == .blockDevice, !name.contains("\n") else {
                    continue
                }
                if let status = try File.status(of: path + name, following: false) { lines += line(status, name) ?? "" }
            }
        }
        return lines
    }

    private static func line(_ status: FileStatus, _ name: String) -> String? {
        guard status.kind == .characterDevice || status.kind == .blockDevice else { return nil }
        let kind = status.kind == .characterDevice ? "c" : "b"
        let (device, mode) = (status.special, status.mode & 0o7777)
        return "\(kind) \(device.major) \(device.minor) \(mode) \(status.uid) \(status.gid) \(name)\n"
    }
}

internal import CLinux

/// Flags of mount(2).
public struct MountFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }

    public static let readOnly = MountFlags(rawValue: 1)
    public static let noSetUID = MountFlags(rawValue: 2)
    public static let noDevices = MountFlags(rawValue: 4)
    public static let noExecution = MountFlags(rawValue: 8)
    public static let remount = MountFlags(rawValue: 32)
    public static let noAccessTime = MountFlags(rawValue: 1024)
    public static let bind = MountFlags(rawValue: 4096)
    public static let recursive = MountFlags(rawValue: 16384)
}

public enum MountPropagation: UInt, Hashable, Sendable {
    case `private` = 0x40000
    case slave = 0x80000
    case shared = 0x100000
    case unbindable = 0x20000
}

/// An overlay, as data.
public struct OverlayMount: Hashable, Sendable {
    /// Topmost first; at least one.
    public var lower: [String]
    /// Both or neither; neither is a read-only mount.
    public var upper: String?
    public var work: String?
    /// `index=off`, `metacopy=off` and so on.
    public var options: [String]

    public init(lower: [String], upper: String? = nil, work: String? = nil, options: [String] = []) {
        (self.lower, self.upper, self.work, self.options) = (lower, upper, work, options)
    }

    /// The text mount(2) takes. A comma, a colon or a backslash in a path is escaped.
    var text: String {
        var parts = ["lowerdir=" + lower.map { OverlayMount.escaped($0, colon: true) }.joined(separator: ":")]
        if let upper { parts.append("upperdir=" + OverlayMount.escaped(upper, colon: false)) }
        if let work { parts.append("workdir=" + OverlayMount.escaped(work, colon: false)) }
        return (parts + options).joined(separator: ",")
    }

    private static func escaped(_ path: String, colon: Bool) -> String {
        var result = ""
        for character in path.unicodeScalars {
            if character == "\\" || character == "," || (colon && character == ":") { result.append("\\") }
            result.unicodeScalars.append(character)
        }
        return result
    }
}

/// Mounting and unmounting. All of it can hang on a hung file system or its server.
public enum Mount {
    public static func mount(
        _ source: String, type: String, at target: String, flags: MountFlags = [], options: String = ""
    ) throws(SystemError) {
        // SAFETY: the strings live through the call.
        let result = unsafe clinux_mount(source, target, type, flags.rawValue, options)
        try check(result, "mount \(type) on", target)
    }

    /// More than a page of options (many or long layers) goes through the new mount calls (lowerdir+: 6.5).
    public static func overlay(_ overlay: OverlayMount, at target: String, flags: MountFlags = []) throws(SystemError) {
        precondition(!overlay.lower.isEmpty && (overlay.upper == nil) == (overlay.work == nil))
        if overlay.text.utf8.count < 4096 {
            try mount("overlay", type: "overlay", at: target, flags: flags, options: overlay.text)
        } else {
            try overlayInSteps(overlay, at: target, flags: flags)
        }
    }

    private static func overlayInSteps(
        _ overlay: OverlayMount, at target: String, flags: MountFlags
    ) throws(SystemError) {
        // SAFETY: here and below: the strings live through the call.
        let context = OwnedDescriptor(adopting: try check(unsafe clinux_fsopen("overlay"), "fsopen", "overlay"))
        func set(_ key: String, _ value: String) throws(SystemError) {
            let result = unsafe clinux_fsconfig_string(context.raw, key, value)
            try check(result, "mount overlay: \(key)=", value)
        }
        for layer in overlay.lower { try set("lowerdir+", layer) }
        if let upper = overlay.upper { try set("upperdir", upper) }
        if let work = overlay.work { try set("workdir", work) }
        for option in overlay.options {
            let halves = option.split(separator: "=", maxSplits: 1)
            try set(String(halves[0]), halves.count == 2 ? String(halves[1]) : "on")
        }
        try check(clinux_fsconfig_create(context.raw), "mount overlay on", target)
        // The first attributes have the same numbers as the flags: MOUNT_ATTR_RDONLY, NOSUID, NODEV, NOEXEC.
        let attributes = UInt32(truncatingIfNeeded: flags.rawValue & 0xf)
        let tree = OwnedDescriptor(
            adopting: try check(clinux_fsmount(context.raw, attributes), "fsmount overlay for", target))
        try check(unsafe clinux_move_mount(tree.raw, target), "move_mount overlay to", target)
    }

    public static func bind(_ source: String, at target: String, recursively: Bool = true) throws(SystemError) {
        let flags = MountFlags.bind.union(recursively ? .recursive : [])
        // SAFETY: the strings live through the call.
        try check(unsafe clinux_mount(source, target, nil, flags.rawValue, nil), "bind \(source) on", target)
    }

    /// Changes the flags of a bind mount alone, not those of its file system.
    public static func remountBind(at target: String, flags: MountFlags) throws(SystemError) {
        let all = flags.union([.bind, .remount]).rawValue
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_mount(nil, target, nil, all, nil), "remount", target)
    }

    /// `size=64m,mode=1777`.
    public static func tmpfs(
        at target: String, options: String = "", flags: MountFlags = [.noSetUID, .noDevices]
    ) throws(SystemError) {
        try mount("tmpfs", type: "tmpfs", at: target, flags: flags, options: options)
    }

    public static func proc(at target: String) throws(SystemError) {
        try mount("proc", type: "proc", at: target, flags: [.noSetUID, .noDevices, .noExecution])
    }

    public static func setPropagation(
        _ propagation: MountPropagation, at target: String, recursively: Bool = false
    ) throws(SystemError) {
        let flags = propagation.rawValue | (recursively ? MountFlags.recursive.rawValue : 0)
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_mount(nil, target, nil, flags, nil), "set propagation of", target)
    }

    /// umount2(2), without following a link at the end. `lazily`: detached now, gone when nobody uses it (MNT_DETACH).
    /// EBUSY when it is in use, be it by a child of ours that has not executed its program yet; EINVAL when it is no mount
    /// point.
    public static func unmount(
        _ target: String, lazily: Bool = false, force: Bool = false
    ) throws(SystemError) {
        let flags = CLINUX_UMOUNT_NOFOLLOW | (lazily ? CLINUX_MNT_DETACH : 0) | (force ? CLINUX_MNT_FORCE : 0)
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_unmount(target, flags), "unmount", target)
    }

    /// Our mounts at `prefix` and below it, in the order they were mounted. Touches none of them.
    public static func list(under prefix: String) throws(SystemError) -> [MountInfo] {
        let below = prefix.hasSuffix("/") ? prefix : prefix + "/"
        return try Procfs.mountinfo().filter { $0.mountPoint == prefix || $0.mountPoint.hasPrefix(below) }
    }

    /// By mountinfo: touches no file system.
    public static func isMountPoint(_ path: String) throws(SystemError) -> Bool {
        try Procfs.mountinfo().contains { $0.mountPoint == path }
    }

    /// Detaches every mount at and below `prefix`, last one first. All is tried; then the first failure is thrown.
    public static func unmountAll(under prefix: String) throws(SystemError) {
        var first: SystemError?
        for mount in try list(under: prefix).reversed() {
            do throws(SystemError) { try unmount(mount.mountPoint, lazily: true) } catch {
                // EINVAL: it went with the one above it.
                if error.errno != CLinux.EINVAL && first == nil { first = error }
            }
        }
        if let first { throw first }
    }
}

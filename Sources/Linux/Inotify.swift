internal import CLinux

/// Tells that something happened to a directory or a file (inotify(7)), not what: look yourself.
public struct Inotify: ~Copyable, Sendable {
    public struct Events: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// A file in it was written to.
        public static let modify = Events(rawValue: 0x2)
        public static let closeWrite = Events(rawValue: 0x8)
        public static let movedFrom = Events(rawValue: 0x40)
        public static let movedTo = Events(rawValue: 0x80)
        public static let create = Events(rawValue: 0x100)
        public static let delete = Events(rawValue: 0x200)
        public static let deleteSelf = Events(rawValue: 0x400)
        public static let moveSelf = Events(rawValue: 0x800)
    }

    /// Non-blocking. For poll sets: readable once something happened.
    public let descriptor: OwnedDescriptor

    /// ENOENT when it is not there; ENOSPC when the user's watches are used up.
    public init(
        watching path: String, events: Events = [.modify, .create, .movedTo, .moveSelf, .deleteSelf]
    ) throws(SystemError) {
        let queue = OwnedDescriptor(adopting: try check(clinux_inotify(), "inotify_init1"))
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_inotify_add(queue.raw, path, events.rawValue), "inotify_add_watch", path)
        descriptor = queue
    }

    /// Reads away what has happened so far. Returns whether there was anything.
    @discardableResult
    public borrowing func drain() throws(SystemError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var any = false
        while case .bytes = try descriptor.read(into: &buffer) { any = true }
        return any
    }
}

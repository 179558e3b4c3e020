internal import CLinux

/// Tells that something happened to directories and files (inotify(7)), not what: look yourself.
///
/// A user has few of these (fs.inotify.max_user_instances, 128 by default), but many watches: share one.
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

        fileprivate static let overflow = Events(rawValue: 0x4000)
        fileprivate static let ignored = Events(rawValue: 0x8000)
    }

    /// What is watched. The numbers of one queue are not used again.
    public struct Watch: Hashable, Sendable { fileprivate let number: Int32 }

    /// What happened since the last look.
    public struct News: Hashable, Sendable {
        public init() {}

        public var changed: Set<Watch> = []
        /// They are over: what they watched is gone.
        public var ended: Set<Watch> = []
        /// More happened than the kernel kept; it may concern everything.
        public var isIncomplete = false
    }

    /// Non-blocking. For poll sets: readable once something happened.
    public let descriptor: OwnedDescriptor

    /// EMFILE when the user has too many of them.
    public init() throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try check(clinux_inotify(), "inotify_init1"))
    }

    /// What is watched already gets no second watch: the same one comes back. ENOENT when it is not there; ENOSPC when the
    /// user's watches are used up.
    public borrowing func watch(
        _ path: String, for events: Events = [.modify, .create, .movedTo, .moveSelf, .deleteSelf]
    ) throws(SystemError) -> Watch {
        // SAFETY: the string lives through the call.
        let result = unsafe clinux_inotify_add(descriptor.raw, path, events.rawValue)
        return Watch(number: try check(result, "inotify_add_watch", path))
    }

    /// One that has ended by itself is fine.
    public borrowing func forget(_ watch: Watch) throws(SystemError) {
        let result = clinux_inotify_remove(descriptor.raw, watch.number)
        if result == -CLinux.EINVAL { return }
        try check(result, "inotify_rm_watch")
    }

    /// Reads away what has happened so far.
    public borrowing func read() throws(SystemError) -> News {
        var news = News()
        var buffer = [UInt8](repeating: 0, count: 16384)
        while case .bytes(let count) = try descriptor.read(into: &buffer) {
            var rest = buffer[..<count]
            // struct inotify_event: watch, mask, cookie, length of the name that follows; each of four bytes.
            while rest.count >= 16 {
                let words = (0..<4).map { Inotify.word(rest, at: $0) }
                let (watch, mask) = (Watch(number: Int32(bitPattern: words[0])), Events(rawValue: words[1]))
                if mask.contains(.overflow) {
                    news.isIncomplete = true
                } else if mask.contains(.ignored) {
                    news.ended.insert(watch)
                } else {
                    news.changed.insert(watch)
                }
                rest = rest.dropFirst(16 + Int(words[3]))
            }
        }
        return news
    }

    private static func word(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt32 {
        let start = bytes.startIndex + index * 4
        return bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

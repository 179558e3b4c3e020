import Lifecycle
import Linux
import Synchronization

/// The current log file, kept open over its rotation.
final class OpenLog: Sendable {
    private let descriptor: OwnedDescriptor
    let inode: UInt64
    /// When it was opened.
    let size: UInt64
    private let isBounded: Bool
    /// Bytes that may still be read.
    private let left: Mutex<UInt64>

    /// `bounded`: only what is in it now is given, whatever is still written to it.
    init?(_ path: String, bounded: Bool = false) throws(SystemError) {
        do throws(SystemError) { descriptor = try File.open(path, .readOnly) } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let status = try File.status(of: descriptor)
        (inode, size, isBounded) = (status.inode, status.size, bounded)
        left = Mutex(bounded ? status.size : .max)
    }

    /// Reads begin there.
    func begin(at offset: UInt64) throws(SystemError) {
        try descriptor.seek(to: Int64(offset))
        if isBounded { left.withLock { $0 = size - min(size, offset) } }
    }

    /// Reads end there.
    func end(at offset: UInt64) { left.withLock { $0 = offset } }

    /// What comes before that place, at most so much; for one who has not begun to read.
    func bytes(before end: UInt64, atMost count: Int) throws(SystemError) -> [UInt8] {
        let start = end - min(end, UInt64(count))
        try descriptor.seek(to: Int64(start))
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(1, Int(end - start)))
        while all.count < Int(end - start) {
            guard case .bytes(let count) = try descriptor.read(into: &buffer) else { break }
            all += buffer[..<min(count, Int(end - start) - all.count)]
        }
        return all
    }

    /// What was written since the last read, at most a quarter of a megabyte.
    func read() throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while all.count < 256 << 10 {
            guard case .bytes(let count) = try descriptor.read(into: &buffer) else { break }
            let wanted = left.withLock { left in
                let wanted = min(left, UInt64(count))
                left -= wanted
                return Int(wanted)
            }
            all += buffer[..<wanted]
            if wanted < count { break }
        }
        return all
    }

    /// The rotated files, oldest first, and the current one, as far as they are there.
    static func all(_ path: String, bounded: Bool) throws(SystemError) -> [OpenLog] {
        var files: [OpenLog] = []
        if let current = try OpenLog(path, bounded: bounded) { files.append(current) }
        var number = 1
        while let rotated = try OpenLog("\(path).\(number)") {
            // A rotation in between moves a file that is open already.
            if !files.contains(where: { $0.inode == rotated.inode }) { files.append(rotated) }
            number += 1
        }
        return files.reversed()
    }

    /// What the held file has still to give; when it is read to its end, the beginning of the one after it: the known
    /// successor, or (where a path is given) what has taken its place.
    static func more(
        _ held: OpenLog?, _ successor: OpenLog?, _ path: String?
    ) throws(SystemError) -> (bytes: [UInt8], fresh: OpenLog?) {
        guard let held else {
            guard let fresh = try next(successor, path) else { return ([], nil) }
            return (try fresh.read(), fresh)
        }
        // The look at the name comes first: what is found at its end afterwards was the old file's last.
        var isReplaced = successor != nil
        if !isReplaced, let path, let status = try File.status(of: path) { isReplaced = status.inode != held.inode }
        let bytes = try held.read()
        guard bytes.isEmpty, isReplaced, let fresh = try next(successor, path) else { return (bytes, nil) }
        return (try fresh.read(), fresh)
    }

    private static func next(_ successor: OpenLog?, _ path: String?) throws(SystemError) -> OpenLog? {
        if let successor { return successor }
        guard let path else { return nil }
        return try OpenLog(path)
    }
}

/// Where a reader begins.
struct LogStart: Sendable {
    var file: OpenLog?
    var later: [OpenLog] = []

    /// With the first of these.
    init(_ files: [OpenLog]) {
        file = files.first
        later = Array(files.dropFirst())
    }
}

/// The part of a log before a place in it, which may have been given other names since.
struct LogPast: Sendable {
    /// Opened before the place was asked for: what is held cannot give its number to another file.
    let held: [OpenLog]
    let position: LogPosition

    /// `files`: as they are called now.
    func files(among files: [OpenLog]) -> [OpenLog] {
        let known = Set(held.map(\.inode))
        let all = held + files.filter { !known.contains($0.inode) }
        // Rotated away since, with all before it; or there is no file.
        guard let last = all.firstIndex(where: { $0.inode == position.inode }) else {
            return position.inode == nil ? all : []
        }
        all[last].end(at: position.offset)
        return Array(all[...last])
    }
}

import Lifecycle
import Linux
import Synchronization

/// The current log file, kept open over its rotation.
final class OpenLog: Sendable {
    private let descriptor: OwnedDescriptor
    private let inode: UInt64

    init?(_ path: String) throws(SystemError) {
        do throws(SystemError) { descriptor = try File.open(path, .readOnly) } catch {
            if error.isNotFound { return nil }
            throw error
        }
        inode = try File.status(of: descriptor).inode
    }

    /// What was written since the last read, at most a megabyte.
    func read() throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while all.count < 1 << 20 {
            guard case .bytes(let count) = try descriptor.read(into: &buffer) else { break }
            all += buffer[..<count]
        }
        return all
    }

    /// What the held file has still to give; when it is read to its end and another has its place, that one.
    static func more(_ held: OpenLog?, _ path: String) throws(SystemError) -> (bytes: [UInt8], fresh: OpenLog?) {
        guard let held else {
            guard let fresh = try OpenLog(path) else { return ([], nil) }
            return (try fresh.read(), fresh)
        }
        // The look at the name comes first: what is found at its end afterwards was the old file's last.
        let isReplaced = try File.status(of: path).map { $0.inode != held.inode } ?? false
        let bytes = try held.read()
        guard bytes.isEmpty, isReplaced, let fresh = try OpenLog(path) else { return (bytes, nil) }
        return (try fresh.read(), fresh)
    }
}

/// The part of a log that is there when a reader comes.
struct LogStart: Sendable {
    var lines: [LogLine]
    /// With the beginning of a line that is not whole yet.
    var cutter: LineCutter
    var file: OpenLog?

    static func read(_ path: String, _ options: LogOptions) throws(SystemError) -> LogStart {
        var start = LogStart(lines: [], cutter: LineCutter(), file: nil)
        var rotated: [String] = []
        while try File.status(of: "\(path).\(rotated.count + 1)") != nil {
            rotated.append("\(path).\(rotated.count + 1)")
        }
        for name in rotated.reversed() {
            guard let file = try OpenLog(name) else { continue }
            var cutter = LineCutter()
            try start.take(file, &cutter, options)
        }
        var cutter = LineCutter()
        if let file = try OpenLog(path) {
            try start.take(file, &cutter, options)
            start.file = file
        }
        start.cutter = cutter
        return start
    }

    private mutating func take(_ file: OpenLog, _ cutter: inout LineCutter, _ options: LogOptions) throws(SystemError) {
        while true {
            let bytes = try file.read()
            if bytes.isEmpty { return }
            for line in cutter.add(bytes[...]).compactMap(LogLine.init) where LogSelection.wants(line, options) {
                lines.append(line)
            }
            if let tail = options.tail { keepLast(tail) }
        }
    }

    /// Pieces of one long line count as one.
    private mutating func keepLast(_ count: Int) {
        var left = count
        var index = lines.count
        while index > 0 {
            if lines[index - 1].text.last == 10 || index == lines.count {
                if left == 0 { break }
                left -= 1
            }
            index -= 1
        }
        lines.removeFirst(index)
    }
}

/// Tells when a log is written to or replaced.
final class LogWatch: Sendable {
    private let inotify: Inotify
    private let promise = Mutex(Promise<Void>())
    private let token = Mutex<Reactor.Token?>(nil)
    private let reactor: Reactor

    /// Watches the directory: the file may not be there yet, and is replaced when it is rotated.
    init(_ path: String, _ reactor: Reactor) throws(SystemError) {
        self.reactor = reactor
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        inotify = try Inotify(watching: directory)
        token.withLock { $0 = reactor.register(inotify.descriptor.raw, .readable) { [weak self] _ in self?.changed() } }
    }

    deinit { end() }

    /// Comes at the next change from now on.
    func change() -> Promise<Void> { promise.withLock { $0 } }

    private func changed() {
        // A failure to read is found again by the log's own read.
        do throws(SystemError) { try inotify.drain() } catch { end() }
        let old = promise.withLock { current in
            defer { current = Promise() }
            return current
        }
        old.resolve(())
    }

    func end() {
        if let token = token.withLock({ $0.take() }) { reactor.unregister(token) }
    }
}

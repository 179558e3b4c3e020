import APITypes
import Lifecycle
import Linux
import Synchronization

/// Reads a json-file log: the rotated files, oldest first, then the current one, and what is still written to it.
actor LogReader {
    private let container: Container
    private let options: LogOptions
    private let path: String
    /// What each line begins with, after its time.
    private let details: [UInt8]
    /// What is read now, and what comes after it.
    private var file: OpenLog?
    private var later: [OpenLog] = []
    /// Looks for the last lines, where only those are wanted, before anything is read.
    private var tail: LogTail?
    private var pending: ArraySlice<OutputChunk> = []
    private var cutter = LineCutter()
    private var watch: LogWatches.Interest?
    private var endings: Task<Void, Never>?
    private var finished = false
    /// Something may have changed: the file, or the container's state; or the reader is closed.
    private nonisolated let news = NewsSignal()
    /// Lines that are there already are given together, up to this many bytes.
    private static let piece = 32 << 10
    /// How long news are waited for before the file is looked at all the same: inotify's queue can overflow, and a change
    /// that was not told must not hold a line back for ever. Doubled while nothing comes.
    private static let firstQuiet = Duration.seconds(1)
    private static let longestQuiet = Duration.seconds(32)
    private var quiet = firstQuiet

    /// - Parameter past: only what comes before that place.
    static func open(
        _ container: Container, _ options: LogOptions, past: LogPast? = nil
    ) async throws(EngineError) -> LogReading {
        try checkReadable(container)
        let reader = LogReader(container, options)
        try await reader.begin(past)
        return LogReading(
            isTerminal: container.snapshot.document.config.tty,
            output: OutputReader { () throws(EngineError) in
                try await reader.next()
            } cancel: {
                Task { await reader.close() }
            })
    }

    static func checkReadable(_ container: Container) throws(EngineError) {
        guard container.snapshot.document.host.logConfig?.type != "none" else {
            throw .unsupported("configured logging driver does not support reading")
        }
    }

    private init(_ container: Container, _ options: LogOptions) {
        (self.container, self.options) = (container, options)
        path = container.paths.log
        details = options.details ? Array("\(LogDetails.text(container.snapshot.document)) ".utf8) : []
    }

    /// Opens all files now, so that a rotation loses nothing.
    private func begin(_ past: LogPast?) async throws(EngineError) {
        let (path, options, watches) = (path, options, container.core.logWatches)
        if options.follow {
            watch = try attempt { () throws(SystemError) in
                try watches.interest(in: path) { [news] in news.raise() }
            }
            // Before the first look at the container: its end is either seen there or told.
            let first = await container.wait(.nextExit)
            endings = Task { [news, container] in await LogReader.tellEndings(of: container, from: first, to: news) }
        }
        let files = try await Blocking.run(.logs) { () throws(EngineError) in
            try attempt("read the log") { () throws(SystemError) in
                let files = try OpenLog.all(path, bounded: !options.follow && past == nil)
                return past?.files(among: files) ?? files
            }
        }
        if options.tail == nil { begin(LogStart(files)) } else { tail = LogTail(files, options) }
    }

    private func begin(_ start: LogStart) { (file, later, tail) = (start.file, start.later, nil) }

    /// A step at a time, so that whoever leaves ends it.
    private func findTail() async throws(EngineError) {
        while let before = tail, !finished {
            let (after, start) = try await Blocking.run(.logs) { () throws(EngineError) in
                try attempt("read the log") { () throws(SystemError) in
                    var tail = before
                    let start = try tail.step()
                    return (tail, start)
                }
            }
            tail = after
            if let start { begin(start) }
        }
    }

    private func chunk(_ line: LogLine) -> OutputChunk {
        OutputChunk(
            stream: line.stream, bytes: (options.timestamps ? Array("\(line.time) ".utf8) : []) + details + line.text)
    }

    private func next() async throws(EngineError) -> OutputChunk? {
        try await findTail()
        while true {
            if let piece = nextPiece() { return piece }
            if finished { return nil }
            // Before the look: what is written after it is announced.
            news.lower()
            let over = !container.snapshot.isActive && container.snapshot.live != .restarting
            if try await readMore() { continue }
            if over || !options.follow {
                finished = true
                continue
            }
            await news.raised(within: quiet, on: container.core.reactor)
            quiet = min(quiet * 2, LogReader.longestQuiet)
        }
    }

    private func nextPiece() -> OutputChunk? {
        guard var piece = pending.popFirst() else { return nil }
        while let next = pending.first, next.stream == piece.stream,
            piece.bytes.count + next.bytes.count <= LogReader.piece
        {
            piece.append(line: next)
            pending.removeFirst()
        }
        return piece
    }

    /// What one look brought.
    private struct Look: Sendable {
        var lines: [LogLine]
        var isEmpty: Bool
        /// The last line is younger than what is wanted; the log is in the order of time.
        var isPast: Bool
        var fresh: OpenLog?
        var cutter: LineCutter
    }

    /// True when it brought lines, or when a new file has taken the place of the one that was read to its end.
    private func readMore() async throws(EngineError) -> Bool {
        // A line that was found resets the pause between looks.
        defer { if !pending.isEmpty { quiet = LogReader.firstQuiet } }
        let (path, held, successor, options) = (options.follow ? path : nil, file, later.first, options)
        let before = cutter
        let look: Look = try await Blocking.run(.logs) { () throws(EngineError) in
            let (bytes, fresh) = try attempt("read the log") { () throws(SystemError) in
                try OpenLog.more(held, successor, path)
            }
            var cutter = fresh == nil ? before : LineCutter()
            let all = cutter.add(bytes[...]).compactMap(LogLine.init(parsing:))
            let lines = all.filter { LogSelection.wants($0, options) }
            var isPast = false
            if let until = options.until, let last = all.last.flatMap({ Timestamp($0.time) }) { isPast = last > until }
            return Look(lines: lines, isEmpty: bytes.isEmpty, isPast: isPast, fresh: fresh, cutter: cutter)
        }
        cutter = look.cutter
        if let fresh = look.fresh {
            file = fresh
            if !later.isEmpty { later.removeFirst() }
        }
        pending += look.lines.map(chunk)
        let isAtEnd = look.isEmpty && look.fresh == nil
        // Nothing that is wanted is still to come; of the past, all is read, in however many files it is.
        if let until = options.until, look.isPast || (isAtEnd && Timestamp.now > until) { finished = true }
        return !isAtEnd
    }

    private static func tellEndings(
        of container: Container, from first: Promise<WaitResponse>, to news: NewsSignal
    ) async {
        var ended = first
        while !Task.isCancelled {
            _ = await ended.value(orWhenCancelled: WaitResponse())
            if Task.isCancelled { break }
            // The next one is waited for before this one is told.
            ended = await container.wait(.nextExit)
            news.raise()
        }
        await container.forget(ended)
    }

    private func close() {
        finished = true
        endings?.cancel()
        watch?.end()
        watch = nil
        news.raise()
    }
}

/// Which lines a reader wants.
enum LogSelection {
    static func wants(_ line: LogLine, _ options: LogOptions) -> Bool {
        guard line.stream == .error ? options.stderr : options.stdout else { return false }
        if options.since == nil, options.until == nil { return true }
        guard let time = Timestamp(line.time) else { return true }
        if let since = options.since, time < since { return false }
        if let until = options.until, time > until { return false }
        return true
    }
}

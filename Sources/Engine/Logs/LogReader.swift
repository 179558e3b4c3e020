import APITypes
import Lifecycle
import Linux
import Synchronization

/// Reads a json-file log: the rotated files, oldest first, then the current one, and what is still written to it.
actor LogReader {
    private let container: Container
    private let options: LogOptions
    private let path: String
    /// What is read now, and what comes after it.
    private var file: OpenLog?
    private var later: [OpenLog] = []
    private var pending: ArraySlice<OutputChunk> = []
    private var cutter = LineCutter()
    private var watch: LogWatch?
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

    static func open(_ container: Container, _ options: LogOptions) async throws(EngineError) -> LogReading {
        let document = container.snapshot.document
        guard document.host.logConfig?.type != "none" else {
            throw .unsupported("configured logging driver does not support reading")
        }
        let reader = LogReader(container, options)
        try await reader.begin()
        return LogReading(
            isTerminal: document.config.tty,
            output: OutputReader { () throws(EngineError) in
                try await reader.next()
            } cancel: {
                Task { await reader.close() }
            })
    }

    private init(_ container: Container, _ options: LogOptions) {
        (self.container, self.options) = (container, options)
        path = container.paths.log
    }

    /// Opens all files now, so that a rotation loses nothing. For the last lines they are read through once.
    private func begin() async throws(EngineError) {
        let (path, options, reactor) = (path, options, container.core.reactor)
        if options.follow {
            watch = try attempt { () throws(SystemError) in
                try LogWatch(path, reactor) { [news] in news.raise() }
            }
            endings = Task { [news, container] in await LogReader.tellEndings(of: container, to: news) }
        }
        let start = try await Blocking.run { () throws(EngineError) in
            try attempt("read the log") { () throws(SystemError) in
                let files = try OpenLog.all(path, bounded: !options.follow)
                return options.tail == nil ? LogStart(files) : try LogStart.tail(files, options)
            }
        }
        (cutter, file, later) = (start.cutter, start.file, start.later)
        pending = start.lines.map(chunk)[...]
    }

    private func chunk(_ line: LogLine) -> OutputChunk {
        OutputChunk(
            stream: line.stream, bytes: options.timestamps ? Array("\(line.time) ".utf8) + line.text : line.text)
    }

    private func next() async throws(EngineError) -> OutputChunk? {
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
            piece.bytes += next.bytes
            pending.removeFirst()
        }
        return piece
    }

    /// True when it brought lines, or when a new file has taken the place of the one that was read to its end.
    private func readMore() async throws(EngineError) -> Bool {
        // A line that was found resets the pause between looks.
        defer { if !pending.isEmpty { quiet = LogReader.firstQuiet } }
        let (path, held, successor, options) = (options.follow ? path : nil, file, later.first, options)
        let (bytes, fresh) = try await Blocking.run { () throws(EngineError) in
            try attempt("read the log") { () throws(SystemError) in try OpenLog.more(held, successor, path) }
        }
        if let fresh {
            file = fresh
            cutter = LineCutter()
            if !later.isEmpty { later.removeFirst() }
        }
        for line in cutter.add(bytes[...]).compactMap(LogLine.init) where LogSelection.wants(line, options) {
            pending.append(chunk(line))
        }
        if let until = options.until, Timestamp.now > until { finished = true }
        return !bytes.isEmpty || fresh != nil
    }

    private static func tellEndings(of container: Container, to news: NewsSignal) async {
        while !Task.isCancelled {
            let ended = await container.wait(.nextExit)
            _ = await ended.value(orWhenCancelled: WaitResponse())
            await container.forget(ended)
            news.raise()
        }
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

import APITypes
import Client
import Lifecycle
import Linux

/// What a watch knows. Pure.
struct WatchBoard: Sendable {
    /// Lines about what happened that a live view keeps.
    static let kept = 8

    /// Without calls that are just being answered, such as our own.
    var jobs: [JobEntry] = [] {
        didSet { jobs.removeAll { $0.kind == "call" && !$0.overdue && $0.ageMs < 1000 } }
    }
    var stuck: [ContainerSummary] = []
    var lines: [String] = []
    /// When `jobs` was asked for.
    var seen: Instant?
    /// The daemon does not answer: since it was last seen.
    var isLost = false
    /// Containers whose end is awaited: ids.
    private var concerned: Set<String> = []

    /// Whether an event is about stops, or what hangs.
    mutating func concerns(_ event: EventMessage) -> Bool {
        let id = event.actor.id
        switch (event.type, event.action) {
        case ("job", _): return true
        case ("container", "kill"), ("container", "stuck"), ("container", "overdue"):
            concerned.insert(id)
            return true
        case ("container", "oom"), ("container", "stop"): return true
        case ("container", "die"): return concerned.remove(id) != nil
        case ("container", let action): return action.hasPrefix("release") || action.hasPrefix("quarantine")
        default: return false
        }
    }

    mutating func add(_ line: String) { lines = (lines + [line]).suffix(WatchBoard.kept) }

    /// Seconds since 1970, as the API takes them.
    static func stamp(_ nanoseconds: Int) -> String {
        let fraction = String(nanoseconds % 1_000_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
    }
}

/// The words of a watch. Pure.
enum WatchText {
    /// `21:20:31 web: stuck: 1 task alive`
    static func line(_ event: EventMessage) -> String {
        let attributes = event.actor.attributes
        let subject = attributes["name"] ?? (event.type == "job" ? "job \(event.actor.id)" : shortID(event.actor.id))
        return "\(clock(event)) \(subject): \(what(event.action, attributes))"
    }

    private static func what(_ action: String, _ attributes: [String: String]) -> String {
        switch action {
        case "kill":
            return attributes["signal"] == "9" ? "KILL was sent" : "signal \(attributes["signal"] ?? "?") was sent"
        case "stop": return "it was a stop that was asked for"
        case "die": return "ended, exit code \(attributes["exitCode"] ?? "?")"
        case "stuck": return "STUCK: the kernel does not let go of \(attributes["tasks"] ?? "?") tasks"
        case "oom": return "out of memory"
        case "overdue":
            let age = attributes["ageMs"].flatMap { Int($0) }.map(JobLines.span) ?? "?"
            let expected = attributes["expectedMs"].flatMap { Int($0) }.map { ", expected \(JobLines.span($0))" } ?? ""
            let job = attributes["call"] ?? attributes["kind"] ?? "job"
            return "OVERDUE: \(job) takes \(age)\(expected); waits on \(attributes["waitsOn"] ?? "?")"
                + (attributes["finding"].map { ": \($0)" } ?? "")
        default:
            let more = attributes.filter { !["name", "image"].contains($0.key) }.sorted { $0.key < $1.key }
            return action + more.map { " \($0.key)=\($0.value)" }.joined()
        }
    }

    /// `12 stop of web: 3.2 s of 20 s, waits on container`
    static func line(_ job: JobEntry) -> String {
        let name = job.name ?? job.container.map { shortID($0) }
        let subject = "\(job.call ?? job.kind)" + (name.map { " of \($0)" } ?? "")
        let expected = job.expectedMs.map { " of \(JobLines.span($0))" } ?? ""
        return "job \(job.id): \(subject): \(JobLines.span(job.ageMs))\(expected)\(job.overdue ? ", OVERDUE" : ""), "
            + "waits on \(job.waitsOn)" + (job.finding.map { ": \($0)" } ?? "")
    }

    /// The time of day, UTC.
    private static func clock(_ event: EventMessage) -> String {
        let time = WallTime(seconds: Int64(event.timeNano / 1_000_000_000), nanoseconds: 0).rfc3339
        return String(time.dropFirst(11).prefix(8))
    }

    /// The whole live view.
    static func screen(_ board: WatchBoard, at now: Instant) -> [String] {
        let stops = board.jobs.count { ["stop", "kill"].contains($0.kind) }
        let overdue = board.jobs.count(where: \.overdue)
        var lines = [
            "\(stops) stopping, \(board.stuck.count) stuck, \(overdue) overdue, \(board.jobs.count) jobs in all"
        ]
        if board.isLost { lines[0] += " (quelld does not answer; this is what it last said)" }
        if !board.jobs.isEmpty { lines += table(board, at: now) }
        if !board.lines.isEmpty { lines += [""] + board.lines }
        return lines
    }

    /// Those that hang first; ages go on between two looks.
    private static func table(_ board: WatchBoard, at now: Instant) -> [String] {
        let past = board.isLost ? 0 : board.seen.map { Int((now - $0).wholeMilliseconds) } ?? 0
        let jobs = board.jobs.sorted { ($0.overdue ? 0 : 1, $0.id) < ($1.overdue ? 0 : 1, $1.id) }.map { job in
            var job = job
            job.ageMs += past
            job.waitingMs += past
            return job
        }
        // The table of plain text cannot fail.
        let text = (try? JobLines.listing(jobs).text(.table)) ?? ""
        return [""] + text.split(separator: "\n").map(String.init)
    }
}

/// Where a watch is shown.
struct WatchView: Sendable {
    private let session: Session
    private let format: OutputFormat
    private let region: LiveRegion
    /// Lines that are drawn again and again, on a terminal.
    let isLive: Bool

    init(_ session: Session, _ format: OutputFormat) throws {
        (self.session, self.format) = (session, format)
        region = LiveRegion(session.out)
        if case .table = format { isLive = session.out.isTerminal } else { isLive = false }
    }

    /// What goes on already.
    func begin(_ list: JobList, _ board: inout WatchBoard) throws {
        (board.jobs, board.seen) = (list.jobs, MonotonicClock.now())
        if isLive { return }
        for job in list.jobs where job.kind != "call" || job.overdue {
            try tell("job", JSONValue(encoding: job), WatchText.line(job))
        }
    }

    func show(_ event: EventMessage, _ board: inout WatchBoard) throws {
        guard board.concerns(event) else { return }
        let line = WatchText.line(event)
        if isLive { return board.add(line) }
        try tell("event", JSONValue(encoding: event), line)
    }

    func show(_ jobs: [JobEntry], _ stuck: [ContainerSummary], _ board: inout WatchBoard) throws {
        (board.jobs, board.stuck, board.seen) = (jobs, stuck, MonotonicClock.now())
        if board.isLost, !isLive { try session.warn("quelld answers again") }
        board.isLost = false
    }

    func lost(_ error: ClientError, _ board: inout WatchBoard) throws {
        defer { board.isLost = true }
        if !board.isLost, !isLive { try session.warn("\(error); waiting for it") }
    }

    func redraw(_ board: WatchBoard) throws {
        if isLive { try region.draw(WatchText.screen(board, at: MonotonicClock.now())) }
    }

    /// The last view stays.
    func end(_ board: WatchBoard) throws { try redraw(board) }

    private func tell(_ kind: String, _ document: JSONValue, _ line: String) throws {
        let whole = JSONValue.object([.init("kind", .string(kind)), .init(kind, document)])
        switch format {
        case .table: try session.print(line)
        case .json: try session.print(whole.compact)
        case .template(let template), .tableTemplate(let template): try session.print(try template.render(whole))
        }
    }
}

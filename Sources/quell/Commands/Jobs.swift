import APITypes
import Client

enum JobsCommand: Command {
    static let about = About(
        "jobs", "List what quelld is doing at this moment, and what each waits on",
        details: """
            Every stop, kill, start, exec, removal and call in flight, the oldest first; it answers also while they hang. \
            A stop is expected to end within its grace periods and its kill deadline.
            """,
        examples: [
            ("quell jobs", "what takes so long?"),
            ("quell jobs -a", "also calls that last as long as what they watch: logs -f, events, attach"),
            ("quell jobs --format json", "an object per line"),
        ])
    static let all = Flag("all", short: "a", "Also calls that last as long as what they watch")
    static let options: [any OptionSpec] = [all, Shared.format, Shared.noTrunc]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let full = try arguments[Shared.noTrunc]
        let jobs = try await session.client.jobs(watching: try arguments[all]).jobs
        if case .json = format {
            try session.out.write(try jobs.map { try JSONValue(encoding: $0).compact + "\n" }.joined())
            return 0
        }
        try session.out.write(try JobLines.listing(jobs, full: full).text(format))
        return 0
    }
}

/// Jobs as they are shown to people.
enum JobLines {
    static func listing(_ jobs: [JobEntry], full: Bool = false) -> Listing {
        Listing(
            headings: [
                "Job": "JOB", "Container": "CONTAINER", "Age": "AGE", "Expected": "EXPECTED", "WaitsOn": "WAITS ON",
                "ID": "ID", "Kind": "KIND", "AskedBy": "ASKED BY", "Overdue": "OVERDUE", "Finding": "FINDING",
            ],
            columns: ["Job", "Container", "Age", "Expected", "WaitsOn"], items: jobs
        ) { field($1, of: $0, full: full) }
    }

    static func field(_ name: String, of job: JobEntry, full: Bool) -> String {
        switch name {
        case "Job": "\(job.id) \(job.call ?? job.kind)"
        case "Container": job.name ?? job.container.map { shortID($0, full: full) } ?? "-"
        case "Age": span(job.ageMs) + (job.overdue ? "!" : "")
        case "Expected": job.expectedMs.map(span) ?? "-"
        case "WaitsOn": waits(job)
        case "ID": "\(job.id)"
        case "Kind": job.kind
        case "AskedBy": job.askedBy.map(asker) ?? ""
        case "Overdue": "\(job.overdue)"
        case "Finding": job.finding ?? ""
        default: ""
        }
    }

    /// `kernel for 10.5 s: cat (pid 4711) waits for …`
    private static func waits(_ job: JobEntry) -> String {
        let time = job.waitingMs >= 1000 && job.waitsOn != "engine" ? " for \(span(job.waitingMs))" : ""
        return job.waitsOn + time + (job.finding.map { ": \($0)" } ?? "")
    }

    private static func asker(_ asker: JobAsker) -> String {
        if let part = asker.engine { return part }
        guard let pid = asker.pid else { return "" }
        return "pid \(pid)" + (asker.command.map { " (\($0))" } ?? "")
    }

    /// `870 ms`, `12.3 s`, `4 m 12 s`, `3 h 4 m`.
    static func span(_ milliseconds: Int) -> String {
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        if seconds < 60 {
            let text = fixed(Double(milliseconds / 100) / 10, decimals: 1)
            return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " s"
        }
        if seconds < 3600 { return "\(seconds / 60) m" + (seconds % 60 == 0 ? "" : " \(seconds % 60) s") }
        return "\(seconds / 3600) h" + (seconds / 60 % 60 == 0 ? "" : " \(seconds / 60 % 60) m")
    }
}

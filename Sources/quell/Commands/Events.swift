import APITypes
import Client
import Linux

enum EventsCommand: Command {
    static let about = About(
        "events", "Show what happens, as it happens",
        examples: [
            ("quell events --filter container=web", "of one container"),
            ("quell events --since 1h --until 0s --format json", "the last hour, for a program"),
        ])
    static let since = Option("since", "TIME", "Also past events from this time on")
    static let until = Option("until", "TIME", "Stop at this time")
    static let options: [any OptionSpec] = [since, until, Shared.filter, Shared.format]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let (since, until) = (
            try pointInTime(since, arguments, session), try pointInTime(until, arguments, session)
        )
        try await session.client.events(since: since, until: until, filters: try arguments.filters()) { event in
            try session.print(try text(event, format))
        }
        return 0
    }

    private static func text(_ event: EventMessage, _ format: OutputFormat) throws -> String {
        if case .table = format { return line(event) }
        let document = try JSONValue(encoding: event)
        switch format {
        case .table, .json: return document.compact
        case .template(let template), .tableTemplate(let template): return try template.render(document)
        }
    }

    static func line(_ event: EventMessage) -> String {
        let (seconds, nanoseconds) = (event.timeNano / 1_000_000_000, event.timeNano % 1_000_000_000)
        let time = WallTime(seconds: Int64(seconds), nanoseconds: Int32(nanoseconds)).rfc3339
        let attributes = event.actor.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(time) \(event.type) \(event.action) \(event.actor.id)"
            + (attributes.isEmpty ? "" : " (\(attributes.joined(separator: ", ")))")
    }
}

/// A point in time as the API wants it, in seconds since 1970, from what the user may write.
func pointInTime(_ option: Option<String>, _ arguments: Arguments, _ session: Session) throws -> String? {
    guard let text = try arguments[option] else { return nil }
    let now = WallTime.now()
    guard
        let time = Timestamp(query: text, now: Timestamp(seconds: Int(now.seconds), nanoseconds: Int(now.nanoseconds)))
    else {
        let fault = ValueFault("it is no time", expected: "10m, 2026-01-02T03:04:05Z, or seconds since 1970")
        throw UsageError(option: option, text: text, fault: fault)
    }
    let digits = String(time.nanoseconds)
    return "\(time.seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
}

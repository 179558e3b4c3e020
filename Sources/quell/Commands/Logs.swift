import APITypes
import Client

enum LogsCommand: Command {
    static let about = About(
        "logs", "Show what a container printed", usage: "CONTAINER",
        examples: [
            ("quell logs -f --tail 20 web", "the last lines, and those to come"),
            ("quell logs -t --since 10m web", "ten minutes, with times"),
        ])
    static let follow = Flag("follow", short: "f", "Stay for what comes")
    static let timestamps = Flag("timestamps", short: "t", "Show times")
    static let details = Flag("details", "Show attributes of the log")
    static let tail = Option("tail", short: "n", "N", "The last N lines, or all") { (text) throws(ValueFault) -> Int? in
        if text == "all" { return nil }
        guard let count = Int(text) else { throw ValueFault("it is no number", expected: "a number of lines, or all") }
        // Docker's own reading of negative numbers.
        return count < 0 ? nil : count
    }
    static let since = Option("since", "TIME", "From this time on: 10m, 2026-01-02T03:04:05Z, or seconds since 1970")
    static let until = Option("until", "TIME", "Up to this time")
    static let color = Flag("color", "Accepted for podman's sake")
    static let options: [any OptionSpec] = [follow, timestamps, details, tail, since, until, color]
    static let operands = Operands(1...1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = arguments.operands[0]
        var query = LogQuery()
        query.follow = try arguments[follow]
        query.timestamps = try arguments[timestamps]
        query.details = try arguments[details]
        query.tail = try arguments[tail] ?? nil
        query.since = try pointInTime(since, arguments, session)
        query.until = try pointInTime(until, arguments, session)
        let tty = try await session.client.inspectContainer(name).config.tty
        try await session.client.containerLogs(name, query) { stream in
            var demultiplexer = Demultiplexer()
            for try await bytes in stream {
                if tty {
                    try await session.out.send(bytes)
                } else {
                    for frame in try demultiplexer.consume(bytes) { try await session.deliver(frame) }
                }
            }
        }
        return 0
    }
}

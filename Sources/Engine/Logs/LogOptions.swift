public import APITypes

/// Which of a container's logged output is wanted.
public struct LogOptions: Sendable {
    public var stdout = true
    public var stderr = true
    /// Stay for what comes, until the container ends.
    public var follow = false
    /// Each line begins with its time, RFC 3339.
    public var timestamps = false
    public var details = false
    public var since: Timestamp?
    public var until: Timestamp?
    /// The last n lines; nil: all.
    public var tail: Int?
    public init() {}
}

/// Output for a client of `logs`: `isTerminal` says whether it is to be multiplexed.
public struct LogReading: Sendable {
    public let isTerminal: Bool
    public let output: OutputReader
}

extension Engine {
    public func containerLogs(_ reference: String, _ options: LogOptions) async throws(EngineError) -> LogReading {
        guard options.stdout || options.stderr else {
            throw .invalid("Bad parameters: you must choose at least one stream")
        }
        return try await LogReader.open(try core.container(reference), options)
    }
}

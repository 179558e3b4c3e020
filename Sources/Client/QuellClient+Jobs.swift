public import APITypes

extension QuellClient {
    /// Calls that the daemon carries out now, the oldest first. Answers whatever hangs.
    /// - Parameter watching: also those that last as long as what they watch.
    public func jobs(watching: Bool = false) async throws -> JobList {
        try await value(Request(.get, ["quell", "v1", "jobs"], query: .init(["all": watching.ifTrue])))
    }
}

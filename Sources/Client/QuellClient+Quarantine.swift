public import APITypes

extension QuellClient {
    /// Sets aside a container that does not die, killing it first where that has not been done; one that ends is removed.
    ///
    /// Returns by the kill deadline and a little more; so it has no deadline of its own. When the connection breaks, as by a
    /// restart of the daemon, it asks again.
    /// - Parameter patience: how long it may take to find a daemon again.
    public func quarantineContainer(
        _ container: String, _ order: QuarantineRequest = QuarantineRequest(), patience: Duration = .seconds(10)
    ) async throws -> QuarantineResult {
        // By its id: when it is asked again, its name may be free, or another's.
        let state = try await containerState(container)
        let request = Request(
            .post, ["quell", "v1", "containers", state.id, "quarantine"], body: try .encoding(order),
            deadlines: .streaming)
        var attempts = 0
        return try await rejoining(patience, "the quarantine goes on, asking again joins it") { answered in
            attempts += 1
            do {
                let result: QuarantineResult = try await value(request)
                answered()
                return result
            } catch let error as ClientError where attempts > 1 && error.isNotFound {
                var result = QuarantineResult()
                (result.id, result.name, result.outcome) = (state.id, state.name, "removed")
                return result
            }
        }
    }

    /// Quarantined containers, oldest first, each looked at for this answer.
    public func listQuarantine() async throws -> [QuarantinedContainer] {
        try await value(Request(.get, ["quell", "v1", "quarantine"]))
    }

    public func quarantinedContainer(_ container: String) async throws -> QuarantinedContainer {
        try await value(Request(.get, ["quell", "v1", "quarantine", container]))
    }

    /// As the daemon wrote it.
    public func quarantinedContainerJSON(_ container: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["quell", "v1", "quarantine", container]))
    }
}

extension QuellClient {
    /// Makes a call that joins what goes on in the daemon, and makes it again when the connection breaks, as by a restart
    /// of the daemon. Without a daemon from the beginning it is not made again.
    /// - Parameter patience: how long it may take to find a daemon again.
    /// - Parameter hint: what is true when none was found.
    /// - Parameter call: is given what is to be called when an answer comes.
    func rejoining<Value>(
        _ patience: Duration, _ hint: String, _ call: (_ answered: () -> Void) async throws -> Value
    ) async throws -> Value {
        let clock = ContinuousClock()
        // Since when there is no connection, and why.
        var lost: (since: ContinuousClock.Instant, error: ClientError)?
        while true {
            do { return try await call { lost = nil } } catch let error as ClientError {
                switch error {
                case .connection: lost = lost ?? (clock.now, error)
                case .daemonNotRunning where lost != nil: break
                default: throw error
                }
            }
            if let lost, lost.since + patience <= clock.now {
                guard case .connection(let call, let reason) = lost.error else { throw lost.error }
                throw ClientError.connection(call: call, reason: "\(reason); \(hint)")
            }
            // No event tells of a daemon that is to come.
            try await clock.sleep(for: .milliseconds(100))
        }
    }
}

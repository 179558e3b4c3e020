public import APITypes

extension QuellClient {
    /// Frees what hangs in a container: what is safe, and what the request names. Within some seconds.
    public func releaseContainer(_ container: String, _ request: ReleaseRequest) async throws -> ReleaseResult {
        try await value(
            Request(.post, ["quell", "v1", "containers", container, "release"], body: try .encoding(request)))
    }
}

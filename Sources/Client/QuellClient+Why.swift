public import APITypes

extension QuellClient {
    /// Why a container does not end, and what a stop would do to it. Answered within about a second.
    public func explainContainer(_ container: String) async throws -> WhyReport {
        try await value(Request(.get, ["quell", "v1", "containers", container, "why"]))
    }

    /// The same as the daemon wrote it.
    public func explainContainerJSON(_ container: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["quell", "v1", "containers", container, "why"]))
    }
}

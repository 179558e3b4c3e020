public import APITypes

extension QuellClient {
    /// What of the containers and of the host will hurt.
    public func doctor() async throws -> DoctorReport { try await value(Request(.get, ["quell", "v1", "doctor"])) }

    /// The same as the daemon wrote it.
    public func doctorJSON() async throws -> [UInt8] { try await bytes(Request(.get, ["quell", "v1", "doctor"])) }
}

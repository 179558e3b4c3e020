public import APITypes

extension QuellClient {
    public func version() async throws -> Version { try await value(Request(.get, ["version"])) }

    public func info() async throws -> SystemInfo { try await value(Request(.get, ["info"])) }

    public func diskUsage() async throws -> DiskUsage {
        try await value(Request(.get, ["system", "df"], deadlines: .transfer))
    }

    public func listVolumes(filters: Filters = [:]) async throws -> VolumeList {
        try await value(Request(.get, ["volumes"], query: .init(["filters": try filters.encoded()])))
    }

    public func createVolume(_ volume: VolumeCreateRequest) async throws -> Volume {
        try await value(Request(.post, ["volumes", "create"], body: .encoding(volume)))
    }

    /// The answer of an inspection as the daemon wrote it.
    public func inspectVolumeJSON(_ name: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["volumes", name]))
    }

    public func removeVolume(_ name: String, force: Bool) async throws {
        try await perform(Request(.delete, ["volumes", name], query: .init(["force": force.ifTrue])))
    }

    public func pruneVolumes(filters: Filters = [:]) async throws -> PruneReport {
        try await value(
            Request(
                .post, ["volumes", "prune"], query: .init(["filters": try filters.encoded()]), deadlines: .transfer))
    }

    public func listNetworks(filters: Filters = [:]) async throws -> [NetworkSummary] {
        try await value(Request(.get, ["networks"], query: .init(["filters": try filters.encoded()])))
    }

    /// The answer of an inspection as the daemon wrote it.
    public func inspectNetworkJSON(_ name: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["networks", name]))
    }
}

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

    public func createNetwork(_ network: NetworkCreateRequest) async throws -> NetworkCreateResponse {
        try await value(Request(.post, ["networks", "create"], body: .encoding(network)))
    }

    public func removeNetwork(_ name: String) async throws { try await perform(Request(.delete, ["networks", name])) }

    /// Names of those that were removed.
    public func pruneNetworks(filters: Filters = [:]) async throws -> [String] {
        let report: PruneReport = try await value(
            Request(.post, ["networks", "prune"], query: .init(["filters": try filters.encoded()])))
        return report.networksDeleted ?? []
    }

    public func connect(network: String, _ request: NetworkConnectRequest) async throws {
        try await perform(Request(.post, ["networks", network, "connect"], body: .encoding(request)))
    }

    public func disconnect(network: String, _ request: NetworkDisconnectRequest) async throws {
        try await perform(Request(.post, ["networks", network, "disconnect"], body: .encoding(request)))
    }

    public func listNetworks(filters: Filters = [:]) async throws -> [NetworkSummary] {
        try await value(Request(.get, ["networks"], query: .init(["filters": try filters.encoded()])))
    }

    /// The answer of an inspection as the daemon wrote it.
    public func inspectNetworkJSON(_ name: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["networks", name]))
    }
}

import APITypes
import Client

/// A group of containers. It is a container of its own which only pauses: process 1 of the namespaces that its members share, where
/// it reaps what they leave; without anything shared it is there to be named, and never runs.
struct Pod: Sendable {
    enum Share: String, CaseIterable, Sendable { case network = "net", pid, ipc }

    let id: String
    let name: String
    let shares: [Share]

    /// Of the pod's own container: what its members share.
    static let sharesLabel = "quell.pod.shares"
    /// Of a member: the id of its pod.
    static let memberLabel = "quell.pod"
    /// Without any file.
    static let image = "quell-pause:latest"

    /// - Throws: `Failure` where the name is that of no pod.
    static func find(_ name: String, _ session: Session) async throws -> Pod {
        let container = try await session.client.inspectContainer(name)
        guard let shares = container.config.labels?[sharesLabel] else {
            throw Failure("\(name) is no pod, it is a container: quell pod create makes pods")
        }
        return Pod(
            id: container.id, name: withoutSlash(container.name),
            shares: shares.split(separator: ",").compactMap { Share(rawValue: String($0)) })
    }

    static func all(_ session: Session) async throws -> [ContainerSummary] {
        try await session.client.listContainers(all: true, filters: ["label": [sharesLabel]])
    }

    /// The newest first.
    func members(_ session: Session) async throws -> [ContainerSummary] {
        try await session.client.listContainers(all: true, filters: ["label": ["\(Pod.memberLabel)=\(id)"]])
    }

    /// Makes the request one for a member. Namespaces can be joined while the pod runs only: it is started.
    func take(_ request: inout ContainerCreateRequest, _ session: Session) async throws {
        var host = request.hostConfig ?? HostConfig()
        let mode = "container:\(id)"
        if shares.contains(.network) {
            let given = (host.networkMode ?? "").isEmpty && request.networkingConfig == nil
            guard given, host.portBindings == nil, !host.publishAllPorts else {
                throw UsageError(
                    "a member of pod \(name) has the pod's network: give --network, addresses and ports to quell pod create"
                )
            }
            host.networkMode = mode
        }
        if shares.contains(.pid) {
            guard (host.pidMode ?? "").isEmpty else { throw UsageError.conflict("pod", "pid") }
            host.pidMode = mode
        }
        if shares.contains(.ipc) {
            guard (host.ipcMode ?? "").isEmpty else { throw UsageError.conflict("pod", "ipc") }
            host.ipcMode = mode
        }
        request.hostConfig = host
        request.config.labels = (request.config.labels ?? [:]).merging([Pod.memberLabel: id]) { $1 }
        if !shares.isEmpty { try await session.client.startContainer(id) }
    }
}

/// The tar archive of a file system without any file: two empty blocks.
struct EmptyArchive: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        private var isRead = false
        mutating func next() async throws -> [UInt8]? {
            if isRead { return nil }
            isRead = true
            return [UInt8](repeating: 0, count: 1024)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
}

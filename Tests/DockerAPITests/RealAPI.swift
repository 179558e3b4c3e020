import APITypes
import Engine
import Images
import Lifecycle
import Linux
import Logging
import TestKit
import Testing

@testable import DockerAPI

/// Looks again and again, and holds no thread meanwhile.
func until(_ what: String, within limit: Duration = .seconds(30), _ look: () async throws -> Bool) async throws {
    let deadline = MonotonicClock.now() + limit
    while try await !look() {
        guard MonotonicClock.now() < deadline else { throw TestFailure("still not so: \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// The whole API over an engine with roots of its own and an image `busybox`, on a socket.
struct RealAPI: Sendable {
    let engine: Engine
    let socket: String

    /// Everything is gone afterwards.
    static func with(
        _ change: (inout EngineConfiguration) -> Void = { _ in }, _ body: (RealAPI) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory("api")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = try configuration(directory)
        change(&configuration)
        let engine = try await Engine.open(configuration, logger: logger)
        let server = DockerServer(engine: engine, version: "test", logger: logger)
        let api = RealAPI(engine: engine, socket: directory("sock"))
        let endpoint = try await server.open(try UnixSocket.listen(at: api.socket))
        var failure: (any Error)?
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { do { try await endpoint.run() } catch { Issue.record("the server: \(error)") } }
            do {
                try await api.importImage(directory)
                try await body(api)
            } catch { failure = error }
            endpoint.stop(grace: .milliseconds(100))
        }
        do { try await api.removeAll() } catch { failure = failure ?? error }
        await engine.close()
        try await server.shutDown()
        if let failure { throw failure }
    }

    static func configuration(_ directory: TemporaryDirectory) throws -> EngineConfiguration {
        EngineConfiguration(
            dataRoot: directory("data"), runRoot: directory("run"),
            cgroupParent: TestCgroup.freshPath().dropFirst() + "-a", shimPath: try BuiltProduct.path("quell-shim"),
            unpackPath: try BuiltProduct.path("quell-unpack"),
            defaultNetwork: .isolated)
    }

    /// Opens an engine where another was closed. A child that is being spawned by another test has the lock's descriptor for a
    /// moment, and so keeps the root.
    static func reopen(_ configuration: EngineConfiguration) async throws -> Engine {
        try eventually("the root is free") { try RealAPI.isFree(configuration) }
        return try await Engine.open(configuration)
    }

    static func isFree(_ configuration: EngineConfiguration) throws -> Bool {
        switch try FileLock(configuration.dataRoot + "/lock") {
        case nil: false
        case _?: true
        }
    }

    func importImage(_ directory: TemporaryDirectory) async throws {
        try TestBundle.makeRoot(at: directory("root"))
        let made = try Command.run("tar", ["-C", directory("root"), "-cf", directory("root.tar"), "."])
        try #require(made.status.isSuccess, "\(made.errors)")
        var request = ImportRequest()
        request.reference = "busybox"
        _ = try await engine.images.importRootfs(from: .path(directory("root.tar")), request)
    }

    func removeAll() async throws {
        var all = ListOptions()
        all.all = true
        for container in try await engine.listContainers(all) {
            try await engine.removeContainer(container.id, force: true, volumes: true)
        }
    }

    /// Makes and starts a container; its id.
    func run(_ command: [String], _ change: (inout ContainerCreateRequest) -> Void = { _ in }) async throws -> String {
        var request = ContainerCreateRequest()
        (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", command, HostConfig())
        change(&request)
        let id = try await engine.createContainer(request, name: nil).id
        try await engine.startContainer(id)
        return id
    }

    /// One request on a connection of its own; the status and all of the rest. `length` replaces the body's own.
    func send(_ method: String, _ target: String, _ body: String = "", length: String? = nil) async throws
        -> (status: Int, text: String)
    {
        let client = try await RawClient(socket)
        try await client.send(
            "\(method) \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(length ?? "\(body.utf8.count)")\r\n\r\n\(body)")
        if length != nil { try await client.closeOutput() }
        let text = await client.readAll()
        let words = text.split(separator: " ", maxSplits: 2)
        return (words.count == 3 ? Int(words[1]) ?? 0 : 0, text)
    }
}

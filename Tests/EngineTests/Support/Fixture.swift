import APITypes
import Images
import Lifecycle
import Linux
import Synchronization
import TestKit
import Testing

@testable import Engine

/// An engine with roots of its own and a small image `busybox`; everything is gone after the test.
final class Fixture: Sendable {
    let directory: TemporaryDirectory
    let configuration: EngineConfiguration
    private let current: Mutex<Engine>

    var engine: Engine { current.withLock { $0 } }

    private init(_ directory: TemporaryDirectory, _ configuration: EngineConfiguration, _ engine: Engine) {
        (self.directory, self.configuration) = (directory, configuration)
        current = Mutex(engine)
    }

    static func with(
        _ change: (inout EngineConfiguration) -> Void = { _ in }, _ body: (Fixture) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory("engine")
        var configuration = try Fixture.configuration(directory)
        change(&configuration)
        let fixture = Fixture(directory, configuration, try await Engine.open(configuration))
        let result: Result<Void, any Error>
        do {
            try await fixture.importImage()
            result = .success(try await body(fixture))
        } catch { result = .failure(error) }
        try await fixture.end()
        try result.get()
    }

    static func configuration(_ directory: TemporaryDirectory) throws -> EngineConfiguration {
        EngineConfiguration(
            dataRoot: directory("data"), runRoot: directory("run"),
            cgroupParent: TestCgroup.freshPath().dropFirst() + "-e", shimPath: try BuiltProduct.path("quell-shim"),
            unpackPath: try BuiltProduct.path("quell-unpack"), killDeadline: .seconds(10),
            defaultNetwork: .isolated)
    }

    private func importImage() async throws {
        try TestBundle.makeRoot(at: directory("root"))
        let made = try Command.run("tar", ["-C", directory("root"), "-cf", directory("root.tar"), "."])
        try #require(made.status.isSuccess, "\(made.errors)")
        var request = ImportRequest()
        request.reference = "busybox"
        _ = try await engine.images.importRootfs(from: .path(directory("root.tar")), request)
    }

    /// As if the daemon had been ended and started again.
    func reopen() async throws {
        await engine.close()
        // The lock goes with the last copy of its descriptor, and a child that is being spawned has one for a moment.
        try await poll("the root is free") {
            do throws(EngineError) {
                let engine = try await Engine.open(configuration)
                current.withLock { $0 = engine }
                return true
            } catch {
                guard case .conflict = error else { throw error }
                return false
            }
        }
    }

    func abandon() async { await engine.close() }

    /// Changes the rows of an engine that was abandoned.
    func edit(_ change: (inout RunState) -> Void) async throws {
        let store = try Store(path: directory("data/quell.db"))
        for row in try await store.containers().rows {
            var state = row.state
            change(&state)
            try await store.save(state, of: row.id, durable: true)
        }
        store.close()
    }

    /// The same for what a container is; returns what it was.
    @discardableResult
    func editDocument(
        of id: String, _ change: (inout ContainerDocument) -> Void
    ) async throws -> ContainerDocument {
        let store = try Store(path: directory("data/quell.db"))
        let kept = try #require(try await store.containers().rows.first { $0.id == id }).document
        var document = kept
        change(&document)
        try await store.save(document, insteadOf: document)
        store.close()
        return kept
    }

    func removeAllContainers() async throws {
        var all = ListOptions()
        all.all = true
        for container in try await engine.listContainers(all) {
            do { try await engine.removeContainer(container.id, force: true, volumes: true) } catch {
                if case .notFound = error { continue }
                Issue.record("\(container.names): \(error)")
            }
        }
    }

    private func end() async throws {
        try await removeAllContainers()
        await engine.close()
        let parent = try #require(configuration.cgroupParent)
        // A shim that one engine started and the next one took over is still this process's child: as a zombie it is no
        // leftover (a real daemon's end gives it to init).
        let left = try Leftovers.find(below: nil, cgroupPrefix: parent).filter { line in
            guard let pid = Int32(line.split(separator: " ").last ?? ""), line.hasPrefix("process") else { return true }
            return try Procfs.live.status(of: pid).map { $0.state != "Z" } ?? false
        }
        #expect(left == [], "\(left)")
        #expect(try Mount.list(under: directory.path).map(\.mountPoint) == [])
    }

    // MARK: shorthands

    /// Makes and starts a container; its id.
    func run(_ command: [String], _ change: (inout ContainerCreateRequest) -> Void = { _ in }) async throws -> String {
        let id = try await create(command, change)
        try await engine.startContainer(id)
        return id
    }

    func create(
        _ command: [String], name: String? = nil, _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        var request = ContainerCreateRequest()
        (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", command, HostConfig())
        change(&request)
        return try await engine.createContainer(request, name: name).id
    }

    /// Runs it to its end; code and output.
    func output(
        _ command: [String], _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> (code: Int, text: String) {
        let id = try await create(command, change)
        let ended = try await engine.waitContainer(id, .nextExit)
        try await engine.startContainer(id)
        let code = await ended.result().statusCode
        return (code, try await log(id))
    }

    func log(_ id: String, _ options: LogOptions = LogOptions()) async throws -> String {
        var bytes: [UInt8] = []
        let reading = try await engine.containerLogs(id, options)
        while let chunk = try await reading.output.next() { bytes += chunk.bytes }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits until the container has written this.
    func waitForLog(_ id: String, _ text: String) async throws {
        var options = LogOptions()
        options.follow = true
        let reading = try await engine.containerLogs(id, options)
        var seen = ""
        while !seen.contains(text) {
            guard let chunk = try await reading.output.next() else {
                throw TestFailure("the log ended without \"\(text)\": \(seen)")
            }
            seen += String(decoding: chunk.bytes, as: UTF8.self)
        }
        reading.output.close()
    }
}

func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

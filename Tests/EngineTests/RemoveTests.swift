import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct RemoveTests {
    @Test func aRunningContainerIsRefusedAndForceKillsIt() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.removeContainer(id) }
            guard case .conflict = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let gone = try await fixture.engine.waitContainer(id, .removed)
            try await fixture.engine.removeContainer(id, force: true)
            #expect(await gone.result().statusCode == 137)
            await #expect(throws: EngineError.notFound(kind: "container", name: id)) {
                try await fixture.engine.inspectContainer(id)
            }
            #expect(try File.status(of: fixture.directory("data/containers/\(id)")) == nil)
            #expect(try File.status(of: fixture.directory("run/c/\(id)")) == nil)
        }
    }

    @Test func autoRemoveTakesItsAnonymousVolumesAlong() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("echo x > /data/x; exit 6")) { request in
                request.hostConfig?.autoRemove = true
                request.config.volumes = ["/data": EmptyObject()]
            }
            #expect(try await fixture.engine.listVolumes([:]).volumes.count == 1)
            let gone = try await fixture.engine.waitContainer(id, .removed)
            try await fixture.engine.startContainer(id)
            #expect(await gone.result().statusCode == 6)
            try await poll("its volume is gone") { try await fixture.engine.listVolumes([:]).volumes.isEmpty }
        }
    }

    /// The record goes first, as somebody waits for that; what is on the host is cleared away after it.
    @Test func autoRemoveFreesTheNameAtOnceAndLeavesNothing() async throws {
        try await Fixture.with { fixture in
            for code in 1...5 {
                let id = try await fixture.create(shell("exit \(code)"), name: "again") {
                    $0.hostConfig?.autoRemove = true
                }
                let gone = try await fixture.engine.waitContainer(id, .removed)
                try await fixture.engine.startContainer(id)
                #expect(await gone.result().statusCode == code)
                await #expect(throws: EngineError.notFound(kind: "container", name: id)) {
                    try await fixture.engine.inspectContainer(id)
                }
            }
            await fixture.abandon()
            for directory in ["data/containers", "run/c", "run/crun"] {
                #expect(try File.list(fixture.directory(directory)).map(\.name) == [], "\(directory)")
            }
            #expect(try Mount.list(under: fixture.directory.path).map(\.mountPoint) == [])
            try await fixture.reopen()
        }
    }

    /// An engine that ended between the record and the rest.
    @Test func whatIsLeftOfAForgottenContainerIsSwept() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { $0.hostConfig?.autoRemove = true }
            await fixture.abandon()
            let store = try Store(path: fixture.directory("data/quell.db"))
            try await store.deleteContainer(id)
            store.close()
            try await fixture.reopen()
            #expect(try File.list(fixture.directory("data/containers")).map(\.name) == [])
            #expect(try File.list(fixture.directory("run/c")).map(\.name) == [])
            #expect(try Mount.list(under: fixture.directory.path).map(\.mountPoint) == [])
        }
    }

    @Test func aNameIsFreeAgain() async throws {
        try await Fixture.with { fixture in
            let first = try await fixture.create(["true"], name: "twin")
            let error = await #expect(throws: EngineError.self) { _ = try await fixture.create(["true"], name: "twin") }
            #expect(error?.description.contains("\"/twin\" is already in use by container \"\(first)\"") == true)
            try await fixture.engine.renameContainer("twin", to: "other")
            let second = try await fixture.create(["true"], name: "twin")
            #expect(try await fixture.engine.inspectContainer("other").id == first)
            #expect(try await fixture.engine.inspectContainer(String(second.prefix(12))).name == "/twin")
            try await fixture.engine.removeContainer("twin")
            _ = try await fixture.create(["true"], name: "twin")
        }
    }

    @Test func anInterruptedRemovalIsFinishedByTheNextEngine() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], name: "half")
            await fixture.abandon()
            try await fixture.edit { $0.phase = .removing }
            try await fixture.reopen()
            await #expect(throws: EngineError.self) { try await fixture.engine.inspectContainer("half") }
            #expect(try File.status(of: fixture.directory("data/containers/\(id)")) == nil)
        }
    }

    @Test func pruneTakesOnlyWhatHasEnded() async throws {
        try await Fixture.with { fixture in
            let running = try await fixture.run(["sleep", "1000"])
            let created = try await fixture.create(["true"])
            let report = try await fixture.engine.pruneContainers([:])
            #expect(report.containersDeleted == [created])
            #expect(try await fixture.engine.inspectContainer(running).state.running)
        }
    }

    @Test func whoWaitsForARemovalThatFailsHearsOfIt() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"])
            let gone = try await fixture.engine.waitContainer(id, .removed)
            // It is set aside there first.
            try File.rename(fixture.directory("data/tmp"), to: fixture.directory("data/elsewhere"))
            let error = await #expect(throws: EngineError.self) { try await fixture.engine.removeContainer(id) }
            #expect(error?.description.contains("remove container \(id): rename") == true)
            #expect(await gone.result().error?.message == error?.description)
            try File.rename(fixture.directory("data/elsewhere"), to: fixture.directory("data/tmp"))
            try await fixture.engine.removeContainer(id)
        }
    }
}

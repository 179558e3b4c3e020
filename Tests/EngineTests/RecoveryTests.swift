import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// The engine ends and another takes over: `reopen` closes like a crash does, as containers and shims are not told.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RecoveryTests {
    @Test func aRunningContainerIsTakenOverAndCanBeStopped() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap 'exit 4' TERM; echo ready; while :; do sleep 1000 & wait; done"))
            try await fixture.waitForLog(id, "ready")
            let pid = try await fixture.engine.inspectContainer(id).state.pid
            try await fixture.reopen()
            let view = try await fixture.engine.inspectContainer(id)
            #expect(view.state.running && view.state.pid == pid)
            let outcome = try await fixture.engine.stopContainer(id).result()
            guard case .ended(let report) = outcome.verdict else {
                Issue.record("\(outcome)")
                return
            }
            #expect(report.status == .code(4))
        }
    }

    @Test func anExitWhileNoEngineWasThereIsKnown() async throws {
        try await Fixture.with { fixture in
            let fifo = fixture.directory("fifo")
            _ = try Command.run("mkfifo", [fifo])
            let id = try await fixture.run(shell("read x < /go; exit 9")) { request in
                request.hostConfig?.binds = ["\(fifo):/go"]
            }
            await fixture.abandon()
            _ = try Command.run("/bin/sh", ["-c", "echo > \(fifo)"])
            let record = fixture.directory("data/containers/\(id)/exit")
            try eventually("the exit is recorded") { try File.status(of: record) != nil }
            try await fixture.reopen()
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.status == "exited" && state.exitCode == 9 && state.exitCodeObserved == true)
        }
    }

    @Test func aShimThatIsKilledLeavesTheContainerUnsupervisedAndKillable() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let parent = try #require(fixture.configuration.cgroupParent)
            let shim = Cgroup("/\(parent)/shim-\(id)", on: try CgroupHost.detect())
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try shim.kill()
            try await poll("it is unsupervised") {
                try await fixture.engine.containerState(id).supervised == false
            }
            #expect(try await fixture.engine.inspectContainer(id).state.running)
            let outcome = try await fixture.engine.killContainer(id).result()
            #expect(outcome.hasEnded, "\(outcome)")
            _ = await ended.result()
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.status == "exited")
            // Either the kernel could tell (6.15), or nobody invents it.
            #expect(state.exitCode == 137 || state.exitCodeObserved == false)
        }
    }

    @Test func aStopGoesOnWhileNoEngineIsThere() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap '' TERM; echo ready; while :; do sleep 1000 & wait; done")) {
                request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "unless-stopped"
            }
            try await fixture.waitForLog(id, "ready")
            _ = try await fixture.engine.stopContainer(id, StopOptions(timeout: .bounded(.milliseconds(700))))
            await fixture.abandon()
            let record = fixture.directory("data/containers/\(id)/exit")
            try await within(.seconds(20), "the exit is recorded") {
                try eventually("the exit is recorded") { try File.status(of: record) != nil }
            }
            try await fixture.reopen()
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.status == "exited" && state.exitCode == 137)
        }
    }

    @Test func aShimThatDiesInTheMiddleOfAStopDoesNotEndTheStop() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap '' TERM; echo ready; while :; do sleep 1000 & wait; done"))
            try await fixture.waitForLog(id, "ready")
            let job = try await fixture.engine.stopContainer(id, StopOptions(timeout: .bounded(.seconds(1))))
            let parent = try #require(fixture.configuration.cgroupParent)
            try Cgroup("/\(parent)/shim-\(id)", on: try CgroupHost.detect()).kill()
            let outcome = await job.result()
            guard case .ended(let report) = outcome.verdict else {
                Issue.record("\(outcome)")
                return
            }
            #expect(report.how == .killed)
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
        }
    }

    /// Too slow an answer once, at the start of an engine, is not the end of its supervision.
    @Test func aShimThatWasSilentIsAskedAgain() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"))
            try await fixture.waitForLog(id, "ready")
            await fixture.abandon()
            let parent = try #require(fixture.configuration.cgroupParent)
            let cgroup = Cgroup("/\(parent)/shim-\(id)", on: try CgroupHost.detect())
            let shim = try #require(try cgroup.members().first)
            try Pidfd(opening: shim).send(try #require(Signal(number: 19)))
            do {
                try await fixture.reopen()
                #expect(try fixture.engine.core.container(id).snapshot.supervised == false)
            } catch {
                try Pidfd(opening: shim).send(try #require(Signal(number: 18)))
                throw error
            }
            try Pidfd(opening: shim).send(try #require(Signal(number: 18)))
            try await poll("it is supervised again") {
                try fixture.engine.core.container(id).snapshot.supervised
            }
            #expect(try await fixture.engine.stopContainer(id).result().hasEnded)
            #expect(try await fixture.engine.inspectContainer(id).state.exitCode == 5)
        }
    }

    @Test func aStartThatWasInterruptedIsNotTakenForARun() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], name: "half")
            await fixture.abandon()
            let boot = String(decoding: try File.read("/proc/sys/kernel/random/boot_id"), as: UTF8.self).prefix(36)
            try await fixture.edit { ($0.phase, $0.desired, $0.boot) = (.active, .running, String(boot)) }
            try await fixture.reopen()
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.status == "exited" && state.exitCodeObserved == false && state.exitCode == 128)
            try await fixture.engine.startContainer(id)
        }
    }

    @Test func afterARestartOfTheHostTheStatusIsUnknownAndPoliciesApply() async throws {
        try await Fixture.with { fixture in
            let plain = try await fixture.create(["sleep", "1000"])
            let wanted = try await fixture.create(["sleep", "1000"]) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "unless-stopped"
            }
            await fixture.abandon()
            try await fixture.edit { ($0.phase, $0.desired, $0.boot, $0.pid) = (.active, .running, "other", 1) }
            try await fixture.reopen()
            let state = try await fixture.engine.inspectContainer(plain).state
            #expect(state.status == "exited" && state.exitCodeObserved == false)
            #expect(state.error.contains("the host was restarted"))
            try await poll("it is started again") { try await fixture.engine.inspectContainer(wanted).state.running }
        }
    }

    @Test func stoppingAllForTheDaemonsEndIsNoIntendedStop() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "unless-stopped"
                request.config.labels = ["quell.stop.unhandled": "kill"]
            }
            #expect(await fixture.engine.stopAll().map(\.hasEnded) == [true])
            #expect(try await fixture.engine.inspectContainer(id).state.status == "exited")
            try await fixture.reopen()
            try await poll("it is started again") { try await fixture.engine.inspectContainer(id).state.running }
        }
    }

    @Test func aContainerThatWasRemovedByHandIsSwept() async throws {
        try await Fixture.with { fixture in
            let stray = String(repeating: "ab", count: 32)
            _ = try fixture.directory.makeDirectory("data/containers/\(stray)/rootfs")
            _ = try fixture.directory.makeDirectory("run/c/\(stray)")
            try Mount.tmpfs(at: fixture.directory("data/containers/\(stray)/rootfs"), options: "size=1m")
            try await fixture.reopen()
            #expect(try File.status(of: fixture.directory("data/containers/\(stray)")) == nil)
            #expect(try File.status(of: fixture.directory("run/c/\(stray)")) == nil)
        }
    }

    @Test func aRunDirectoryThatVanishedLosesNothing() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            await fixture.abandon()
            try File.removeTree(fixture.directory("run"))
            try await fixture.reopen()
            let state = try await fixture.engine.containerState(id)
            #expect(state.state == "running" && !state.supervised && state.populated == true)
            #expect(try await fixture.engine.killContainer(id).result().hasEnded)
            try await fixture.engine.startContainer(id)
        }
    }

    /// Settings that this engine refuses: the container is left alone, and all others are served.
    @Test(arguments: [true, false])
    func aContainerThatIsRefusedKeepsNoneOfTheOthers(_ policy: Bool) async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let other = try await fixture.create(["true"])
            let pid = try await fixture.engine.inspectContainer(id).state.pid
            await fixture.abandon()
            let kept = try await fixture.editDocument(of: id) { document in
                if policy {
                    document.host.restartPolicy = RestartPolicy()
                    document.host.restartPolicy?.name = "sometimes"
                } else {
                    document.config.labels = ["quell.stop.ladder": "nonsense"]
                }
            }
            try await fixture.reopen()
            await #expect(throws: EngineError.notFound(kind: "container", name: id)) {
                try await fixture.engine.inspectContainer(id)
            }
            #expect(try await fixture.engine.inspectContainer(other).state.status == "created")
            await #expect(throws: EngineError.self) { try await fixture.engine.pruneImages([:]) }
            await #expect(throws: EngineError.self) { try await fixture.engine.pruneVolumes([:]) }
            await fixture.abandon()
            try await fixture.editDocument(of: id) { $0 = kept }
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer(id).state.pid == pid)
        }
    }

    @Test func namesAndSettingsAreKept() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"], name: "before") { $0.config.labels = ["a": "b"] }
            try await fixture.engine.renameContainer(id, to: "after")
            _ = try await fixture.engine.createVolume(VolumeCreateRequest())
            try await fixture.reopen()
            let view = try await fixture.engine.inspectContainer("after")
            #expect(view.id == id && view.config.labels?["a"] == "b" && view.state.status == "created")
            await #expect(throws: EngineError.notFound(kind: "container", name: "before")) {
                try await fixture.engine.inspectContainer("before")
            }
            #expect(EngineError.notFound(kind: "container", name: "x").description == "No such container: x")
            #expect(try await fixture.engine.pruneVolumes([:]).volumesDeleted?.count == 1)
        }
    }

    @Test func aSecondEngineOnTheSameRootIsRefused() async throws {
        try await Fixture.with { fixture in
            let error = await #expect(throws: EngineError.self) { try await Engine.open(fixture.configuration) }
            guard case .conflict(let text) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.contains("\(ProcessSelf.pid)"))
        }
    }

    @Test func aDamagedDatabaseIsNamedAndLeftAlone() async throws {
        let directory = try TemporaryDirectory("engine")
        _ = try directory.makeDirectory("data")
        try directory.write(String(repeating: "this is no database ", count: 500), to: "data/quell.db")
        let error = await #expect(throws: EngineError.self) {
            try await Engine.open(try Fixture.configuration(directory))
        }
        #expect(error?.description.contains(directory("data/quell.db")) == true)
        #expect(error?.description.contains("damaged") == true)
        let kept = String(decoding: try File.read(directory("data/quell.db")), as: UTF8.self)
        #expect(kept.hasPrefix("this is no database"))
    }
}

/// Looks again until it is so; for facts that come by themselves.
func poll(_ what: String, within limit: Duration = usualPatience, _ condition: () async throws -> Bool) async throws {
    let deadline = MonotonicClock.now() + limit
    while try await !condition() {
        guard MonotonicClock.now() < deadline else {
            throw TestFailure("\(what): still not so after \(limit.shortText)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// A container that cannot die is set aside, and goes when it has ended.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct QuarantineTests {
    /// A container with a child that hangs; freed whatever the test does.
    private func withHung(
        _ change: (inout EngineConfiguration) -> Void = { _ in },
        script: String = "cat /hung/file & wait",
        request: (inout ContainerCreateRequest) -> Void = { _ in },
        _ body: (Fixture, HungFileSystem, _ id: String) async throws -> Void
    ) async throws {
        let hung = try HungFileSystem()
        let settings = { (configuration: inout EngineConfiguration) in
            configuration.killDeadline = .milliseconds(500)
            change(&configuration)
        }
        try await Fixture.with(settings) { fixture in
            let result: Result<Void, any Error>
            do {
                let id = try await start(fixture, hung, script, request)
                result = .success(try await body(fixture, hung, id))
            } catch { result = .failure(error) }
            try hung.abort()
            try await poll("it is gone") {
                fixture.engine.core.registry.all.allSatisfy { $0.snapshot.state.quarantine == nil }
            }
            try result.get()
        }
    }

    private func start(
        _ fixture: Fixture, _ hung: HungFileSystem, _ script: String,
        _ change: (inout ContainerCreateRequest) -> Void
    ) async throws -> String {
        let id = try await fixture.create(shell(script), name: "doomed") { request in
            request.hostConfig?.binds = ["\(hung.path):/hung"]
            change(&request)
        }
        try await fixture.engine.startContainer(id)
        try await within(usualPatience, "the reader is in the kernel") { try hung.waitUntilRead() }
        return id
    }

    private func expectRemoved(_ fixture: Fixture, _ id: String) async throws {
        try await poll("it is removed") { fixture.engine.core.registry.withID(id) == nil }
        #expect(try File.status(of: fixture.directory("data/containers/\(id)")) == nil)
        #expect(try File.status(of: fixture.directory("run/c/\(id)")) == nil)
    }

    private func refusal(_ body: () async throws -> Void) async -> String {
        let error = await #expect(throws: EngineError.self) { try await body() }
        guard case .conflict(let text) = error else {
            Issue.record("\(String(describing: error))")
            return ""
        }
        return text
    }

    @Test func nameIsFreeAndTheLateExitRemovesIt() async throws {
        try await withHung { fixture, hung, id in
            let removal = try await fixture.engine.waitContainer(id, .removed)
            let result = try await fixture.engine.quarantineContainer("doomed")
            #expect(result.outcome == "quarantined" && result.id == id && result.name == "doomed")
            let left = try #require(result.quarantined)
            #expect(left.formerName == "doomed" && left.finding.tasks.contains { $0.comm == "cat" && $0.state == "D" })
            #expect(left.held.map(\.source) == [hung.path])
            let state = try await fixture.engine.inspectContainer(id).state
            #expect(state.status == "dead" && !state.running && state.quellState == "quarantined")
            #expect(try await fixture.engine.listContainers().isEmpty)
            let again = try await fixture.create(["true"], name: "doomed")
            #expect(again != id)
            #expect(try await fixture.engine.quarantineContainer(id).outcome == "quarantined", "asked again")
            try hung.abort()
            #expect(await removal.result().statusCode == 137)
            try await expectRemoved(fixture, id)
        }
    }

    @Test func nothingCanBeAskedOfIt() async throws {
        try await withHung { fixture, _, id in
            let engine = fixture.engine
            _ = try await engine.quarantineContainer(id)
            let refusals = [
                await refusal { try await engine.startContainer(id) },
                await refusal { _ = try await engine.stopContainer(id) },
                await refusal { _ = try await engine.killContainer(id) },
                await refusal { try await engine.signalContainer(id, .term) },
                await refusal { try await engine.restartContainer(id) },
                await refusal { try await engine.pauseContainer(id) },
                await refusal { try await engine.renameContainer(id, to: "other") },
                await refusal { _ = try await engine.updateContainer(id, ContainerUpdateRequest()) },
                await refusal { _ = try await engine.createExec(id, ExecCreateRequest()) },
                await refusal { _ = try await engine.attachContainer(id, AttachOptions()) },
                await refusal { try await engine.removeContainer(id, force: false) },
                await refusal { try await engine.removeContainer(id, force: true) },
            ]
            for text in refusals { #expect(text.contains("it is quarantined"), "\(text)") }
            #expect(try await engine.pruneContainers([:]).containersDeleted == [])
            let image = try await engine.inspectContainer(id).image
            let kept = await refusal { _ = try await engine.removeImage(image, force: true) }
            #expect(kept.contains("cannot be forced"), "\(kept)")
        }
    }

    @Test func exactlyTheHungMountIsRefused() async throws {
        let volumes = { (request: inout ContainerCreateRequest) -> Void in
            request.hostConfig?.binds?.append("healthy:/healthy")
        }
        try await withHung(script: "cat /hung/file & wait", request: volumes) { fixture, hung, id in
            let waiting = try await fixture.create(["true"]) { $0.hostConfig?.binds = ["\(hung.path):/there"] }
            _ = try await fixture.engine.quarantineContainer(id)
            let text = await refusal {
                _ = try await fixture.create(["true"]) { $0.hostConfig?.binds = ["\(hung.path):/x"] }
            }
            #expect(text.contains(hung.path) && text.contains("doomed") && text.contains("hangs"), "\(text)")
            #expect(await refusal { try await fixture.engine.startContainer(waiting) } == text)
            #expect(try await fixture.output(["true"]) { $0.hostConfig?.binds = ["healthy:/healthy"] }.code == 0)
            try await fixture.engine.removeContainer(waiting)
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    /// Its runtime hangs on the way in: nobody has to wait until its start is given up.
    @Test func startThatDoesNotComeBackIsSetAside() async throws {
        let hung = try HungFileSystem()
        try await Fixture.with({ $0.killDeadline = .milliseconds(500) }) { fixture in
            let engine = fixture.engine
            let id = try await fixture.create(["true"], name: "doomed") { request in
                request.hostConfig?.binds = ["\(hung.path):/hung"]
                request.config.workingDir = "/hung/silent"
            }
            let start = Task { try await engine.startContainer(id) }
            try await within(usualPatience, "the runtime hangs") { try hung.waitUntilRead() }
            #expect(try await engine.quarantineContainer("doomed").outcome == "quarantined")
            let other = try await fixture.create(["true"], name: "doomed")
            #expect(other != id)
            try hung.abort()
            await #expect(throws: EngineError.self) { try await start.value }
            try await expectRemoved(fixture, id)
        }
    }

    /// What is set aside can be freed: then it ends, and is removed.
    @Test func releaseFreesWhatIsQuarantined() async throws {
        try await withHung { fixture, _, id in
            _ = try await fixture.engine.quarantineContainer(id)
            var request = ReleaseRequest()
            request.abortFuse = true
            // This process serves the file system, and so has it open.
            request.force = true
            let result = try await fixture.engine.releaseContainer(String(id.prefix(12)), request)
            #expect(result.remedies.first { $0.remedy == "abort-fuse" }?.outcome == "done", "\(result.remedies)")
            try await expectRemoved(fixture, id)
        }
    }

    /// What could not be recorded is not done: it is stuck under its own name, and can be set aside when the disk is well.
    @Test func quarantineThatCannotBeRecordedIsTakenBack() async throws {
        try await withHung { fixture, hung, id in
            #expect(try await !fixture.engine.killContainer(id).result().hasEnded)
            fixture.engine.core.store.close()
            await #expect(throws: EngineError.self) { _ = try await fixture.engine.quarantineContainer("doomed") }
            let state = try await fixture.engine.inspectContainer("doomed").state
            #expect(state.quellState == "stuck", "\(state)")
            #expect(await fixture.engine.quarantinedContainers().isEmpty)
            try await fixture.reopen()
            #expect(try await fixture.engine.quarantineContainer("doomed").outcome == "quarantined")
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    /// A link on the way to what hangs is no way round.
    @Test func linkToTheHungMountIsRefused() async throws {
        try await withHung { fixture, hung, id in
            _ = try await fixture.engine.quarantineContainer(id)
            let link = fixture.directory("link")
            try File.makeLink(link, to: hung.path)
            for create in [true, false] {
                let text = await refusal {
                    let other = try await fixture.create(["true"]) { request in
                        if create {
                            request.hostConfig?.mounts = [bind(link)]
                        } else {
                            request.hostConfig?.binds = ["\(link):/x"]
                        }
                    }
                    try await fixture.engine.startContainer(other)
                }
                #expect(text.contains("hangs") && text.contains(hung.path), "\(text)")
            }
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    /// It was started by a link: the record knows where that led to.
    @Test func hungMountThatWasGivenByALinkIsRefusedByItsOwnPath() async throws {
        let hung = try HungFileSystem()
        try await Fixture.with({ $0.killDeadline = .milliseconds(500) }) { fixture in
            let link = fixture.directory("link")
            try File.makeLink(link, to: hung.path)
            let id = try await fixture.create(shell("cat /hung/file & wait"), name: "doomed") { request in
                request.hostConfig?.binds = ["\(link):/hung"]
            }
            try await fixture.engine.startContainer(id)
            try await within(usualPatience, "the reader is in the kernel") { try hung.waitUntilRead() }
            let saved = fixture.directory("run/c/\(id)/mounts")
            try await poll("its mounts are saved") { try File.readIfPresent(saved)?.isEmpty == false }
            let result = try await fixture.engine.quarantineContainer(id)
            #expect(result.quarantined?.held.map(\.source) == [link])
            for source in [hung.path, hung.path + "/", link] {
                let text = await refusal {
                    _ = try await fixture.create(["true"]) { $0.hostConfig?.binds = ["\(source):/x"] }
                }
                #expect(text.contains("it hangs"), "\(source): \(text)")
            }
            let other = fixture.directory("other")
            #expect(try await fixture.output(["true"]) { $0.hostConfig?.binds = ["\(other):/other"] }.code == 0)
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    private func bind(_ source: String) -> APITypes.Mount {
        var mount = APITypes.Mount()
        (mount.type, mount.source, mount.target) = ("bind", source, "/x")
        return mount
    }

    @Test func whatEndsIsRemovedAndNotSetAside() async throws {
        try await Fixture.with { fixture in
            for command in [["sleep", "1000"], ["true"]] {
                let id = try await fixture.run(command)
                #expect(try await fixture.engine.quarantineContainer(id).outcome == "removed")
                try await expectRemoved(fixture, id)
            }
            let created = try await fixture.create(["true"])
            #expect(try await fixture.engine.quarantineContainer(created).outcome == "removed")
        }
    }

    @Test func forcedRemovalSetsAsideWhereTheEngineIsToldTo() async throws {
        try await withHung({ $0.quarantinesOnRemove = true }) { fixture, hung, id in
            try await fixture.engine.removeContainer("doomed", force: true)
            #expect(await fixture.engine.quarantinedContainers().map(\.id) == [id])
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    @Test func restartPolicyHoldsNoMoreAlsoInTheNextEngine() async throws {
        let always = { (request: inout ContainerCreateRequest) -> Void in
            request.hostConfig?.restartPolicy = RestartPolicy()
            request.hostConfig?.restartPolicy?.name = "always"
        }
        try await withHung(request: always) { fixture, hung, id in
            _ = try await fixture.engine.quarantineContainer(id)
            await fixture.abandon()
            let record = fixture.directory("data/containers/\(id)/exit")
            try hung.abort()
            try eventually("the exit is recorded") { try File.status(of: record) != nil }
            try await fixture.reopen()
            try await expectRemoved(fixture, id)
        }
    }

    /// Its supervisor is killed too: it is followed through its control group.
    @Test func withoutASupervisorItIsFollowedByHand() async throws {
        try await withHung { fixture, hung, id in
            _ = try await fixture.engine.quarantineContainer(id)
            await fixture.abandon()
            let parent = try #require(fixture.configuration.cgroupParent)
            try Cgroup("/\(parent)/shim-\(id)", on: try CgroupHost.detect()).kill()
            try await fixture.reopen()
            let left = try #require(await fixture.engine.quarantinedContainers().first)
            #expect(left.id == id && left.populated == true)
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    /// Every place where a crash can leave it: recorded and nothing done; ended, and not removed.
    @Test(arguments: [RunState.Phase.quarantined, .exited, .removing])
    func crashAfterTheRecordIsFinished(_ phase: RunState.Phase) async throws {
        try await withHung { fixture, hung, id in
            _ = try await fixture.engine.quarantineContainer(id)
            await fixture.abandon()
            let host = try CgroupHost.detect()
            let cgroup = Cgroup("/\(try #require(fixture.configuration.cgroupParent))/\(id)", on: host)
            if phase == .quarantined {
                if let pids = cgroup.directory(of: .pids) { try File.overwrite(pids + "/pids.max", with: "max") }
            } else {
                try hung.abort()
                let record = fixture.directory("data/containers/\(id)/exit")
                try eventually("the exit is recorded") { try File.status(of: record) != nil }
                try await fixture.edit { $0.phase = phase }
            }
            try await fixture.reopen()
            if phase == .quarantined {
                #expect(await fixture.engine.quarantinedContainers().map(\.formerName) == ["doomed"])
                if let pids = cgroup.directory(of: .pids) {
                    try await poll("it cannot grow") { try File.readIfPresent(pids + "/pids.max") == Array("0\n".utf8) }
                }
                try hung.abort()
            }
            try await expectRemoved(fixture, id)
        }
    }

    @Test func crashBeforeTheRecordLeavesItStuckUnderItsName() async throws {
        try await withHung { fixture, hung, id in
            #expect(try await !fixture.engine.killContainer(id).result().hasEnded)
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer("doomed").state.quellState == "stuck")
            #expect(try await fixture.engine.quarantineContainer("doomed").outcome == "quarantined")
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }

    @Test func memoryOfWhatIsLeftIsGivenBack() async throws {
        // 64 MB of text, and then a line from where none ever comes.
        let program = "BEGIN { s = \"x\"; while (length(s) < 64000000) s = s s; getline line < \"/hung/file\" }"
        try await withHung(script: "awk '\(program)' & wait") { fixture, hung, id in
            let parent = try #require(fixture.configuration.cgroupParent)
            let cgroup = Cgroup("/\(parent)/\(id)", on: try CgroupHost.detect())
            let before = try cgroup.statistics().memory.usageBytes
            try #require(before > 32 << 20, "\(before)")
            _ = try await fixture.engine.quarantineContainer(id)
            try await poll("its memory is given back") { try cgroup.statistics().memory.usageBytes < 16 << 20 }
            #expect(try cgroup.isPopulated())
            try hung.abort()
            try await expectRemoved(fixture, id)
        }
    }
}

import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ListTests {
    /// As du(1): what a sparse file claims to be is no use of the disk.
    @Test func sizesAreWhatTheDiskHolds() throws {
        let directory = try TemporaryDirectory("sizes")
        let sparse = try File.open(directory("sparse"), [.writeOnly, .create])
        try sparse.truncate(to: 1 << 40)
        try sparse.writeAll([UInt8](repeating: 1, count: 100_000))
        try sparse.sync()
        #expect((100_000..<1_000_000).contains(try TreeSize.bytes(directory.path)))
    }

    @Test func theDriverIsTheOneTheRootFileSystemWasMadeWith() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(["true"])
            #expect(try await fixture.engine.inspectContainer(id).driver == "unknown")
            try await fixture.engine.startContainer(id)
            let driver = try await fixture.engine.inspectContainer(id).graphDriver
            #expect(
                driver.name == "overlay2"
                    && driver.data?["UpperDir"] == fixture.directory("data/containers/\(id)/upper"))
            try await fixture.reopen()
            #expect(try await fixture.engine.inspectContainer(id).driver == "overlay2")
            await fixture.abandon()
            try await fixture.edit { $0.usesOverlay = false }
            try await fixture.reopen()
            let copied = try await fixture.engine.inspectContainer(id).graphDriver
            #expect(copied.name == "copy" && copied.data == nil)
        }
    }

    @Test func filtersAndTexts() async throws {
        try await Fixture.with { fixture in
            let running = try await fixture.create(["sleep", "1000"], name: "sleeper") {
                $0.config.labels = ["tier": "web"]
            }
            try await fixture.engine.startContainer(running)
            let ended = try await fixture.create(shell("exit 3"), name: "brief")
            let wait = try await fixture.engine.waitContainer(ended, .nextExit)
            try await fixture.engine.startContainer(ended)
            _ = await wait.result()
            _ = try await fixture.create(["true"], name: "fresh")

            func names(_ filters: Filters, all: Bool = false) async throws -> [String] {
                var options = ListOptions()
                (options.all, options.filters) = (all, filters)
                return try await fixture.engine.listContainers(options).flatMap(\.names)
            }
            #expect(try await names([:]) == ["/sleeper"])
            #expect(try await names([:], all: true) == ["/fresh", "/brief", "/sleeper"])
            #expect(try await names(["status": ["exited"]]) == ["/brief"])
            #expect(try await names(["exited": ["3"]]) == ["/brief"])
            #expect(try await names(["label": ["tier=web"]]) == ["/sleeper"])
            #expect(try await names(["label": ["tier=db"]]) == [])
            #expect(try await names(["name": ["^/sle"]]) == ["/sleeper"])
            #expect(try await names(["name": ["^(sleeper|fresh)$"]], all: true) == ["/fresh", "/sleeper"])
            #expect(try await names(["name": ["^sl[e]{2}"]], all: true) == [])
            #expect(try await names(["ancestor": ["busybox"]], all: true).count == 3)
            await #expect(throws: EngineError.invalid("invalid filter 'colour'")) {
                _ = try await names(["colour": ["red"]])
            }
            for (key, wrong) in [
                ("health", "ill"), ("exited", "x"), ("is-task", "maybe"), ("expose", "80/xyz"), ("publish", "90-80"),
            ] {
                await #expect(throws: EngineError.self, "\(key)=\(wrong)") { _ = try await names([key: [wrong]]) }
            }
            var commit = CommitRequest()
            commit.reference = "child"
            _ = try await fixture.engine.commitContainer("brief", commit)
            _ = try await fixture.create(["true"], name: "grandchild") {
                ($0.config.image, $0.config.exposedPorts) = ("child", ["8005/udp": EmptyObject()])
            }
            #expect(try await names(["ancestor": ["child"]], all: true) == ["/grandchild"])
            #expect(try await names(["ancestor": ["busybox"]], all: true).count == 4)
            #expect(try await names(["expose": ["8000-8010/udp"]], all: true) == ["/grandchild"])
            #expect(try await names(["expose": ["8005"]], all: true) == [])
            try await fixture.engine.removeContainer("grandchild")

            var options = ListOptions()
            options.all = true
            let list = try await fixture.engine.listContainers(options)
            #expect(list.map(\.state) == ["created", "exited", "running"])
            #expect(list[0].status == "Created")
            #expect(list[1].status.hasPrefix("Exited (3) "))
            #expect(list[2].status.hasPrefix("Up ") && list[2].quellState == "running")
        }
    }

    @Test func pausedAndBack() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            try await fixture.engine.pauseContainer(id)
            #expect(try await fixture.engine.inspectContainer(id).state.status == "paused")
            #expect(try await fixture.engine.listContainers()[0].status.hasSuffix("(Paused)"))
            try await fixture.engine.unpauseContainer(id)
            #expect(try await fixture.engine.inspectContainer(id).state.status == "running")
            try await fixture.engine.pauseContainer(id)
            let outcome = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
            #expect(outcome.hasEnded)
        }
    }

    @Test func eventsAreToldAndRemembered() async throws {
        try await Fixture.with { fixture in
            let start = Timestamp(seconds: 1)
            let live = try await fixture.engine.events(since: nil, until: nil, filters: ["type": ["container"]])
            let id = try await fixture.run(["true"])
            var seen: [String] = []
            while !seen.contains("die"), let event = try await live.next() {
                #expect(event.actor.id == id)
                seen.append(event.action)
            }
            live.close()
            #expect(seen == ["create", "start", "die"])
            try await fixture.reopen()
            let past = try await fixture.engine.events(
                since: start, until: Timestamp(seconds: Int.max / 2_000_000_000),
                filters: ["event": ["create", "die"], "container": [id]])
            #expect(try await past.next()?.action == "create")
            #expect(try await past.next()?.action == "die")
            past.close()
            await #expect(throws: EngineError.invalid("invalid filter 'colour'")) {
                _ = try await fixture.engine.events(since: nil, until: nil, filters: ["colour": ["red"]])
            }
        }
    }

    @Test func namespacesOfAnotherContainer() async throws {
        try await Fixture.with { fixture in
            let first = try await fixture.create(["sleep", "1000"], name: "first") { request in
                request.config.hostname = "firsthost"
                request.hostConfig?.ipcMode = "shareable"
            }
            let (_, error) = (
                first,
                await #expect(throws: EngineError.self) {
                    _ = try await fixture.run(["true"]) { $0.hostConfig?.pidMode = "container:first" }
                }
            )
            guard case .conflict = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await fixture.engine.startContainer("first")
            let (_, text) = try await fixture.output(shell("ps; cat /etc/hostname; touch /dev/shm/x")) { request in
                request.hostConfig?.pidMode = "container:first"
                request.hostConfig?.ipcMode = "container:first"
                request.hostConfig?.networkMode = "container:first"
            }
            #expect(text.contains("sleep 1000") && text.contains("firsthost"))
        }
    }

    @Test func statsTopUpdateAndInfo() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { $0.hostConfig?.memory = 64 << 20 }
            let stats = try #require(
                try await fixture.engine.containerStats(id, stream: false, oneShot: true).next())
            #expect(stats.memoryStats.limit == 64 << 20 && stats.pidsStats.current == 1)
            // What is left of the runtime may still be on its way out of the cgroup.
            try await poll("the command is all there is") {
                let top = try await fixture.engine.topContainer(id, psArguments: nil)
                return top.processes.compactMap(\.last) == ["sleep 1000"]
            }
            var update = ContainerUpdateRequest()
            (update.memory, update.pidsLimit) = (32 << 20, 55)
            update.memorySwap = -1
            _ = try await fixture.engine.updateContainer(id, update)
            let after = try #require(
                try await fixture.engine.containerStats(id, stream: false, oneShot: true).next())
            #expect(after.memoryStats.limit == 32 << 20 && after.pidsStats.limit == 55)
            let info = try await fixture.engine.systemInfo()
            #expect(info.containersRunning == 1 && info.images == 1)
            let usage = try await fixture.engine.diskUsage()
            #expect(usage.containers.count == 1 && usage.images.count == 1)
        }
    }

    @Test func healthIsTested() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("touch /ok; sleep 1000")) { request in
                var check = HealthConfig()
                check.test = ["CMD-SHELL", "test -e /ok && echo fine"]
                (check.interval, check.retries) = (100_000_000, 1)
                request.config.healthcheck = check
            }
            try await poll("it is healthy") {
                try await fixture.engine.inspectContainer(id).state.health?.status == "healthy"
            }
            #expect(try await fixture.engine.inspectContainer(id).state.health?.log.last?.output == "fine\n")
            var remove = ExecCreateRequest()
            remove.cmd = ["rm", "/ok"]
            let exec = try await fixture.engine.createExec(id, remove)
            var detached = ExecStartRequest()
            detached.detach = true
            _ = try await fixture.engine.startExec(exec, detached)
            try await poll("it is unhealthy") {
                try await fixture.engine.inspectContainer(id).state.health?.status == "unhealthy"
            }
        }
    }
}

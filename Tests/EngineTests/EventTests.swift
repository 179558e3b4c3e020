import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2))) struct EventTests {
    /// All of the past that these filters let through.
    private func past(_ fixture: Fixture, _ filters: Filters = [:], since: Int64 = 1) async throws -> [EventMessage] {
        let events = try await fixture.engine.events(
            since: Timestamp(nanosecondsSince1970: since), until: .now, filters: filters)
        defer { events.close() }
        var all: [EventMessage] = []
        while let event = try await events.next() { all.append(event) }
        return all
    }

    @Test func aContainersLifeIsTold() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"]) { request in
                request.config.labels = ["team": "a"]
                request.hostConfig?.binds = ["store:/v:ro"]
            }
            var exec = ExecCreateRequest()
            exec.cmd = ["true"]
            let execID = try await fixture.engine.createExec(id, exec)
            var start = ExecStartRequest()
            start.detach = true
            _ = try await fixture.engine.startExec(execID, start)
            try await poll("the exec has ended") { try await !fixture.engine.inspectExec(execID).running }
            _ = try await fixture.engine.topContainer(id, psArguments: nil)
            try await fixture.engine.pauseContainer(id)
            try await fixture.engine.unpauseContainer(id)
            try await fixture.engine.renameContainer(id, to: "other")
            let export = try await fixture.engine.exportContainer(id)
            while try await export.next() != nil {}
            _ = try await fixture.engine.stopContainer(id, StopOptions(unhandled: .kill)).result()
            try await fixture.engine.removeContainer(id, force: false, volumes: false)
            _ = try await fixture.engine.pruneVolumes(["all": ["true"]])
            let all = try await past(fixture)
            let actions = all.map { "\($0.type) \($0.action)" }
            for word in [
                "volume create", "container create", "volume mount", "container start", "container exec_create: true ",
                "container exec_start: true ", "container exec_die", "container top", "container pause",
                "container unpause", "container rename", "container export", "container kill", "container die",
                "volume unmount", "container stop", "container destroy", "volume destroy", "volume prune",
            ] { #expect(actions.contains(word), "\(word) is missing in \(actions)") }
            let mount = try #require(all.first { $0.action == "mount" })
            #expect(mount.actor.id == "store")
            #expect(mount.actor.attributes["container"] == id && mount.actor.attributes["destination"] == "/v")
            #expect(mount.actor.attributes["read/write"] == "false")
            let die = try #require(all.first { $0.action == "die" })
            #expect(die.actor.attributes["execDuration"] != nil && die.actor.attributes["exitCode"] == "137")
            #expect(
                try await past(fixture, ["label": ["team=a"], "event": ["start", "die"]]).map(\.action) == [
                    "start", "die",
                ])
            #expect(try await past(fixture, ["volume": ["store"]]).count == 4)
            #expect(try await past(fixture, ["node": ["x"]]).isEmpty)
            #expect(try await past(fixture, ["container": [id]], since: Int64(die.timeNano)).first?.action == "die")
            #expect(try await past(fixture, ["container": [id]], since: Int64(die.timeNano) + 1).first?.action != "die")
        }
    }

    /// More than a page, and more than is kept; an engine that comes later goes on behind them, in the order of time.
    @Test func historyIsBoundedAndOutlivesTheEngine() async throws {
        try await Fixture.with { fixture in
            for number in 0..<Store.keptEvents + 2 * Store.eventPage {
                fixture.engine.core.events.post(type: "test", action: "\(number)", id: "x", attributes: [:])
            }
            let all = try await past(fixture, ["type": ["test"]])
            #expect(all.count >= Store.keptEvents && all.count <= Store.keptEvents + Store.eventPage)
            #expect(all.last?.action == "\(Store.keptEvents + 2 * Store.eventPage - 1)")
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.timeNano < $1.timeNano })
            try await fixture.reopen()
            fixture.engine.core.events.post(type: "test", action: "late", id: "x", attributes: [:])
            let later = try await past(fixture, ["type": ["test"]])
            #expect(later.map(\.action) == all.dropFirst(later.count > all.count ? 0 : 1).map(\.action) + ["late"])
        }
    }

    /// What is told while history is read comes once, and behind it.
    @Test func nothingIsToldTwiceOrLeftOut() async throws {
        try await Fixture.with { fixture in
            let count = 3 * Store.eventPage
            for number in 0..<count {
                fixture.engine.core.events.post(type: "test", action: "\(number)", id: "x", attributes: [:])
            }
            let events = try await fixture.engine.events(
                since: Timestamp(seconds: 1), until: nil, filters: ["type": ["test"]])
            defer { events.close() }
            var seen: [String] = []
            while seen.count < 2 * count, let event = try await events.next() {
                seen.append(event.action)
                if seen.count <= count {
                    fixture.engine.core.events.post(
                        type: "test", action: "\(count + seen.count - 1)", id: "x", attributes: [:])
                }
            }
            #expect(seen == (0..<2 * count).map { "\($0)" })
        }
    }
}

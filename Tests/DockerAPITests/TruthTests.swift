import APITypes
import Engine
import FoundationEssentials
import Lifecycle
import Linux
import TestKit
import Testing

@testable import DockerAPI

/// What Docker's contract has no words for, told through it without a lie.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TruthTests {
    /// A container whose child hangs in the kernel; it is freed whatever happens.
    private func withStuck(_ body: (RealAPI, String, HungFileSystem) async throws -> Void) async throws {
        let hung = try HungFileSystem()
        try await RealAPI.with({ $0.killDeadline = .seconds(1) }) { api in
            do {
                let id = try await api.run(["sh", "-c", "cat /hung/file & wait"]) { request in
                    request.hostConfig?.binds = ["\(hung.path):/hung"]
                }
                try await within(.seconds(20), "the reader is in the kernel") { try hung.waitUntilRead() }
                try await body(api, id, hung)
                try hung.abort()
            } catch {
                try hung.abort()
                throw error
            }
            try await api.removeAll()
        }
    }

    private func events(_ api: RealAPI, _ id: String) async throws -> [EventMessage] {
        let stream = try await api.engine.events(
            since: Timestamp(seconds: 1), until: .now, filters: ["container": [id], "type": ["container"]])
        defer { stream.close() }
        var list: [EventMessage] = []
        while let event = try await stream.next() { list.append(event) }
        return list
    }

    @Test(arguments: ["stop?t=0", "kill", "restart?t=0"])
    func stuckIsAnErrorAndTheLateExitIsTold(call: String) async throws {
        try await withStuck { api, id, hung in
            let started = ContinuousClock.now
            let answer = try await api.send("POST", "/v1.41/containers/\(id)/\(call)")
            #expect(answer.status == 500, "\(answer.text)")
            #expect(started.duration(to: .now) < .seconds(20), "the deadline is one second")
            let body = answer.text.split(separator: "\r\n\r\n", maxSplits: 1).last.map(String.init) ?? ""
            let error = try DockerJSON.decode(ErrorMessage.self, from: Data(body.utf8))
            #expect(error.message.contains("stuck") && error.message.contains("cat"), "\(error.message)")
            #expect(!error.message.contains("\n"), "one line: \(error.message)")

            // It runs, to Docker; the text says more, and since when.
            let list = try await api.send("GET", "/v1.41/containers/json").text
            #expect(list.contains(#""State":"running""#) && list.contains("(stuck, stopping for "), "\(list)")
            let inspect = try await api.engine.inspectContainer(id)
            #expect(inspect.state.status == "running" && inspect.state.running)
            #expect(inspect.state.exitCodeObserved == nil && inspect.state.exitCode == 0)
            #expect(try await events(api, id).allSatisfy { $0.action != "die" && $0.action != "stop" })

            let wait = try await api.engine.waitContainer(id, .notRunning)
            try hung.abort()
            #expect(await wait.result().statusCode == 137)
            let expected: Set = call == "kill" ? ["kill", "die"] : ["stop", "die"]
            var told: [EventMessage] = []
            let deadline = ContinuousClock.now + .seconds(20)
            while !expected.isSubset(of: told.map(\.action)) {
                try #require(ContinuousClock.now < deadline, "\(told.map(\.action))")
                told = try await events(api, id)
            }
            #expect(told.first { $0.action == "die" }?.actor.attributes["exitCode"] == "137")
        }
    }

    /// Lists, inspections and calls about others go on meanwhile.
    @Test func nobodyWaitsForAStuckContainer() async throws {
        try await withStuck { api, id, _ in
            let other = try await api.run(["sleep", "1000"])
            let stop = Task { try await api.send("POST", "/containers/\(id)/stop?t=0") }
            for target in [
                "/containers/json?all=1", "/containers/\(id)/json", "/containers/\(other)/json", "/info", "/_ping",
            ] {
                let started = ContinuousClock.now
                #expect(try await api.send("GET", target).status == 200)
                #expect(started.duration(to: .now) < .seconds(2), "\(target)")
            }
            #expect(try await api.send("POST", "/containers/\(other)/kill").status == 204)
            #expect(try await stop.value.status == 500)
        }
    }

    /// Half a stop would be worse than none.
    @Test func aClientThatHangsUpCancelsNothing() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"])
            let client = try await RawClient(api.socket)
            let wait = try await api.engine.waitContainer(id, .notRunning)
            try await client.send(
                "POST /containers/\(id)/stop?t=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            let deadline = ContinuousClock.now + .seconds(20)
            while try await api.engine.inspectContainer(id).state.quellState != "stopping" {
                try #require(ContinuousClock.now < deadline, "the stop is not under way")
                await Task.yield()
            }
            let list = try await api.engine.listContainers()
            #expect(list.first?.status.contains("(stopping for ") == true, "\(list.map(\.status))")
            try await client.close()
            #expect(await wait.result().statusCode == 137)
        }
    }

    /// The supervisor is gone, and with it whoever could have seen the code.
    @Test func aCodeThatNobodySawIsSaidToBeUnknown() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sleep", "1000"])
            let main = Int32(try await api.engine.inspectContainer(id).state.pid)
            let shim = try Procfs.stat(of: main).parent
            try Pidfd(opening: shim).send(.kill)
            let wait = try await api.engine.waitContainer(id, .notRunning)
            try Pidfd(opening: main).send(.kill)
            let ended = await wait.result()
            let state = try await api.engine.inspectContainer(id).state
            guard state.exitCodeObserved == false else {
                // The kernel told it after all (PIDFD_INFO_EXIT, 6.15).
                #expect(ended.statusCode == 137 && state.exitCode == 137 && ended.error == nil, "\(ended) \(state)")
                return
            }
            #expect(ended.statusCode == 255 && ended.error?.message.isEmpty == false, "\(ended)")
            #expect(!state.error.isEmpty && state.exitCode != 0 && state.exitCode != 137, "\(state)")
            var all = ListOptions()
            all.all = true
            #expect(try await api.engine.listContainers(all).first?.status.hasPrefix("Exited (unknown)") == true)
        }
    }

    /// `unhandled=wait` for what comes through Docker's API, changed by a label.
    @Test(arguments: [(nil, true), ("wait", true), ("kill", false)] as [(String?, Bool)])
    func whereNobodyReactsTheGracePeriodIsKept(label: String?, waits: Bool) async throws {
        try await RealAPI.with { api in
            let labels = label.map { #","Labels":{"quell.stop.unhandled":"\#($0)"}"# } ?? ""
            let body = #"{"Image":"busybox","Cmd":["sleep","1000"]\#(labels)}"#
            try #require(try await api.send("POST", "/containers/create?name=deaf", body).status == 201)
            try #require(try await api.send("POST", "/containers/deaf/start").status == 204)
            let started = ContinuousClock.now
            #expect(try await api.send("POST", "/containers/deaf/stop?t=2").status == 204)
            #expect((started.duration(to: .now) >= .seconds(2)) == waits)
        }
    }
}

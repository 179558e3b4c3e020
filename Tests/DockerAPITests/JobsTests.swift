import APITypes
import Engine
import FoundationEssentials
import Lifecycle
import Linux
import TestKit
import Testing

@testable import DockerAPI

/// What is known of calls in flight while they hang: the register, the watchdog, the metrics.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct JobsTests {
    /// What nothing may hold up. Generous: a debug build on a machine that does other things.
    private static let atOnce = Duration.seconds(2)

    private func body(_ answer: (status: Int, text: String)) -> String {
        guard let end = answer.text.firstRange(of: "\r\n\r\n") else { return "" }
        return String(answer.text[end.upperBound...])
    }

    private func jobs(_ api: RealAPI, all: Bool = false) async throws -> [JobEntry] {
        let answer = try await api.send("GET", "/quell/v1/jobs" + (all ? "?all=1" : ""))
        #expect(answer.status == 200, "\(answer.text)")
        return try DockerJSON.decode(JobList.self, from: Data(body(answer).utf8)).jobs
    }

    private func metrics(_ api: RealAPI) async throws -> MetricsPage {
        let answer = try await api.send("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer.text.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
        return try MetricsPage(body(answer))
    }

    /// Frees everybody also when the body throws.
    private func withHungFiles(_ body: (HungFileSystem) async throws -> Void) async throws {
        let hung = try HungFileSystem()
        do { try await body(hung) } catch {
            try hung.abort()
            throw error
        }
        try hung.abort()
    }

    private func until<Value>(_ what: String, _ look: () async throws -> Value?) async throws -> Value {
        let deadline = MonotonicClock.now() + .seconds(20)
        while MonotonicClock.now() < deadline {
            if let value = try await look() { return value }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TestFailure("never: \(what)")
    }

    @Test func aStuckStopIsListedReportedAndCounted() async throws {
        try await withHungFiles { hung in
            try await RealAPI.with { api in
                let id = try await api.run(["sh", "-c", "cat /hung/file & wait"]) { request in
                    request.hostConfig?.binds = ["\(hung.path):/hung"]
                }
                try hung.waitUntilRead()
                let events = try await api.engine.events(since: nil, until: nil, filters: ["event": ["overdue"]])
                defer { events.close() }
                async let answer = api.send("POST", "/quell/v1/containers/\(id)/kill", #"{"killDeadlineMs":300}"#)
                let job = try await until("the job is overdue") { try await jobs(api).first(where: \.overdue) }
                #expect(job.kind == "kill" && job.container == id && job.waitsOn == "kernel" && job.expectedMs == 300)
                #expect(job.askedBy?.pid == Int(ProcessSelf.pid) && job.askedBy?.uid == 0)
                let event = try #require(try await events.next())
                #expect(event.type == "container" && event.action == "overdue" && event.actor.id == id)
                #expect(event.actor.attributes["job"] == "\(job.id)" && event.actor.attributes["waitsOn"] == "kernel")
                #expect(event.actor.attributes["finding"]?.contains("cat") == true, "\(event.actor.attributes)")
                let found = try await until("the finding is there") { try await jobs(api).first?.finding }
                #expect(found.contains("cat (pid ") && found.contains("FUSE"), "\(found)")
                #expect(try await answer.text.contains(#""verdict":"stuck""#))

                try await nothingElseWaits(api)
                try await checkStuckPage(try await metrics(api))

                let ended = try await api.engine.waitContainer(id)
                try hung.abort()
                _ = await ended.result()
                #expect(try await jobs(api).isEmpty)
                let after = try await metrics(api)
                #expect(after.value("quell_jobs_overdue", ["kind": "kill"]) == 0)
                #expect(after.value("quell_jobs_overdue_total", ["kind": "kill"]) == 1)
                let labels = ["verdict": "exited", "how": "killed", "rung": "KILL"]
                let counted = try await until("the end is counted") {
                    try await metrics(api).value("quell_stop_duration_seconds_count", labels)
                }
                #expect(counted == 1)
            }
        }
    }

    private func checkStuckPage(_ page: MetricsPage) async throws {
        #expect(page.value("quell_containers", ["state": "stuck"]) == 1)
        #expect(page.value("quell_containers", ["state": "running"]) == 0)
        #expect(page.value("quell_jobs", ["kind": "kill"]) == 1)
        #expect(page.value("quell_jobs_overdue", ["kind": "kill"]) == 1)
        let stuck = ["verdict": "stuck", "how": "", "rung": ""]
        #expect(page.value("quell_stop_duration_seconds_count", stuck) == 1)
        let tasks = page.samples.filter { $0.name == "quell_stuck_tasks" }.map(\.value).reduce(0, +)
        #expect(tasks >= 1)
        #expect((page.value("quell_stuck_tasks", ["reason": "fuse"]) ?? 0) >= 1, "\(page.samples)")
        let kills = page.samples.filter { $0.name == "quell_kills_total" }.map(\.value).reduce(0, +)
        #expect(kills == 1, "one container was killed, by whatever mechanism this host has")
        #expect(page.types["quell_api_duration_seconds"] == "histogram")
        let route = ["route": "GET /quell/v1/jobs", "code": "2xx"]
        #expect((page.value("quell_api_duration_seconds_count", route) ?? 0) >= 1)
        #expect((page.value("process_resident_memory_bytes") ?? 0) > 1_000_000)
        #expect((page.value("process_open_fds") ?? 0) > 3 && (page.value("process_threads") ?? 0) > 1)
        let started = try #require(page.value("process_start_time_seconds"))
        #expect(abs(started - Double(WallTime.now().seconds)) < 3600 * 24)
        #expect(page.value("quell_http_loop_lag_seconds", ["loop": "0"]) != nil)
        #expect((page.value("quell_reactor_delay_seconds_count") ?? 0) >= 1)
    }

    private func nothingElseWaits(_ api: RealAPI) async throws {
        for target in ["/containers/json", "/info", "/_ping", "/quell/v1/jobs", "/metrics"] {
            let begun = MonotonicClock.now()
            #expect(try await api.send("GET", target).status == 200)
            #expect(MonotonicClock.now() - begun < JobsTests.atOnce, "\(target)")
        }
    }

    @Test func aStartThatHangsSaysWhereAndWhoAsked() async throws {
        try await withHungFiles { hung in
            try await RealAPI.with({ $0.expectations.start = .milliseconds(200) }) { api in
                let events = try await api.engine.events(since: nil, until: nil, filters: ["event": ["overdue"]])
                defer { events.close() }
                var request = ContainerCreateRequest()
                (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", ["true"], HostConfig())
                request.hostConfig?.binds = ["\(hung.silent):/x"]
                let id = try await api.engine.createContainer(request, name: "waiting").id
                async let answer = api.send("POST", "/containers/waiting/start")
                let start = try await until("the start is overdue") {
                    try await jobs(api).first { $0.overdue && $0.kind == "start" }
                }
                #expect(start.waitsOn == "host-look" && start.container == id && start.name == "waiting")
                #expect(start.askedBy?.pid == Int(ProcessSelf.pid))
                #expect(try await events.next()?.actor.attributes["waitsOn"] == "host-look")
                // The call waits on the start, which is listed itself.
                #expect(try await jobs(api).contains { $0.kind == "call" } == false)
                let call = try await jobs(api, all: true).first { $0.call == "POST /containers/{id}/start" }
                #expect(call?.waitsOn == "job \(start.id)" && call?.expectedMs == nil)
                try await nothingElseWaits(api)
                try hung.abort()
                #expect(try await answer.status == 500)
                #expect(try await jobs(api).isEmpty)
            }
        }
    }

    /// A given-up look is a process that may hang for ever: it is counted as long as it does.
    @Test func aGivenUpLookIsCounted() async throws {
        try await withHungFiles { hung in
            try await RealAPI.with { api in
                var request = ContainerCreateRequest()
                (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", ["true"], HostConfig())
                request.hostConfig?.binds = ["\(hung.silent):/x"]
                _ = try await api.engine.createContainer(request, name: "waiting")
                #expect(try await api.send("POST", "/containers/waiting/start").status == 500)
                let page = try await metrics(api)
                #expect(page.value("quell_probes_abandoned_total", ["for": "mount"]) == 1)
                #expect(page.value("quell_probes_hanging", ["for": "mount"]) == 1)
                #expect(page.value("quell_helper_processes") == 1)
                try hung.abort()
                _ = try await until("nothing hangs") {
                    try await metrics(api).value("quell_probes_hanging", ["for": "mount"]) == 0 ? true : nil
                }
            }
        }
    }

    /// A disk that does not answer holds up what needs it, and not the telling of it.
    @Test(.enabled(if: FrozenFileSystem.isSupported, "no loop device, or no mkfs.ext4"))
    func aDiskThatDoesNotAnswerIsNamed() async throws {
        let disk = try FrozenFileSystem(megabytes: 64)
        try await RealAPI.with({
            $0.dataRoot = disk.path + "/data"
            $0.expectations.call = .milliseconds(300)
        }) { api in
            let events = try await api.engine.events(since: nil, until: nil, filters: ["event": ["overdue"]])
            defer { events.close() }
            try disk.freeze()
            do {
                async let answer = api.send("POST", "/containers/create", #"{"Image":"busybox","Cmd":["true"]}"#)
                let call = try await until("the call is overdue") { try await jobs(api).first(where: \.overdue) }
                #expect(call.call == "POST /containers/create" && call.waitsOn == "store" && call.container == nil)
                let event = try #require(try await events.next())
                #expect(event.type == "job" && event.action == "overdue" && event.actor.id == "\(call.id)")
                #expect(event.actor.attributes["call"] == "POST /containers/create")
                for target in ["/containers/json?all=1", "/_ping", "/quell/v1/jobs", "/metrics"] {
                    let begun = MonotonicClock.now()
                    #expect(try await api.send("GET", target).status == 200)
                    #expect(MonotonicClock.now() - begun < JobsTests.atOnce, "\(target)")
                }
                try disk.thaw()
                #expect(try await answer.status == 201)
            } catch {
                try disk.thaw()
                throw error
            }
        }
    }

    @Test func whatOnlyWatchesIsNotListed() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sleep", "1000"])
            let client = try await RawClient(api.socket)
            try await client.send(
                "POST /containers/\(id)/wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            let call = try await until("the wait is in flight") {
                try await jobs(api, all: true).first {
                    $0.call == "POST /containers/{id}/wait" && $0.waitsOn == "container"
                }
            }
            #expect(call.container == id && call.expectedMs == nil)
            #expect(try await jobs(api).isEmpty)
            #expect(try await api.engine.killContainer(id).result().hasEnded)
            _ = await client.readAll()
        }
    }

    @Test func unknownPathsAreCountedTogether() async throws {
        try await RealAPI.with { api in
            #expect(try await api.send("GET", "/no/such/path").status == 404)
            #expect(try await api.send("GET", "/containers/nobody/json").status == 404)
            let page = try await metrics(api)
            #expect(page.value("quell_api_duration_seconds_count", ["route": "other", "code": "4xx"]) == 1)
            let route = ["route": "GET /containers/{id}/json", "code": "4xx"]
            #expect(page.value("quell_api_duration_seconds_count", route) == 1)
        }
    }
}

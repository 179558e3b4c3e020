import APITypes
import Engine
import Glibc
import Lifecycle
import TestKit
import Testing

/// Whatever number a client, an image or a container comes with: it gets an answer, and the next one does too.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostileNumberTests {
    private struct Case {
        let method: String
        /// `ID` is a running container.
        let target: String
        var body = ""
        /// 0: any answer will do.
        var status = 0
        /// Named in the answer.
        var word = ""
    }

    private static let largest = "9223372036854775807"
    private static let smallest = "-9223372036854775808"

    private func run(_ cases: [Case]) async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"])
            for test in cases {
                let target = test.target.split(separator: "ID", omittingEmptySubsequences: false).joined(separator: id)
                let answer = try await api.send(test.method, target, test.body)
                let what = "\(test.method) \(test.target) \(test.body)"
                #expect(answer.status != 0, "\(what): \(answer.text)")
                #expect(test.status == 0 || answer.status == test.status, "\(what): \(answer.text)")
                #expect(answer.text.contains(test.word), "\(what): \(answer.text)")
            }
            #expect(try await api.send("GET", "/_ping").status == 200)
            #expect(try await api.engine.inspectContainer(id).state.running)
        }
    }

    @Test func updates() async throws {
        let wrong: [(body: String, word: String)] = [
            (#"{"CpuPeriod":-5}"#, "cfs period"), (#"{"CpuPeriod":\#(Self.largest)}"#, "cfs period"),
            (#"{"CpuShares":\#(Self.smallest)}"#, "CpuShares"), (#"{"NanoCpus":\#(Self.largest)}"#, "range of CPUs"),
            (#"{"NanoCpus":-1}"#, "NanoCpus"), (#"{"CpuQuota":1}"#, "cfs quota"),
            (#"{"Memory":5000000000000000000}"#, "Memory"), (#"{"Memory":\#(Self.smallest)}"#, "Memory"),
            (#"{"MemorySwap":\#(Self.largest)}"#, "MemorySwap"),
            (#"{"MemoryReservation":\#(Self.largest)}"#, "MemoryReservation"), (#"{"Memory":1e30}"#, "number"),
            (#"{"Memory":99999999999999999999}"#, "number"), (#"{"CpuPeriod":0.5}"#, "number"),
        ]
        try await run(
            wrong.map {
                Case(method: "POST", target: "/containers/ID/update", body: $0.body, status: 400, word: $0.word)
            } + [
                Case(method: "POST", target: "/containers/ID/update", body: #"{"PidsLimit":\#(Self.smallest)}"#),
                Case(method: "POST", target: "/containers/ID/update", body: #"{"CpuQuota":\#(Self.smallest)}"#),
                Case(method: "POST", target: "/containers/ID/update", body: #"{"CpuQuota":\#(Self.largest)}"#),
            ])
    }

    @Test func creations() async throws {
        let hosts: [(body: String, word: String)] = [
            (#""Memory":5000000000000000000"#, "Memory"), (#""MemorySwap":\#(Self.smallest)"#, "MemorySwap"),
            (#""Memory":67108864,"MemorySwap":\#(Self.largest)"#, "MemorySwap"),
            (#""MemoryReservation":\#(Self.largest)"#, "MemoryReservation"),
            (#""ShmSize":\#(Self.largest)"#, "ShmSize"),
            (#""ShmSize":-1"#, "ShmSize"), (#""CpuPeriod":\#(Self.smallest)"#, "cfs period"),
            (#""CpuShares":\#(Self.smallest)"#, "CpuShares"), (#""NanoCpus":\#(Self.smallest)"#, "NanoCpus"),
            (#""BlkioWeight":\#(Self.largest)"#, "blkio weight"),
            (#""MemorySwappiness":\#(Self.largest)"#, "swappiness"),
            (#""OomScoreAdj":\#(Self.smallest)"#, "oom score"),
            (#""RestartPolicy":{"Name":"on-failure","MaximumRetryCount":\#(Self.smallest)}"#, "retry count"),
            (#""LogConfig":{"Type":"json-file","Config":{"max-size":"1k","max-file":"4294967295"}}"#, "max-file"),
            (#""LogConfig":{"Type":"json-file","Config":{"max-size":"99999999999999999999t"}}"#, "max-size"),
        ]
        let configs: [(body: String, word: String)] = [
            (#""StopTimeout":\#(Self.largest)"#, "StopTimeout"), (#""StopTimeout":315360001"#, "StopTimeout"),
            (#""Healthcheck":{"Test":["CMD","true"],"Interval":\#(Self.smallest)}"#, "Interval"),
            (#""Healthcheck":{"Test":["CMD","true"],"StartPeriod":1}"#, "StartPeriod"),
            (#""Healthcheck":{"Test":["CMD","true"],"Retries":\#(Self.smallest)}"#, "Retries"),
            (#""Labels":{"quell.stop.kill-deadline":"9999999999h"}"#, "kill-deadline"),
            (#""Labels":{"quell.stop.ladder":"TERM:9999999999h"}"#, "TERM:9999999999h"),
        ]
        let bodies =
            configs.map { (#"{"Image":"busybox","Cmd":["true"],\#($0.body)}"#, $0.word) }
            + hosts.map { (#"{"Image":"busybox","Cmd":["true"],"HostConfig":{\#($0.body)}}"#, $0.word) }
        try await run(
            bodies.map { Case(method: "POST", target: "/containers/create", body: $0.0, status: 400, word: $0.1) })
    }

    @Test func stops() async throws {
        let stop = "/quell/v1/containers/ID/stop"
        let kill = "/quell/v1/containers/ID/kill"
        try await run([
            Case(method: "POST", target: "/containers/ID/stop?t=\(Self.largest)", status: 400, word: "t: "),
            Case(method: "POST", target: "/containers/ID/stop?t=315360001", status: 400, word: "10 years"),
            Case(method: "POST", target: "/containers/ID/stop?t=99999999999999999999", status: 400, word: "no number"),
            Case(method: "POST", target: "/containers/ID/restart?t=\(Self.largest)", status: 400, word: "t: "),
            Case(method: "POST", target: stop, body: #"{"timeout":\#(Self.largest)}"#, status: 400, word: "timeout"),
            Case(
                method: "POST", target: stop, body: #"{"killDeadlineMs":\#(Self.largest)}"#, status: 400,
                word: "killDeadlineMs"),
            Case(method: "POST", target: stop, body: #"{"killDeadlineMs":0}"#, status: 400, word: "killDeadlineMs"),
            Case(method: "POST", target: stop, body: #"{"ladder":"TERM:87601h"}"#, status: 400, word: "87601h"),
            Case(
                method: "POST", target: kill, body: #"{"killDeadlineMs":\#(Self.largest)}"#, status: 400,
                word: "killDeadlineMs"),
            Case(method: "POST", target: kill, body: #"{"killDeadlineMs":-1}"#, status: 400, word: "killDeadlineMs"),
        ])
    }

    @Test func times() async throws {
        let stamps = [
            "until=0001-01-01T00:00:00Z", "until=-9999999999", "since=9223372036.999999999&until=1",
            "since=\(Self.smallest)&until=1", "since=\(Self.smallest)&until=\(Self.smallest)", "since=1&until=-1",
            "since=292277026596y&until=1", "since=\(Self.largest).999999999&until=1",
        ]
        let filters = ["9223372036.999999999", Self.largest, Self.smallest, "0001-01-01T00:00:00Z", "2555555h"]
        try await run(
            stamps.map { Case(method: "GET", target: "/events?\($0)") }
                + stamps.map { Case(method: "GET", target: "/containers/ID/logs?stdout=1&\($0)") }
                + filters.flatMap { text in
                    ["/containers/prune", "/volumes/prune", "/images/prune"].map {
                        Case(method: "POST", target: "\($0)?filters=%7B%22until%22:%5B%22\(text)%22%5D%7D", status: 200)
                    }
                }
                + filters.map {
                    Case(
                        method: "GET", target: "/images/json?filters=%7B%22until%22:%5B%22\($0)%22%5D%7D", status: 200)
                })
    }

    @Test func countsAndSizes() async throws {
        let numbers = [Self.largest, Self.smallest, "-1", "65536", "99999999999999999999"]
        try await run(
            numbers.flatMap { number in
                [
                    Case(method: "GET", target: "/containers/json?limit=\(number)"),
                    Case(method: "GET", target: "/containers/ID/logs?stdout=1&tail=\(number)", status: 200),
                    Case(method: "POST", target: "/containers/ID/resize?h=\(number)&w=1", status: 400),
                    Case(method: "GET", target: "/v\(number).\(number)/_ping"),
                    Case(
                        method: "POST", target: "/containers/ID/exec",
                        body: #"{"Cmd":["true"],"ConsoleSize":[\#(number),\#(number)]}"#),
                ]
            })
    }

    /// The gate of connections that may be hijacked adds a body's length to the head's.
    @Test func lengthsOfBodies() async throws {
        try await RealAPI.with { api in
            for length in [Self.largest, "9223372036854775000", "99999999999999999999", "-1", "8388609"] {
                for target in ["/containers/x/attach", "/exec/x/start"] {
                    let answer = try await api.send("POST", target, length: length)
                    #expect([400, 404, 413, 500].contains(answer.status), "\(target) \(length): \(answer.text)")
                }
            }
            #expect(try await api.send("GET", "/_ping").status == 200)
        }
    }

    /// An image may have a stop timeout that no client would get through.
    @Test func stopTimeoutOfAnImage() async throws {
        try await RealAPI.with { api in
            let first = try await api.run(["sleep", "1000"])
            let made = try await api.send(
                "POST", "/commit?container=\(first)&repo=hostile", #"{"Cmd":["true"],"StopTimeout":\#(Self.largest)}"#)
            #expect(made.status == 201, "\(made.text)")
            let id = try await api.run(["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"]) {
                $0.config.image = "hostile"
            }
            let stopped = try await api.send("POST", "/containers/\(id)/stop")
            #expect(stopped.status == 204, "\(stopped.text)")
        }
    }

    /// A container gives its files any time; tmpfs keeps it.
    @Test(arguments: [Int.min, Int.max, -62_167_219_201, 253_402_300_800])
    func timesOfFiles(_ seconds: Int) async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sleep", "1000"]) { $0.hostConfig?.tmpfs = ["/t": ""] }
            let pid = try await api.engine.inspectContainer(id).state.pid
            let made = try Command.run("touch", ["/proc/\(pid)/root/t/f"])
            try #require(made.status.isSuccess, "\(made.errors)")
            let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
            // SAFETY: two times, read before the call returns.
            try #require(unsafe utimensat(AT_FDCWD, "/proc/\(pid)/root/t/f", times, 0) == 0)
            let answer = try await api.send("GET", "/containers/\(id)/archive?path=/t/f")
            #expect(answer.status == 200)
            let looked = try await api.send("HEAD", "/containers/\(id)/archive?path=/t/f")
            #expect(looked.status == 200)
        }
    }
}

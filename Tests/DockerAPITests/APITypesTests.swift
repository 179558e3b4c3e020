import APITypes
import FoundationEssentials
import Testing

@Suite struct APITypesTests {
    @Test func readsWhatDockerRunSends() throws {
        let request = try decode(ContainerCreateRequest.self, RecordedBodies.create)
        #expect(request.config.image == "busybox:latest")
        #expect(request.config.cmd == ["sh", "-c", "sleep 1"])
        #expect(request.config.entrypoint == nil)
        #expect(request.config.openStdin)
        #expect(request.config.healthcheck?.interval == 5_000_000_000)
        #expect(request.config.stopSignal == "INT")
        #expect(request.config.stopTimeout == 3)
        let host = try #require(request.hostConfig)
        #expect(host.binds == ["/data:/data:ro"])
        #expect(host.autoRemove)
        #expect(host.initProcess == true)
        #expect(host.nanoCpus == 1_500_000_000)
        #expect(host.memory == 64 << 20)
        #expect(host.memorySwappiness == -1)
        #expect(host.pidsLimit == 100)
        #expect(host.restartPolicy?.name == "no")
        #expect(host.logConfig?.config == ["max-size": "1m"])
        #expect(host.mounts?.first?.tmpfsOptions?.sizeBytes == 1 << 20)
        #expect(host.ulimits?.first?.hard == 2048)
        #expect(host.maskedPaths == nil)
        #expect(request.networkingConfig != nil)
    }

    @Test func readsWhatDockerUpdateSends() throws {
        let update = try decode(ContainerUpdateRequest.self, RecordedBodies.update)
        #expect(update.memory == 1 << 30)
        #expect(update.pidsLimit == nil)
        #expect(update.restartPolicy?.name == "")
    }

    @Test func surviveARoundTrip() throws {
        let request = try decode(ContainerCreateRequest.self, RecordedBodies.create)
        #expect(try DockerJSON.decode(ContainerCreateRequest.self, from: DockerJSON.encode(request)) == request)
        var inspect = ContainerInspect()
        inspect.id = "abc"
        inspect.state.health = Health()
        inspect.networkSettings.ports = ["80/tcp": nil]
        #expect(try DockerJSON.decode(ContainerInspect.self, from: DockerJSON.encode(inspect)) == inspect)
        var line = StopProgressLine()
        line.result = StopResult()
        line.result?.finding = Finding()
        #expect(try DockerJSON.decode(StopProgressLine.self, from: DockerJSON.encode(line)) == line)
    }

    @Test func missingNullAndUnknownMembersAreNoError() throws {
        let state = try decode(ContainerState.self, #"{"Running":null,"Novelty":{"a":[1]},"Pid":7}"#)
        #expect(!state.running)
        #expect(state.pid == 7)
        #expect(try decode(ContainerInspect.self, "{}") == ContainerInspect())
        #expect(try decode(ImageSummary.self, #"{"RepoTags":null}"#).repoTags.isEmpty)
    }

    @Test func commandsMayBeOneString() throws {
        let config = try decode(ContainerConfig.self, #"{"Cmd":"true","Entrypoint":["a","b"]}"#)
        #expect(config.cmd == ["true"])
        #expect(config.entrypoint == ["a", "b"])
    }

    @Test func saysWhereABodyIsWrong() throws {
        do {
            _ = try decode(ContainerCreateRequest.self, #"{"HostConfig":{"Memory":"much"}}"#)
            Issue.record("a text was taken for a number")
        } catch let error as DecodingError {
            #expect(DockerJSON.explain(error).hasPrefix("HostConfig.Memory: expected"))
        }
    }

    @Test func hasDockersNames() throws {
        var settings = EndpointSettings()
        settings.ipAddress = "10.0.0.1"
        settings.ipPrefixLen = 8
        settings.ipv6Gateway = "::1"
        let text = String(decoding: try DockerJSON.encode(settings), as: UTF8.self)
        #expect(text == #"{"IPAddress":"10.0.0.1","IPPrefixLen":8,"IPv6Gateway":"::1"}"#)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try DockerJSON.decode(type, from: Data(text.utf8))
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00Z"), (1_709_210_096, 789_000_001, "2024-02-29T12:34:56.789000001Z"),
        (-1, 0, "1969-12-31T23:59:59Z"), (4_102_444_800, 5, "2100-01-01T00:00:00.000000005Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
    ])
    func writesAndReads(seconds: Int, nanoseconds: Int, text: String) {
        let stamp = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        #expect(stamp.description == text)
        #expect(Timestamp(text) == stamp)
    }

    /// A container may give its files any time.
    @Test(arguments: [
        (Int.min, "0000-01-01T00:00:00Z"), (-62_167_219_201, "0000-01-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"), (253_402_300_800, "9999-12-31T23:59:59Z"),
        (Int.max, "9999-12-31T23:59:59Z"),
    ])
    func writesTheNearestTimeThatCanBeWritten(seconds: Int, text: String) {
        #expect(Timestamp(seconds: seconds).description == text)
    }

    @Test func readsOffsetsAndShortFractions() {
        #expect(Timestamp("2024-02-29T13:34:56.5+01:00") == Timestamp(seconds: 1_709_210_096, nanoseconds: 500_000_000))
        #expect(Timestamp("2024-02-29T12:34:56.1234567899Z")?.nanoseconds == 123_456_789)
    }

    @Test(arguments: ["", "2024", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "x"])
    func refusesOtherThings(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func readsWhatSinceMayBe() {
        let now = Timestamp(seconds: 1000, nanoseconds: 200_000_000)
        #expect(Timestamp(query: "12.5", now: now) == Timestamp(seconds: 12, nanoseconds: 500_000_000))
        #expect(Timestamp(query: "10m", now: now) == Timestamp(seconds: 400, nanoseconds: 200_000_000))
        #expect(Timestamp(query: "300ms", now: now) == Timestamp(seconds: 999, nanoseconds: 900_000_000))
        #expect(Timestamp(query: "1h30m", now: now) == Timestamp(seconds: -4400, nanoseconds: 200_000_000))
        #expect(Timestamp(query: "yesterday", now: now) == nil)
        #expect(Timestamp(query: "5x", now: now) == nil)
    }
}

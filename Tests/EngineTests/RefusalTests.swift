import APITypes
import Images
import Lifecycle
import Testing

@testable import Engine

/// What cannot be done is refused by name; what makes no sense is refused with its reason.
struct RefusalTests {
    private func refusal(_ change: (inout ContainerCreateRequest) -> Void) -> EngineError? {
        var request = ContainerCreateRequest()
        request.hostConfig = HostConfig()
        change(&request)
        do throws(EngineError) {
            try CreateChecks.refuseUnsupported(request)
            return nil
        } catch { return error }
    }

    @Test func publishedPorts() {
        let error = refusal { $0.hostConfig?.portBindings = ["80/tcp": [PortBinding()]] }
        #expect(error == .invalid("ports cannot be published with --network none: use --network bridge"))
        #expect(refusal { $0.hostConfig?.portBindings = ["80/tcp": []] } == nil)
        #expect(refusal { $0.hostConfig?.publishAllPorts = true } == error)
        #expect(
            refusal {
                $0.hostConfig?.networkMode = "bridge"
                $0.hostConfig?.publishAllPorts = true
            } == nil)
    }

    @Test(arguments: ["", "default", "none", "host", "container:abc"])
    func networksThatAreThere(_ mode: String) {
        #expect(refusal { $0.hostConfig?.networkMode = mode } == nil)
    }

    @Test func everythingElseThatIsNotThere() {
        let changes: [@Sendable (inout ContainerCreateRequest) -> Void] = [
            { $0.hostConfig?.usernsMode = "private" },
            { $0.hostConfig?.links = ["a:b"] }, { $0.hostConfig?.deviceRequests = [DeviceRequest()] },
            { $0.hostConfig?.storageOpt = ["size": "1G"] },
            { $0.hostConfig?.cgroupParent = "/mine" },
            { $0.hostConfig?.extraHosts = ["h:host-gateway"] }, { $0.hostConfig?.cpuRealtimeRuntime = 5 },
            { $0.hostConfig?.cgroup = "container:x" }, { $0.hostConfig?.cpuCount = 1 },
            { $0.hostConfig?.cpuPercent = 1 }, { $0.hostConfig?.ioMaximumIOps = 1 },
            { $0.hostConfig?.ioMaximumBandwidth = 1 }, { $0.hostConfig?.kernelMemoryTCP = 1 },
        ]
        for (index, change) in changes.enumerated() {
            guard case .unsupported = refusal(change) else {
                Issue.record("\(index): \(String(describing: refusal(change)))")
                continue
            }
        }
    }

    @Test func driversThatAreNotThere() {
        let log = refusal { request in
            request.hostConfig?.logConfig = LogConfig()
            request.hostConfig?.logConfig?.type = "syslog"
        }
        #expect(log == .invalid("logger: no log driver named 'syslog' is registered"))
        #expect(refusal { $0.hostConfig?.volumeDriver = "nfs" } == nil, "there is no volume")
        let volume = refusal { request in
            request.hostConfig?.volumeDriver = "nfs"
            request.hostConfig?.binds = ["data:/data"]
        }
        #expect(volume == .notFound(kind: "volume driver", name: "nfs"))
    }

    @Test func whatAnotherContainersNetworkHas() {
        let changes: [@Sendable (inout ContainerCreateRequest) -> Void] = [
            { $0.config.hostname = "me" }, { $0.hostConfig?.dns = ["9.9.9.9"] },
            { $0.hostConfig?.extraHosts = ["a:10.1.2.3"] }, { $0.config.exposedPorts = ["80/tcp": EmptyObject()] },
        ]
        for (index, change) in changes.enumerated() {
            let error = refusal { request in
                request.hostConfig?.networkMode = "container:other"
                change(&request)
            }
            guard case .invalid(let text) = error, text.hasPrefix("conflicting options: ") else {
                Issue.record("\(index): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func blockDevicesAreNamedByPath() {
        var (limit, weight) = (ThrottleDevice(), WeightDevice())
        (limit.path, weight.path, weight.weight) = ("sda", "/dev/sda", 5)
        for change in [
            { $0.hostConfig?.blkioDeviceReadBps = [limit] }, { $0.hostConfig?.blkioDeviceWriteIOps = [limit] },
            { $0.hostConfig?.blkioWeightDevice = [weight] },
        ] as [(inout ContainerCreateRequest) -> Void] {
            guard case .invalid = refusal(change) else {
                Issue.record("\(String(describing: refusal(change)))")
                continue
            }
        }
        (limit.path, weight.weight) = ("/dev/sda", 10)
        #expect(refusal { $0.hostConfig?.blkioDeviceReadBps = [limit] } == nil)
        #expect(refusal { $0.hostConfig?.blkioWeightDevice = [weight] } == nil)
    }

    /// A network that has no addresses takes none in silence.
    @Test func settingsOfNetworksWithoutABridge() {
        var endpoint = EndpointSettings()
        let request = { (endpoint: EndpointSettings) in
            refusal { request in
                request.networkingConfig = NetworkingConfig()
                request.networkingConfig?.endpointsConfig = ["none": endpoint]
            }
        }
        #expect(request(endpoint) == nil)
        endpoint.aliases = ["web"]
        #expect(request(endpoint) != nil)
        (endpoint.aliases, endpoint.macAddress) = (nil, "02:00:00:00:00:01")
        #expect(request(endpoint) != nil)
        (endpoint.macAddress, endpoint.ipamConfig) = (nil, EndpointIPAMConfig())
        #expect(request(endpoint) == nil)
        endpoint.ipamConfig?.ipv4Address = "10.0.0.1"
        #expect(request(endpoint) != nil)
    }

    /// `update` changes what it can change, and says what it cannot.
    @Test func updatesOfWhatStays() throws {
        let changes: [(inout ContainerUpdateRequest) -> Void] = [
            { $0.blkioWeight = 20 }, { $0.blkioWeightDevice = [WeightDevice()] },
            { $0.blkioDeviceReadBps = [ThrottleDevice()] }, { $0.cgroupParent = "/x" },
            { $0.devices = [DeviceMapping()] }, { $0.deviceCgroupRules = ["c 1:3 r"] },
            { $0.deviceRequests = [DeviceRequest()] }, { $0.ulimits = [Ulimit()] }, { $0.initProcess = true },
            { $0.oomKillDisable = true }, { $0.memorySwappiness = 5 }, { $0.kernelMemoryTCP = 1 }, { $0.cpuCount = 1 },
            { $0.cpuPercent = 1 }, { $0.ioMaximumIOps = 1 }, { $0.ioMaximumBandwidth = 1 },
        ]
        for (index, change) in changes.enumerated() {
            var update = ContainerUpdateRequest()
            change(&update)
            #expect(throws: EngineError.self, "\(index)") { try UpdatedLimits.merge(update, into: HostConfig()) }
        }
        // As docker's command line sends what nobody set.
        var empty = ContainerUpdateRequest()
        (empty.devices, empty.ulimits, empty.blkioWeightDevice, empty.cgroupParent) = ([], [], [], "")
        (empty.oomKillDisable, empty.memorySwappiness, empty.initProcess, empty.cpuCount) = (false, -1, false, 0)
        #expect(try UpdatedLimits.merge(empty, into: HostConfig()) == HostConfig())
    }

    @Test func logOptions() throws {
        func make(_ options: [String: String]) throws -> (UInt64?, UInt32)? {
            var log = LogConfig()
            (log.type, log.config) = ("json-file", options)
            let made = try LogConfiguration.make(log, path: "/log", defaults: [:])
            return made.map { ($0.maximumSize, $0.maximumFiles) }
        }
        #expect(try #require(try make(["max-size": "10m", "max-file": "3"])) == (10 << 20, 3))
        #expect(try #require(try make([:])) == (nil, 1))
        #expect(try #require(try make(["max-file": "3"])) == (nil, 3), "as Docker: without max-size nothing is rotated")
        for wrong in [
            ["max-size": "big"], ["max-file": "0", "max-size": "1k"], ["max-size": "0"],
            // Each rotation looks at every file.
            ["max-file": "1001", "max-size": "1k"], ["max-file": "4294967295", "max-size": "1k"],
        ] {
            #expect(throws: EngineError.self) { _ = try make(wrong) }
        }
    }

    @Test(arguments: ["a", "", "-x", "a b", "ä", ".hidden", "x/y", String(repeating: "a", count: 300)])
    func namesThatAreNone(_ name: String) {
        #expect(throws: EngineError.self) { try ContainerName.check(name) }
    }

    @Test func namesThatAre() throws {
        #expect(try ContainerName.check("/web-1.a_b") == "web-1.a_b")
        for attempt in 0..<50 {
            #expect(throws: Never.self) { try ContainerName.check(ContainerName.random(attempt: attempt)) }
        }
        #expect(Identifier.isWhole(Identifier.random()) && Identifier.random() != Identifier.random())
    }
}

/// `-v`, `--mount`, `--tmpfs`, image volumes.
struct MountParsingTests {
    private func plans(
        binds: [String] = [], mounts: [Mount] = [], tmpfs: [String: String] = [:], volumes: [String] = []
    ) throws -> [MountPlan] {
        var (config, host) = (ContainerConfig(), HostConfig())
        (host.binds, host.mounts, host.tmpfs) = (binds, mounts, tmpfs)
        config.volumes = Dictionary(volumes.map { ($0, EmptyObject()) }) { $1 }
        return try MountParsing.plans(config: config, host: host, newName: { "anonymous" })
    }

    @Test func shortForms() throws {
        let bind = try #require(try plans(binds: ["/a/./b/:/c/:ro,rslave"]).first)
        #expect(bind.kind == .bind && bind.source == "/a/b" && bind.target == "/c")
        #expect(bind.readOnly && bind.propagation == "rslave" && bind.createsSource)
        let volume = try #require(try plans(binds: ["store:/v:nocopy"]).first)
        #expect(volume.kind == .volume && volume.source == "store" && !volume.copiesImage && !volume.anonymous)
        let anonymous = try #require(try plans(binds: ["/v"]).first)
        #expect(anonymous.kind == .volume && anonymous.source == "anonymous" && anonymous.anonymous)
    }

    @Test(arguments: ["", ":", "/a:", "a:b:c:d", "/a:b", "x y:/c", "/a:/c:wrong", "/a:/", "store:/v:rshared", ".:/c"])
    func shortFormsThatAreNone(_ text: String) {
        #expect(throws: EngineError.self) { try plans(binds: [text]) }
    }

    @Test func aTargetIsTakenOnce() {
        #expect(throws: EngineError.invalid("Duplicate mount point: /c")) { try plans(binds: ["/a:/c", "/b:/c/"]) }
    }

    @Test func imageVolumesGiveWay() throws {
        let list = try plans(binds: ["/a:/data"], volumes: ["/data", "/more"])
        #expect(list.map(\.target) == ["/data", "/more"] && list[1].anonymous)
    }

    @Test func longForms() throws {
        var mount = Mount()
        (mount.type, mount.target, mount.source, mount.readOnly) = ("bind", "/t", "/s", true)
        mount.bindOptions = BindOptions()
        mount.bindOptions?.nonRecursive = true
        mount.bindOptions?.propagation = "shared"
        let plan = try #require(try plans(mounts: [mount]).first)
        #expect(plan.readOnly && !plan.recursive && plan.propagation == "shared" && !plan.createsSource)
        #expect(throws: EngineError.self, "no options of another type") {
            var other = mount
            other.type = "volume"
            return try plans(mounts: [other])
        }
        (mount.type, mount.source, mount.bindOptions) = ("tmpfs", nil, nil)
        mount.tmpfsOptions = TmpfsOptions()
        mount.tmpfsOptions?.sizeBytes = 4096
        mount.tmpfsOptions?.mode = 0o1777
        #expect(try plans(mounts: [mount]).first?.options == ["size=4096", "mode=1777"])
        mount.type = "npipe"
        #expect(throws: EngineError.self) { try plans(mounts: [mount]) }
        (mount.type, mount.source, mount.tmpfsOptions) = ("bind", "relative", nil)
        #expect(throws: EngineError.self) { try plans(mounts: [mount]) }
    }
}

/// An image's configuration and a container's.
struct ConfigMergeTests {
    @Test func commandAndEntrypoint() throws {
        func command(_ entrypoint: [String]?, _ cmd: [String]?) throws -> [String] {
            var config = ContainerConfig()
            (config.entrypoint, config.cmd) = (entrypoint, cmd)
            var image = ContainerDefaults()
            (image.entrypoint, image.cmd) = (["/entry"], ["default"])
            let merged = try ConfigMerge.merged(config, image, HostConfig())
            return try ConfigMerge.command(merged)
        }
        #expect(try command(nil, nil) == ["/entry", "default"])
        #expect(try command(nil, ["mine"]) == ["/entry", "mine"])
        #expect(try command(["/own"], nil) == ["/own"])
        #expect(try command(["/own"], ["x"]) == ["/own", "x"])
        #expect(try command([""], ["plain"]) == ["plain"])
        #expect(throws: EngineError.self) { try command([""], nil) }
    }

    @Test func environmentAndLabels() throws {
        var config = ContainerConfig()
        (config.env, config.labels) = (["B=2", "C", "D="], ["x": "own"])
        var image = ContainerDefaults()
        (image.env, image.labels) = (["A=1", "B=0", "C=3"], ["x": "image", "y": "kept"])
        let merged = try ConfigMerge.merged(config, image, HostConfig())
        #expect(merged.env == ["A=1", "B=2", "C", "D="])
        #expect(merged.labels == ["x": "own", "y": "kept"])
        var list = ["PATH=/bin", "C=engine"]
        for entry in merged.env ?? [] { Environment.set(entry, in: &list) }
        #expect(list == ["PATH=/bin", "A=1", "B=2", "D="])
    }
}

import APITypes
import Testing

@testable import Engine

/// The OCI configuration, field by field.
struct SpecTests {
    static let facts = HostFacts(
        machine: "x86_64", kernelMajor: 6, kernelMinor: 1, kernelRelease: "6.1.0", capabilities: (1 << 41) - 1,
        openFilesHard: 4096, oomScoreAdjust: 0, limitsSwap: true, isUnified: false, processors: 4,
        memoryBytes: 8 << 30)

    static func input(_ change: (inout ContainerDocument) -> Void = { _ in }) throws -> SpecInput {
        var config = ContainerConfig()
        config.env = ["A=1", "PATH=/own"]
        var document = ContainerDocument(
            id: String(repeating: "0123456789abcdef", count: 4), created: 0, config: config, host: HostConfig(),
            imageID: "", namespaces: NamespaceModes(), mounts: [], command: ["/bin/app", "arg"])
        change(&document)
        let capabilities = try Capabilities.effective(document.host, held: facts.capabilities)
        return SpecInput(
            document: document, facts: facts, rootfs: "/data/rootfs", fileDirectory: "/data",
            mounts: document.mounts.map { ResolvedMount(plan: $0, source: "/host" + $0.source) },
            user: .root, capabilities: capabilities, seccomp: nil, initPath: nil, cgroupPath: "/quell/x",
            sharedPIDs: [:], devices: [], shmSize: 64 << 20, sharedMemory: nil)
    }

    static func spec(_ change: (inout ContainerDocument) -> Void = { _ in }) throws -> JSON {
        try Spec.make(try input(change))
    }

    @Test func theProcess() throws {
        let process = try #require(try SpecTests.spec()["process"])
        #expect(process["args"] == ["/bin/app", "arg"])
        #expect(process["env"] == ["PATH=/own", "HOSTNAME=0123456789ab", "A=1", "HOME=/root"])
        #expect(process["cwd"] == "/")
        #expect(process["terminal"] == nil)
        #expect(process["oomScoreAdj"] == 0)
        #expect(process["capabilities"]?["bounding"]?.elements.count == 14)
        #expect(process["capabilities"]?["effective"] == process["capabilities"]?["bounding"])
        #expect(process["rlimits"] == [["type": "RLIMIT_NOFILE", "soft": 1024, "hard": 4096]])
    }

    @Test func aUserThatIsNotRootHasNoEffectiveCapabilities() throws {
        var input = try SpecTests.input()
        input.user = ContainerUser(uid: 5, gid: 6, additionalGroups: [7], home: "/h")
        let process = try #require(try Spec.make(input)["process"])
        #expect(process["user"] == ["uid": 5, "gid": 6, "additionalGids": [6, 7]])
        #expect(process["capabilities"]?["effective"] == [])
        #expect(process["capabilities"]?["bounding"]?.elements.count == 14)
    }

    @Test func namespacesAreOwnUnlessShared() throws {
        func types(_ spec: JSON) -> [String] {
            spec["linux"]?["namespaces"]?.elements.compactMap { $0["type"]?.text } ?? []
        }
        #expect(types(try SpecTests.spec()) == ["mount", "network", "pid", "ipc", "uts", "cgroup"])
        let open = try SpecTests.spec { document in
            (document.namespaces.network, document.namespaces.pid, document.namespaces.uts) = (.host, .host, .host)
        }
        #expect(types(open) == ["mount", "ipc", "cgroup"])
        #expect(open["hostname"] == nil)
        var input = try SpecTests.input { $0.namespaces.pid = .shared("other") }
        input.sharedPIDs = ["other": 4711]
        let shared = try Spec.make(input)["linux"]?["namespaces"]?.elements ?? []
        #expect(shared.contains(["type": "pid", "path": "/proc/4711/ns/pid"]))
    }

    @Test func mountsComeShallowFirstAndReplaceTheSystemsOwn() throws {
        let spec = try SpecTests.spec { document in
            document.mounts = [
                MountPlan(kind: .bind, source: "/a", target: "/data/deep", readOnly: true),
                MountPlan(kind: .volume, source: "/v", target: "/data"),
                MountPlan(kind: .tmpfs, source: "", target: "/dev/shm", options: ["size=1m", "exec"]),
            ]
        }
        let mounts = spec["mounts"]?.elements ?? []
        let targets = mounts.compactMap { $0["destination"]?.text }
        #expect(targets.filter { $0 == "/dev/shm" }.count == 1)
        let data = try #require(targets.firstIndex(of: "/data"))
        let deep = try #require(targets.firstIndex(of: "/data/deep"))
        #expect(data < deep)
        #expect(mounts[deep]["options"] == ["rbind", "rprivate", "ro"])
        #expect(mounts[deep]["source"] == "/host/a")
        let shared = try #require(mounts.first { $0["destination"] == "/dev/shm" })
        #expect(shared["options"] == ["size=1m", "exec", "nosuid", "nodev"])
        for name in ["resolv.conf", "hostname", "hosts"] { #expect(targets.contains("/etc/\(name)")) }
    }

    @Test func readOnlyBindsCoverWhatIsMountedBelow() throws {
        func options(_ facts: (inout HostFacts) -> Void, recursive: Bool?) throws -> JSON? {
            var input = try SpecTests.input { document in
                document.mounts = [MountPlan(kind: .bind, source: "/a", target: "/data", readOnly: true)]
                document.mounts[0].readOnlyRecursive = recursive
            }
            facts(&input.facts)
            return try Spec.make(input)["mounts"]?.elements.first { $0["destination"] == "/data" }?["options"]
        }
        let new: (inout HostFacts) -> Void = { ($0.kernelMajor, $0.kernelMinor) = (5, 12) }
        #expect(try options(new, recursive: true) == ["rbind", "rprivate", "rro"])
        #expect(try options(new, recursive: false) == ["rbind", "rprivate", "ro"])
        #expect(try options(new, recursive: nil) == ["rbind", "rprivate", "ro"])
        let old: (inout HostFacts) -> Void = { ($0.kernelMajor, $0.kernelMinor) = (5, 11) }
        #expect(try options(old, recursive: true) == ["rbind", "rprivate", "ro"])
    }

    @Test func blockLimitsGoBesideTheWeight() throws {
        var input = try SpecTests.input { $0.host.blkioWeight = 300 }
        input.blockLimits = ["throttleReadBpsDevice": [["major": 7, "minor": 0, "rate": 1000]]]
        #expect(
            try Spec.make(input)["linux"]?["resources"]?["blockIO"] == [
                "weight": 300, "throttleReadBpsDevice": [["major": 7, "minor": 0, "rate": 1000]],
            ])
    }

    @Test func theHostIsKeptOut() throws {
        let linux = try #require(try SpecTests.spec()["linux"])
        #expect(linux["maskedPaths"]?.elements.contains("/proc/kcore") == true)
        #expect(linux["readonlyPaths"]?.elements.contains("/proc/sys") == true)
        #expect(linux["resources"]?["devices"]?[0] == ["allow": false, "access": "rwm"])
        #expect(linux["cgroupsPath"] == "/quell/x")
        let open = try SpecTests.spec { $0.host.privileged = true }
        #expect(open["linux"]?["maskedPaths"] == nil)
        #expect(open["linux"]?["resources"]?["devices"] == [["allow": true, "access": "rwm"]])
        #expect(open["process"]?["capabilities"]?["bounding"]?.elements.count == 41)
    }

    @Test func resources() throws {
        let resources = try SpecTests.spec { document in
            (document.host.memory, document.host.nanoCpus, document.host.pidsLimit) = (64 << 20, 1_500_000_000, 50)
            (document.host.cpuShares, document.host.cpusetCpus) = (512, "0-1")
        }["linux"]?["resources"]
        #expect(resources?["memory"] == ["limit": 67_108_864, "swap": 134_217_728])
        #expect(resources?["cpu"] == ["shares": 512, "period": 100_000, "quota": 150_000, "cpus": "0-1"])
        #expect(resources?["pids"] == ["limit": 50])
    }

    /// v2 has no such switch, and the runtime refuses to start a container for it.
    @Test(arguments: [false, true]) func theKernelsKillIsSwitchedOffWhereThatCanBe(isUnified: Bool) throws {
        var input = try SpecTests.input { ($0.host.memory, $0.host.oomKillDisable) = (64 << 20, true) }
        input.facts.isUnified = isUnified
        let memory = try Spec.make(input)["linux"]?["resources"]?["memory"]
        #expect(memory?["limit"] == 67_108_864)
        #expect(memory?["disableOOMKiller"] == (isUnified ? nil : true))
    }

    @Test(
        arguments: [
            { (host: inout HostConfig) in host.memory = 1024 },
            { (host: inout HostConfig) in (host.memory, host.memorySwap) = (64 << 20, 32 << 20) },
            { (host: inout HostConfig) in host.nanoCpus = 5_000_000_000 },
            { (host: inout HostConfig) in host.deviceCgroupRules = ["c 1:3"] },
            { (host: inout HostConfig) in host.securityOpt = ["nonsense"] },
            { (host: inout HostConfig) in host.capAdd = ["FLYING"] },
        ] as [@Sendable (inout HostConfig) -> Void])
    func whatCannotBeIsRefused(_ change: @Sendable (inout HostConfig) -> Void) throws {
        #expect(throws: EngineError.self) { try SpecTests.spec { change(&$0.host) } }
    }

    @Test func capabilitiesAreAddedAndDropped() throws {
        var host = HostConfig()
        (host.capAdd, host.capDrop) = (["NET_ADMIN", "cap_sys_time"], ["ALL"])
        #expect(try Capabilities.effective(host, held: .max) == ["CAP_NET_ADMIN", "CAP_SYS_TIME"])
        (host.capAdd, host.capDrop) = (["ALL"], ["MKNOD"])
        #expect(try Capabilities.effective(host, held: .max).count == 40)
        // What the engine itself lacks is left out of ALL, and is an error by name.
        #expect(try !Capabilities.effective(host, held: ~(1 << 24)).contains("CAP_SYS_RESOURCE"))
        host.capAdd = ["SYS_RESOURCE"]
        #expect(throws: EngineError.self) { try Capabilities.effective(host, held: ~(1 << 24)) }
    }

    @Test func jsonIsWrittenAsItIs() {
        let document: JSON = ["b": ["x\"\\\n\u{1}ü", 1, true, .null], "a": .unsigned(.max)]
        #expect(
            String(decoding: document.bytes, as: UTF8.self)
                == "{\"a\":18446744073709551615,\"b\":[\"x\\\"\\\\\\u000a\\u0001ü\",1,true,null]}")
    }
}

import APITypes
import Testing

@testable import Engine

/// What a container sees from inside.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ConfinementTests {
    @Test func signalsAreAsAProgramExpectsThem() async throws {
        try await Fixture.with { fixture in
            let (_, text) = try await fixture.output(["grep", "-E", "SigBlk|SigIgn", "/proc/self/status"])
            #expect(text.contains("SigBlk:\t0000000000000000"))
            #expect(text.contains("SigIgn:\t0000000000000000"))
        }
    }

    @Test func defaultsAreDockers() async throws {
        try await Fixture.with { fixture in
            let script = """
                grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status; hostname; pwd; id; env; cat /proc/net/dev
                echo x > /proc/sys/kernel/domainname; ls /dev; cat /proc/self/oom_score_adj
                """
            let (_, text) = try await fixture.output(shell(script)) { $0.config.hostname = "inside" }
            #expect(text.contains("CapEff:\t00000000a80425fb"))
            #expect(text.contains("Seccomp:\t2"))
            #expect(text.contains("NoNewPrivs:\t0"))
            #expect(text.contains("inside\n/\n") && text.contains("uid=0(root)"))
            #expect(
                text.contains("PATH=/usr/local/sbin:") && text.contains("HOME=/root")
                    && text.contains("HOSTNAME=inside"))
            #expect(text.contains("lo:") && !text.contains("eth0"))
            #expect(text.contains("domainname: Read-only file system"))
            #expect(text.contains("\n0\n"))
        }
    }

    @Test func aUserOfTheImageIsLookedUpThere() async throws {
        try await Fixture.with { fixture in
            let (_, text) = try await fixture.output(["id"]) { $0.config.user = "user" }
            #expect(text == "uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)\n")
            let error = await #expect(throws: EngineError.self) {
                _ = try await fixture.output(["id"]) { $0.config.user = "nobody-here" }
            }
            #expect(error?.description.contains("unable to find user nobody-here") == true)
        }
    }

    @Test func limitsAreSet() async throws {
        try await Fixture.with { fixture in
            let script = """
                cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares \
                2>/dev/null || cat memory.max pids.max cpu.max; ulimit -n; df -k /dev/shm | tail -1
                """
            let (_, text) = try await fixture.output(shell(script)) { request in
                request.hostConfig?.memory = 64 << 20
                request.hostConfig?.pidsLimit = 77
                request.hostConfig?.nanoCpus = 500_000_000
                request.hostConfig?.shmSize = 8 << 20
                var limit = Ulimit()
                (limit.name, limit.soft, limit.hard) = ("nofile", 333, 444)
                request.hostConfig?.ulimits = [limit]
            }
            #expect(text.contains("\(64 << 20)"))
            #expect(text.contains("77\n"))
            #expect(text.contains("50000"))
            #expect(text.contains("333\n"))
            #expect(text.contains("8192"))
        }
    }

    @Test func aReadOnlyRootAndAWorkingDirectory() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(shell("pwd; touch /x; touch /run/y && echo tmpfs")) { request in
                request.config.workingDir = "/made/here"
                request.hostConfig?.readonlyRootfs = true
                request.hostConfig?.tmpfs = ["/run": "size=1m"]
            }
            #expect(code == 0)
            #expect(text.contains("/made/here") && text.contains("Read-only") && text.contains("tmpfs"))
        }
    }

    @Test func privilegedAndInit() async throws {
        try await Fixture.with { fixture in
            let script = "grep -E '^(CapEff|Seccomp):' /proc/self/status; cat /proc/1/comm; ls /dev | grep -c ."
            let (code, text) = try await fixture.output(shell(script)) { request in
                request.hostConfig?.privileged = true
                request.hostConfig?.initProcess = true
            }
            #expect(code == 0, "\(text)")
            #expect(text.contains("Seccomp:\t0"))
            #expect(text.contains("catatonit") || text.contains("docker-init") || text.contains("tini"))
        }
    }

    @Test func theKernelsKillForWantOfMemoryIsTold() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("dd if=/dev/zero of=/dev/null bs=200M count=1")) { request in
                request.hostConfig?.memory = 16 << 20
                request.hostConfig?.memorySwap = 16 << 20
            }
            let ended = try await fixture.engine.waitContainer(id, .nextExit)
            try await fixture.engine.startContainer(id)
            #expect(await ended.result().statusCode != 0)
            #expect(try await fixture.engine.inspectContainer(id).state.oomKilled)
        }
    }

    /// Where it cannot be done (cgroup v2), the client is warned, and the container starts without it.
    @Test func theKernelsKillIsSwitchedOffOrAWarningSaysThatItIsNot() async throws {
        try await Fixture.with { fixture in
            var (request, host) = (ContainerCreateRequest(), HostConfig())
            (host.memory, host.oomKillDisable) = (32 << 20, true)
            (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", ["true"], host)
            let created = try await fixture.engine.createContainer(request, name: nil)
            let isUnified = fixture.engine.core.facts.isUnified
            #expect(created.warnings.contains { $0.contains("OOM killer") } == isUnified, "\(created.warnings)")
            let ended = try await fixture.engine.waitContainer(created.id, .nextExit)
            try await fixture.engine.startContainer(created.id)
            #expect(await ended.result().statusCode == 0)
        }
    }

    @Test func runcIsTheAlternative() async throws {
        try await Fixture.with { fixture in
            let (code, text) = try await fixture.output(shell("echo by runc")) { $0.hostConfig?.runtime = "runc" }
            #expect(code == 0 && text == "by runc\n")
        }
    }
}

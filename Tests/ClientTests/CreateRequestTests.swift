import APITypes
import Client
import TestKit
import Testing

@testable import quell

@Suite struct CreateRequestTests {
    private func build(_ words: [String], environment: [String: String] = [:], directory: String = "/w") throws
        -> ContainerCreateRequest
    {
        var reader = OptionReader(RunCommand.options, stopsAtOperand: true)
        try reader.read(words)
        let session = Session(environment: environment, workingDirectory: directory, endpoint: .standard)
        var builder = CreateRequestBuilder(reader.arguments, session)
        return try builder.build()
    }

    @Test func theCommandLineBecomesARequest() throws {
        let request = try build(
            [
                "-dit", "--name", "web", "-e", "A=1", "-e", "HOME", "-w", "/srv", "-u", "1:2", "-h", "host", "-l",
                "x=y",
                "-v", "./d:/d:ro", "-v", "/anon", "--tmpfs", "/t:size=1m", "--network", "host", "--pid", "container:db",
                "--cap-add", "NET_ADMIN", "--cap-drop=ALL", "--read-only", "-m", "64m", "--cpus", "1.5", "--pids-limit",
                "50",
                "--ulimit", "nofile=5", "--restart", "on-failure:2", "--stop-signal", "int", "--stop-timeout", "-1",
                "--log-opt", "max-size=1m", "--sysctl", "net.x=1", "--init", "--health-cmd", "true",
                "--health-interval", "2s",
                "--stop-ladder", "INT:1s", "--stop-scope", "all", "img", "sh", "-c", "--rm",
            ], environment: ["HOME": "/root"])
        let (config, host) = (request.config, try #require(request.hostConfig))
        #expect(config.image == "img" && config.cmd == ["sh", "-c", "--rm"] && config.entrypoint == nil)
        #expect(config.tty && config.openStdin && config.env == ["A=1", "HOME=/root"])
        #expect(config.workingDir == "/srv" && config.user == "1:2" && config.hostname == "host")
        #expect(
            config.volumes?.keys.sorted() == ["/anon"] && host.binds == ["/w/d:/d:ro"]
                && host.tmpfs == ["/t": "size=1m"])
        #expect(host.networkMode == "host" && host.pidMode == "container:db" && host.capAdd == ["NET_ADMIN"])
        #expect(
            host.readonlyRootfs && host.memory == 67_108_864 && host.nanoCpus == 1_500_000_000 && host.pidsLimit == 50)
        #expect(host.restartPolicy?.name == "on-failure" && host.initProcess == true && !host.autoRemove)
        #expect(config.stopSignal == "SIGINT" && config.stopTimeout == -1)
        #expect(host.logConfig?.type == "json-file" && host.logConfig?.config == ["max-size": "1m"])
        #expect(config.healthcheck?.test == ["CMD-SHELL", "true"] && config.healthcheck?.interval == 2_000_000_000)
        #expect(config.labels == ["x": "y", "quell.stop.ladder": "INT:1s, KILL", "quell.stop.scope": "all"])
    }

    @Test func whatIsNotSaidStaysOut() throws {
        let request = try build(["img"])
        var plain = ContainerCreateRequest()
        plain.config.image = "img"
        plain.hostConfig = HostConfig()
        #expect(request == plain)
    }

    @Test func networksWithSettings() throws {
        let request = try build([
            "--network", "app:alias=front,ip=10.9.0.7", "--net",
            "name=db,alias=a,alias=b,mac-address=02:00:00:00:00:01",
            "--network-alias", "web", "img",
        ])
        #expect(request.hostConfig?.networkMode == "app")
        let endpoints = try #require(request.networkingConfig?.endpointsConfig)
        #expect(
            endpoints["app"]?.aliases == ["front", "web"] && endpoints["app"]?.ipamConfig?.ipv4Address == "10.9.0.7")
        #expect(endpoints["db"]?.aliases == ["a", "b"] && endpoints["db"]?.macAddress == "02:00:00:00:00:01")
        #expect(try build(["--network", "container:db", "img"]).hostConfig?.networkMode == "container:db")
        for (text, says) in [
            ("app:nonsense", "\"nonsense\" is no setting"), ("app:color=red", "unknown setting color"),
            (":ip=1", "no network"),
        ] {
            let error = #expect(throws: UsageError.self) { _ = try build(["--network", text, "img"]) }
            #expect(error?.description.contains(says) == true, "\(text): \(String(describing: error))")
        }
    }

    @Test func anEmptyEntrypointIsSent() throws {
        #expect(try build(["--entrypoint=", "img"]).config.entrypoint == [""])
        #expect(try build(["--no-healthcheck", "img"]).config.healthcheck?.test == ["NONE"])
    }

    @Test func filesAreRead() throws {
        let directory = try TemporaryDirectory("cli")
        _ = try directory.write("A=1\nB\n", to: "env")
        _ = try directory.write("l=1\nm\n# no\n", to: "labels")
        _ = try directory.write(#"{ "defaultAction": "SCMP_ACT_ALLOW" }"#, to: "seccomp.json")
        let request = try build(
            [
                "--env-file", "env", "-e", "A=2", "--label-file", "labels", "--security-opt", "seccomp=seccomp.json",
                "img",
            ],
            environment: ["B": "b"], directory: directory.path)
        #expect(request.config.env == ["A=1", "B=b", "A=2"] && request.config.labels == ["l": "1", "m": ""])
        #expect(request.hostConfig?.securityOpt == [#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#])
    }

    @Test func portsAreBoundAndExposed() throws {
        let request = try build([
            "-p", "8080:80", "-p", "127.0.0.1:53-54:53-54/udp", "-p", "[::1]::9", "--expose", "7", "img",
        ])
        let bindings = try #require(request.hostConfig?.portBindings)
        let places = bindings.mapValues { ($0 ?? []).map { "\($0.hostIp ?? "")|\($0.hostPort ?? "")" } }
        #expect(
            places == [
                "80/tcp": ["|8080"], "53/udp": ["127.0.0.1|53"], "54/udp": ["127.0.0.1|54"], "9/tcp": ["::1|"],
            ])
        #expect(request.config.exposedPorts?.keys.sorted() == ["53/udp", "54/udp", "7/tcp", "80/tcp", "9/tcp"])
    }

    @Test(arguments: [
        (["--publish", "x"], "--publish"), (["--publish", "1-2:80-82"], "--publish"),
        (["--rm", "--restart", "always"], "exclude each other"),
        (["--cpus", "1", "--cpu-quota", "5"], "exclude each other"), (["--env-file", "/nope"], "--env-file"),
        (["--no-healthcheck", "--health-cmd", "x"], "exclude each other"),
        (["--security-opt", "seccomp=/nope"], "--security-opt"),
        (["--memory", "lots"], "--memory"), (["--mount", "type=x,target=/y"], "--mount"),
        (["--pull", "sometimes"], "--pull"),
    ])
    func faultsNameTheOption(_ words: [String], _ text: String) {
        #expect { try build(words + ["img"]) } throws: { "\($0)".contains(text) && $0 is UsageError }
    }

    @Test(arguments: [
        (["--ladder", "TERM:1s", "-t", "5"], true), (["--ladder", "TERM:1s", "--scope", "all"], true),
        (["-t", "5", "-s", "INT"], false),
    ])
    func aLadderExcludesItsParts(_ words: [String], _ fails: Bool) throws {
        var reader = OptionReader(StopCommand.options)
        try reader.read(words)
        if fails {
            #expect(throws: UsageError.self) { try StopCommand.order(reader.arguments) }
        } else {
            let order = try StopCommand.order(reader.arguments)
            #expect(order.timeout == 5 && order.signal == "SIGINT" && order.ladder == nil)
        }
    }

    @Test(arguments: [
        ("executable file `x` not found in $PATH: No such file or directory", 127),
        ("exec: \"x\": executable file not found in $PATH", 127), ("open executable: Permission denied", 126),
        ("no space left", 125),
    ])
    func startFaultsHaveDockersStatus(_ message: String, _ status: Int32) {
        #expect(startFailureStatus(.api(status: 400, message: message)) == status)
        #expect(startFailureStatus(.api(status: 500, message: message)) == 125)
    }
}

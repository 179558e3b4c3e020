import Lifecycle
import Linux
import TestKit
import Testing

/// Networks, as their users meet them: addresses, published ports, and what is left when everything has ended.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NetworkTests {
    @Test func publishedPortIsReachedUntilTheEnd() throws {
        try Networks.with { daemon in
            try daemon.runReady("web", Networks.server, options: ["--network", "bridge", "-p", "8080:80"])
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            let address = try daemon.inspect("web", ".NetworkSettings.Networks.bridge.IPAddress")
            #expect(try Networks.isServed(daemon, at: address))
            #expect(try daemon.must("port", "web") == "80/tcp -> 0.0.0.0:8080")
            #expect(try daemon.must("ps", "--format", "{{.Ports}}") == "0.0.0.0:8080->80/tcp")
            // Names itself, and reaches its neighbour.
            let neighbour = try daemon.must(
                "run", "--rm", "--network", "bridge", "--hostname", "here", Programs.image, "sh", "-c",
                "busybox wget -qO- http://\(address)/; grep here /etc/hosts; busybox ip route")
            #expect(neighbour.hasPrefix("hello\n"), "\(neighbour)")
            #expect(neighbour.contains("\there") && neighbour.contains("default via"), "\(neighbour)")
            try daemon.must("stop", "web")
            #expect(try !Networks.isServed(daemon, at: "127.0.0.1:8080"))
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func portsThatAreTakenAreToldByTheirHolder() throws {
        try Networks.with { daemon in
            let options = ["--network", "bridge", "-p", "127.0.0.1:8080:80"]
            try daemon.runReady("web", Networks.server, options: options)
            try daemon.must(["create", "--name", "other"] + options + [Programs.image, "sleep", "60"])
            let refused = try daemon.quell("start", "other")
            #expect(!refused.succeeded && refused.errors.contains("8080") && refused.errors.contains("container web"))
            try daemon.must("stop", "web")
            #expect(try daemon.must("start", "other") == "other", "the port is free when the stop has been told")
            try daemon.must("kill", "other")
            // A process of the host's.
            try daemon.must([
                "create", "--name", "third", "--network", "bridge", "-p", "9090:80", Programs.image, "true",
            ])
            let pid = try #require(daemon.process?.pid)
            let squatter = try RunningCommand(
                "/usr/bin/nsenter", ["--net=/proc/\(pid)/ns/net", "busybox", "nc", "-l", "-p", "9090"], environment: [])
            try eventually("somebody listens") {
                try Networks.outside(daemon, "busybox", "netstat", "-ltn").output.contains(":9090")
            }
            let taken = try daemon.quell("start", "third")
            #expect(!taken.succeeded && taken.errors.contains("9090") && taken.errors.contains("process of the host"))
            _ = try squatter.finish(within: .zero)
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func networkOfOnesOwn() throws {
        try Networks.with { daemon in
            let id = try daemon.must("network", "create", "--subnet", "10.9.0.0/16", "--label", "a=b", "app")
            try daemon.runReady("web", Networks.server, options: ["--network", "app", "--ip", "10.9.0.77"])
            #expect(try daemon.inspect("web", ".NetworkSettings.Networks.app.IPAddress") == "10.9.0.77")
            let fetched = try daemon.must(
                "run", "--rm", "--network", "app", Programs.image, "busybox", "wget", "-qO-", "http://10.9.0.77/")
            #expect(fetched == "hello")
            // Networks are apart.
            let apart = try daemon.quell(
                "run", "--rm", "--network", "bridge", Programs.image, "busybox", "wget", "-T", "1", "-qO-",
                "http://10.9.0.77/")
            #expect(!apart.succeeded)
            #expect(try daemon.must("network", "inspect", "app").contains("10.9.0.77/16"))
            for (arguments, says) in [
                (["network", "create", "--subnet", "10.9.1.0/24", "x"], "overlaps 10.9.0.0/16 of network app"),
                (["network", "create", "app"], "already exists"), (["network", "create", "bridge"], "predefined"),
                (["network", "rm", "app"], "active endpoints (name:\"web\""),
                (["network", "rm", "bridge"], "pre-defined"), (["network", "rm", "nobody"], "not found"),
                (["run", "--rm", "--network", "nobody", Programs.image, "true"], "nobody not found"),
                (["run", "--rm", "--network", "app", "--ip", "10.8.0.1", Programs.image, "true"], "10.8.0.1"),
                (["run", "--rm", "--network", "app", "--ip", "10.9.0.77", Programs.image, "true"], "10.9.0.77"),
                (["run", "--rm", "--network", "none", "-p", "80:80", Programs.image, "true"], "--network none"),
            ] {
                let end = try daemon.command(arguments).finish(within: Limit.command)
                #expect(!end.succeeded && end.errors.contains(says), "\(arguments): \(end.text)")
            }
            try daemon.must("rm", "-f", "web")
            try daemon.must("network", "rm", "app")
            #expect(try !Networks.outside(daemon, "ip", "-br", "link").output.contains("qn-\(id.prefix(12))"))
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func containersFindEachOtherByName() throws {
        try Networks.with { daemon in
            try daemon.must("network", "create", "app")
            try daemon.runReady(
                "web", Networks.server, options: ["--network", "app", "--network-alias", "front"])
            let id = try daemon.inspect("web", ".Id")
            for name in ["web", "front", String(id.prefix(12))] {
                let fetched = try daemon.must(
                    "run", "--rm", "--network", "app", Programs.image, "busybox", "wget", "-qO-", "http://\(name)/")
                #expect(fetched == "hello", "\(name)")
            }
            try daemon.must("rename", "web", "shop")
            let renamed = try daemon.must(
                "run", "--rm", "--network", "app", Programs.image, "busybox", "wget", "-qO-", "http://shop/")
            #expect(renamed == "hello")
            try daemon.must("stop", "shop")
            let gone = try daemon.quell(
                "run", "--rm", "--network", "app", Programs.image, "busybox", "nslookup", "shop")
            #expect(!gone.succeeded, "\(gone.text)")
            try daemon.must("network", "rm", "app")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func connectedAndDisconnectedWhileItRuns() throws {
        try Networks.with { daemon in
            try daemon.must("network", "create", "--internal", "--subnet", "10.9.0.0/16", "db")
            try daemon.runReady("web", Networks.server, options: ["--network", "bridge"])
            try daemon.must("network", "connect", "--ip", "10.9.0.5", "db", "web")
            #expect(
                try daemon.must("exec", "web", "busybox", "ip", "-4", "addr", "show", "eth1").contains("10.9.0.5/16"))
            let inside = try daemon.must(
                "run", "--rm", "--network", "db", Programs.image, "sh", "-c",
                "busybox wget -qO- http://10.9.0.5/; busybox ip route")
            #expect(
                inside.hasPrefix("hello") && !inside.contains("default"), "an internal network leads nowhere: \(inside)"
            )
            try daemon.must("restart", "web")
            #expect(try daemon.inspect("web", ".NetworkSettings.Networks.db.IPAddress") == "10.9.0.5")
            try daemon.must("network", "disconnect", "db", "web")
            #expect(try !daemon.must("exec", "web", "busybox", "ip", "addr").contains("10.9.0.5"))
            try daemon.must("stop", "web")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func nothingIsLostOrLeftByACrash() throws {
        try Networks.with { daemon in
            try daemon.runReady("stays", Networks.server, options: ["--network", "bridge", "-p", "8080:80"])
            try daemon.runReady("ends", Networks.server, options: ["--network", "bridge", "-p", "8081:80"])
            let namespace = try Keeper(of: try #require(daemon.process?.pid))
            let shell = try #require(Int32(try daemon.inspect("ends", ".State.Pid")))
            try daemon.crash()
            try Pidfd(opening: shell).send(.kill)
            daemon.host = namespace.host
            try daemon.start()
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            #expect(try daemon.inspect("ends", ".State.ExitCode") == "137")
            try eventually("the port of what ended is free", within: Limit.command) {
                try !Networks.outside(daemon, "iptables-save").output.contains("8081")
            }
            let refused = try daemon.quell(
                "run", "--rm", "--network", "bridge", "-p", "8080:80", Programs.image, "true")
            #expect(!refused.succeeded && refused.errors.contains("container stays"), "\(refused.text)")
            try daemon.must("run", "--rm", "--network", "bridge", "-p", "8081:80", Programs.image, "true")
            try daemon.must("stop", "stays")
            try Networks.waitUntilGivenBack(daemon)
            try daemon.shutDown()
            try namespace.end()
        }
    }
}

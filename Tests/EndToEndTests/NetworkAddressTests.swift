import Linux
import TestKit
import Testing

/// Addresses: of version 6, none left, one that another has; and hosts that lack something.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NetworkAddressTests {
    @Test func versionSix() throws {
        try Networks.with { daemon in
            try daemon.must("network", "create", "--ipv6", "--subnet", "fd00:9::/64", "six")
            try daemon.runReady("web", Networks.server, options: ["--network", "six", "--ip6", "fd00:9::77"])
            #expect(try daemon.inspect("web", ".NetworkSettings.Networks.six.GlobalIPv6Address") == "fd00:9::77")
            for address in ["[fd00:9::77]", "web"] {
                let fetched = try daemon.must(
                    "run", "--rm", "--network", "six", Programs.image, "busybox", "wget", "-qO-", "http://\(address)/")
                #expect(fetched == "hello", "\(address)")
            }
            let routes = try daemon.must(
                "run", "--rm", "--network", "six", Programs.image, "busybox", "ip", "-6", "route")
            #expect(routes.contains("default via fd00:9::1"), "\(routes)")
            let refused = try daemon.quell("network", "create", "--subnet", "fd00:8::/64", "other")
            #expect(!refused.succeeded && refused.errors.contains("--ipv6"), "\(refused.text)")
            try daemon.must("rm", "-f", "web")
            try daemon.must("network", "rm", "six")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func noneLeftAndOneThatAnotherHas() throws {
        try Networks.with { daemon in
            try daemon.must(
                "network", "create", "--subnet", "10.9.0.0/24", "--ip-range", "10.9.0.4/31", "--aux-address",
                "printer=10.9.0.5", "tiny")
            try daemon.runReady("first", Scripts.handles, options: ["--network", "tiny"])
            #expect(try daemon.inspect("first", ".NetworkSettings.Networks.tiny.IPAddress") == "10.9.0.4")
            let full = try daemon.quell("run", "--rm", "--network", "tiny", Programs.image, "true")
            #expect(
                !full.succeeded && full.errors.contains("network tiny has no address left in 10.9.0.4/31")
                    && full.errors.contains("container first") && full.errors.contains("an auxiliary address"),
                "\(full.text)")
            let taken = try daemon.quell(
                "run", "--rm", "--network", "tiny", "--ip", "10.9.0.4", Programs.image, "true")
            #expect(
                !taken.succeeded
                    && taken.errors.contains("address 10.9.0.4 of network tiny is in use by container first"),
                "\(taken.text)")
            // Given back with the stop: whoever comes next has it at once.
            for _ in 1...3 {
                try daemon.must("stop", "first")
                try daemon.must("run", "--rm", "--network", "tiny", Programs.image, "true")
                try daemon.must("start", "first")
            }
            try daemon.must("rm", "-f", "first")
            try daemon.must("network", "rm", "tiny")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func aHostWithoutPlugins() throws {
        try withDaemon(prepare: {
            $0.configuration = #"{"cni-plugin-dirs": ["/nowhere"]}"#
            $0.host = .withItsOwnNetwork
        }) { daemon in
            for arguments in [["--network", "bridge"], ["--network", "bridge", "-p", "80:80"]] {
                let refused = try daemon.command(["run", "--rm"] + arguments + [Programs.image, "true"])
                    .finish(within: Limit.command)
                #expect(
                    !refused.succeeded && refused.errors.contains("network plugin bridge is not in /nowhere")
                        && refused.errors.contains("containernetworking-plugins"), "\(refused.text)")
            }
            try daemon.must("run", "--rm", "--network", "none", Programs.image, "true")
        }
    }
}

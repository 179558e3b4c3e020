import Linux
import TestKit
import Testing

/// quelld is killed while a network plugin works: nothing is left, and nothing is lost.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NetworkCrashTests {
    /// A plugin that can be held before and after its work, also when nobody waits for it any more.
    private static let plugin = """
        #!/bin/sh
        name=${0##*/}
        hold() {
            if [ -e DIR/hold-$name-$CNI_COMMAND-$1 ]; then
                rm DIR/hold-$name-$CNI_COMMAND-$1; : > DIR/held
                while [ -e DIR/held ]; do sleep 0.02; done
            fi
        }
        hold before
        out=$(/usr/lib/cni/$name); code=$?
        hold after
        printf '%s' "$out"; exit $code
        """

    private func prepare(_ daemon: Daemon) throws {
        let directory = daemon.directory + "/plugins"
        try File.makeDirectory(directory)
        for name in ["bridge", "portmap"] {
            try File.write(
                NetworkCrashTests.plugin.replacing("DIR", with: daemon.directory), to: "\(directory)/\(name)")
            let made = try Programs.system("chmod", ["755", "\(directory)/\(name)"])
            try #require(made.succeeded, "\(made.text)")
        }
        try File.makeLink("\(directory)/host-local", to: "/usr/lib/cni/host-local")
        daemon.configuration = #"{"cni-plugin-dirs": ["\#(directory)"]}"#
        daemon.host = .withItsOwnNetwork
    }

    private static let options = ["--network", "bridge", "-p", "8080:80", "--name", "web"]

    @Test(arguments: ["bridge", "portmap"], ["ADD-before", "ADD-after", "DEL-before", "DEL-after"])
    func killedWhileAPluginWorks(plugin: String, moment: String) throws {
        try withDaemon(prepare: prepare) { daemon in
            let keeper = try Keeper(of: try #require(daemon.process?.pid))
            if moment.hasPrefix("DEL") {
                try daemon.runReady("web", Networks.server, options: Array(NetworkCrashTests.options.dropLast(2)))
            }
            try File.write("", to: "\(daemon.directory)/hold-\(plugin)-\(moment)")
            let call = try daemon.command(
                moment.hasPrefix("ADD")
                    ? ["run", "-d"] + NetworkCrashTests.options + [Programs.image, "sleep", "60"] : ["stop", "web"])
            let held = daemon.directory + "/held"
            try eventually("the plugin is held", within: Limit.command) { try File.status(of: held) != nil }
            try daemon.crash()
            _ = try call.finish(within: Limit.command)
            daemon.host = keeper.host
            try daemon.start()
            // It goes on with its work only now, when the next quelld looks at what there is.
            try File.unlink(held)
            try Networks.waitUntilGivenBack(daemon)
            try daemon.must("rm", "-f", "web")
            try daemon.must(["run", "--rm"] + NetworkCrashTests.options + [Programs.image, "true"])
            try Networks.waitUntilGivenBack(daemon)
            try daemon.shutDown()
            try keeper.end()
        }
    }

    /// A container that runs is in the network or not, on record as in the kernel, and never half.
    @Test(arguments: ["ADD-before", "ADD-after", "DEL-before", "DEL-after"])
    func killedWhileAContainerIsConnected(moment: String) throws {
        try withDaemon(prepare: prepare) { daemon in
            let keeper = try Keeper(of: try #require(daemon.process?.pid))
            try daemon.must("network", "create", "--subnet", "10.9.0.0/16", "app")
            try daemon.runReady("web", Networks.server, options: ["--network", "bridge"])
            if moment.hasPrefix("DEL") { try daemon.must("network", "connect", "app", "web") }
            try File.write("", to: "\(daemon.directory)/hold-bridge-\(moment)")
            let call = try daemon.command(
                ["network", moment.hasPrefix("ADD") ? "connect" : "disconnect", "app", "web"])
            let held = daemon.directory + "/held"
            try eventually("the plugin is held", within: Limit.command) { try File.status(of: held) != nil }
            try daemon.crash()
            _ = try call.finish(within: Limit.command)
            daemon.host = keeper.host
            try daemon.start()
            try File.unlink(held)
            // The connection is taken back, the disconnection carried out to its end.
            try eventually("it is in neither", within: Limit.command) {
                let shown = try daemon.inspect("web", "json .NetworkSettings.Networks").contains("\"app\"")
                let there = try daemon.must("exec", "web", "busybox", "ip", "addr").contains("10.9.")
                return !shown && !there
            }
            try daemon.must("network", "connect", "app", "web")
            #expect(try daemon.must("exec", "web", "busybox", "ip", "addr").contains("10.9."))
            try daemon.must("network", "disconnect", "app", "web")
            try daemon.must("rm", "-f", "web")
            try Networks.waitUntilGivenBack(daemon)
            try daemon.shutDown()
            try keeper.end()
        }
    }

    /// Two engines on one host: apart in devices, subnets, chains; a port that one has is told by the other.
    @Test func twoEnginesSideBySide() throws {
        try Networks.with { first in
            let pid = try #require(first.process?.pid)
            try withDaemon(prepare: { $0.host = .inNetwork(of: pid) }) { second in
                try first.runReady("web", Networks.server, options: ["--network", "bridge", "-p", "8080:80"])
                try second.runReady("web", Networks.server, options: ["--network", "bridge", "-p", "8081:80"])
                #expect(try Networks.isServed(first, at: "127.0.0.1:8080"))
                #expect(try Networks.isServed(first, at: "127.0.0.1:8081"))
                let address = ".NetworkSettings.Networks.bridge.Gateway"
                #expect(try first.inspect("web", address) != second.inspect("web", address))
                let refused = try second.quell(
                    "run", "--rm", "--network", "bridge", "-p", "8080:80", Programs.image, "true")
                #expect(!refused.succeeded && refused.errors.contains("process of the host"), "\(refused.text)")
                try second.must("rm", "-f", "web")
                #expect(try Networks.isServed(first, at: "127.0.0.1:8080"))
                try first.must("rm", "-f", "web")
                try Networks.waitUntilGivenBack(first)
                try Networks.waitUntilGivenBack(second)
            }
        }
    }
}

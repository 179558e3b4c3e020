import Lifecycle
import Linux
import TestKit
import Testing

/// Containers that share the namespaces of a pod, whose process 1 is the pod's own.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PodTests {
    private static let handles =
        "trap 'echo bye; exit 0' TERM; echo ready; while :; do busybox sleep 3600 & wait $!; done"

    @Test func membersShareNetworkAndProcesses() throws {
        try Networks.with { daemon in
            let id = try daemon.must("pod", "create", "--network", "bridge", "-p", "8080:80", "shop")
            try daemon.must("pod", "run", "-d", "--name", "web", "shop", Programs.image, "sh", "-c", Networks.server)
            try daemon.waitForLog("web", "ready")
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            let other = try daemon.must(
                "run", "--rm", "--pod", "shop", Programs.image, "sh", "-c",
                "busybox wget -qO- http://127.0.0.1/; cat /proc/1/cmdline; ps")
            #expect(other.hasPrefix("hello\n/sbin/docker-init\0-P\0"), "\(other)")
            #expect(other.contains("httpd"), "\(other)")
            // What a member leaves behind is reaped, by process 1.
            try daemon.must("exec", "web", "sh", "-c", "(sleep 0.1 & :)")
            try eventually("nothing is left of it") {
                let list = try daemon.must("exec", "web", "ps")
                return !list.contains("sleep 0.1") && !list.contains("[sleep]")
            }
            let listed = try daemon.must("pod", "ls", "--format", "{{.Name}} {{.Shares}} {{.Members}} {{.Names}}")
            #expect(listed == "shop net,pid,ipc 1 web")
            #expect(try daemon.quell("pod", "exists", "shop").succeeded)
            #expect(try daemon.quell("pod", "exists", "web").status == .code(1))
            for (arguments, says) in [
                (["pod", "run", "web", Programs.image, "true"], "web is no pod"),
                (["pod", "run", "-p", "81:81", "shop", Programs.image, "true"], "quell pod create"),
                (["pod", "rm", "shop"], "members that run (web)"), (["pod", "create", "shop"], "already in use"),
                (["pod", "create", "--infra=false", "--share", "net", "x"], "nothing to share"),
            ] {
                let end = try daemon.command(arguments).finish(within: Limit.command)
                #expect(!end.succeeded && end.errors.contains(says), "\(arguments): \(end.text)")
            }
            try daemon.must("pod", "rm", "-f", "shop")
            #expect(try !daemon.quell("inspect", id).succeeded)
            #expect(try daemon.must("ps", "-aq") == "")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    @Test func stopsInOrderWithAVerdictForEach() throws {
        try withDaemon { daemon in
            try daemon.must("pod", "create", "shop")
            for name in ["db", "api", "web"] {
                try daemon.must("pod", "run", "-d", "--name", name, "shop", Programs.image, "sh", "-c", Self.handles)
                try daemon.waitForLog(name, "ready")
            }
            // A member's signal is a member's: the pod goes on.
            try daemon.must("kill", "web")
            #expect(try daemon.inspect("shop", ".State.Status") == "running")
            #expect(try daemon.inspect("api", ".State.Status") == "running")
            try daemon.must("start", "web")
            try daemon.waitForLog("web", "ready")
            let stop = try daemon.quell("pod", "stop", "shop")
            #expect(stop.succeeded, "\(stop.text)")
            let verdicts = stop.output.split(separator: "\n").map { $0.prefix { $0 != "," } }
            #expect(
                verdicts
                    == ["web", "api", "db", "shop"].map { "\($0): exited 0 after TERM (handled)" }[...].map { $0[...] },
                "\(stop.text)")
            try daemon.must("pod", "start", "shop")
            #expect(try daemon.must("ps", "-q").split(separator: "\n").count == 4)
            try daemon.must("pod", "stop", "shop")
            try daemon.must("pod", "rm", "shop")
            #expect(try daemon.must("ps", "-aq") == "")
        }
    }

    @Test func theEndOfItsOwnProcessEndsAll() throws {
        try withDaemon { daemon in
            try daemon.must("pod", "create", "shop")
            for name in ["db", "web"] {
                try daemon.must("pod", "run", "-d", "--name", name, "shop", Programs.image, "sh", "-c", Self.handles)
                try daemon.waitForLog(name, "ready")
            }
            try daemon.must("kill", "shop")
            for name in ["db", "web"] {
                #expect(try daemon.must("wait", name) == "137", "\(name)")
                #expect(try daemon.inspect(name, ".State.Status") == "exited")
            }
            let refused = try daemon.quell("start", "web")
            #expect(!refused.succeeded && refused.errors.contains("not running"), "\(refused.text)")
            try daemon.must("pod", "rm", "shop")
        }
    }
}
